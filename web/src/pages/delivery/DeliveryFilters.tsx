// The filters of the list of deliveries; all of them live in the address.
import { NativeSelect } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { DELIVERY_STATUSES, type DeliveryFilter, type DeliveryStatus } from "../../api/deliveries";
import type { Destination, Source } from "../../api/status";
import { Choice, DestinationChoice } from "../../parts/Choice";
import { NumberField, TextField, TimeField } from "../../parts/form/Fields";
import { deliveryLook } from "../../parts/words";
import { CLASSES } from "./list";

const route = getRouteApi("/deliveries");

const MORE = [
  "type",
  "name",
  "user",
  "event",
  "reason",
  "code",
  "class",
  "from",
  "to",
  "attempts_min",
] as const;

interface Props {
  destinations: Destination[];
  sources: Source[];
}

export function DeliveryFilters({ destinations, sources }: Props) {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const set = (part: DeliveryFilter) =>
    void navigate({ search: (now) => ({ ...now, ...part }), replace: true, resetScroll: false });
  const text = (name: "type" | "name" | "user" | "reason") => ({
    value: filter[name],
    onValue: (value: string | undefined) => set({ [name]: value }),
  });
  const time = (name: "from" | "to") => ({
    value: filter[name],
    onValue: (value: string | undefined) => set({ [name]: value }),
  });
  const number = (name: "event" | "code" | "attempts_min") => ({
    value: filter[name],
    onValue: (value: number | undefined) => set({ [name]: value }),
  });
  return (
    <div className="filter-bar">
      <div className="filters">
        <DestinationChoice
          label="Show deliveries to"
          destinations={destinations}
          value={filter.destination}
          onChoose={(destination) => set({ destination })}
        />
        <Choice
          label="Show deliveries that are"
          all="All states"
          value={filter.status}
          options={DELIVERY_STATUSES.map((value) => ({ value, label: deliveryLook(value).word }))}
          onChoose={(status: DeliveryStatus | undefined) => set({ status })}
        />
        <Choice
          label="Show deliveries from"
          all="All sources"
          value={filter.source}
          options={sources.map(({ id, name }) => ({ value: id, label: name || id }))}
          onChoose={(source: string | undefined) => set({ source })}
        />
      </div>
      <details open={MORE.some((name) => filter[name] !== undefined)}>
        <summary>More filters</summary>
        <div className="fields">
          <TextField label="User" placeholder="userId or anonymousId" {...text("user")} />
          <NumberField label="Event" placeholder="its number" {...number("event")} />
          <TextField label="Type" placeholder="track" {...text("type")} />
          <TextField label="Name" placeholder="Order Completed" {...text("name")} />
          <TextField label="Reason" placeholder="timeout" {...text("reason")} />
          <NumberField label="HTTP status" placeholder="503" {...number("code")} />
          <NativeSelect
            size="xs"
            label="Class of answers"
            value={filter.class ?? ""}
            onChange={(event) => set({ class: event.currentTarget.value || undefined })}
            data={[{ value: "", label: "All" }, ...CLASSES]}
          />
          <NumberField label="Attempts, at least" {...number("attempts_min")} />
          <TimeField label="From" {...time("from")} />
          <TimeField label="Before" {...time("to")} />
        </div>
      </details>
    </div>
  );
}
