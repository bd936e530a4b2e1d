// The fields of a new replay: where to, what for, which events, how fast.
import { NativeSelect } from "@mantine/core";
import { INTENTS } from "../../api/replays";
import type { Status } from "../../api/status";
import { NumberField, TextField, TimeField } from "../../parts/form/Fields";
import { type Mistakes, within } from "../../parts/form/mistakes";
import { counted, exact } from "../../parts/format";
import type { ReplaySearch } from "./search";
import { INTENT_WORDS } from "./words";

interface Props {
  search: ReplaySearch;
  set: (part: Partial<ReplaySearch>) => void;
  mistakes: Mistakes;
  status: Status;
}

const options = (list: { id: string; name: string }[], all: string) => [
  { value: "", label: all },
  ...list.map(({ id, name }) => ({ value: id, label: name || id })),
];

export function IntentChoice({ search, set, status, mistakes }: Props) {
  return (
    <div className="form">
      <NativeSelect
        size="xs"
        label="Destination"
        value={search.destination ?? ""}
        error={within(mistakes, "destination")}
        onChange={(event) => set({ destination: event.currentTarget.value || undefined })}
        data={options(status.destinations, "Choose one")}
      />
      <fieldset className="cards">
        <legend>Intent</legend>
        {INTENTS.map((each) => (
          <label key={each} className="card">
            <input
              type="radio"
              name="intent"
              checked={search.intent === each}
              onChange={() => set({ intent: each })}
            />
            <span>
              <strong>{INTENT_WORDS[each].name}</strong>
              <span className="secondary">{INTENT_WORDS[each].meaning}</span>
            </span>
          </label>
        ))}
      </fieldset>
    </div>
  );
}

/** What a link has chosen, and what no field shows: named events, an issue. */
function Fixed({ search, set }: Pick<Props, "search" | "set">) {
  const { events, issue } = search;
  return (
    <>
      {events && (
        <p>
          {events.length === 1 ? `Event ${exact(events[0] ?? 0)}` : counted(events.length, "event")}{" "}
          chosen by number.{" "}
          <button type="button" className="link" onClick={() => set({ events: undefined })}>
            All events
          </button>
        </p>
      )}
      {issue !== undefined && search.intent === "recover_failed" && (
        <p>
          Only what was given up by issue {exact(issue)}.{" "}
          <button type="button" className="link" onClick={() => set({ issue: undefined })}>
            By any issue
          </button>
        </p>
      )}
    </>
  );
}

export function Which({ search, set, mistakes, status }: Props) {
  const text = (name: "user" | "type" | "name" | "condition", field: string) => ({
    value: search[name],
    error: within(mistakes, field),
    onValue: (value: string | undefined) => set({ [name]: value }),
  });
  const time = (name: "received_from" | "received_until" | "failed_since") => ({
    value: search[name],
    error: within(mistakes, name),
    onValue: (value: string | undefined) => set({ [name]: value }),
  });
  const place = (name: "first" | "last") => ({
    value: search[name],
    error: within(mistakes, name),
    onValue: (value: number | undefined) => set({ [name]: value }),
  });
  return (
    <div className="form">
      <Fixed search={search} set={set} />
      <div className="fields">
        {search.intent === "recover_failed" && (
          <TimeField label="Given up since" {...time("failed_since")} />
        )}
        <TimeField label="Received from" {...time("received_from")} />
        <TimeField label="Received before" {...time("received_until")} />
        <NativeSelect
          size="xs"
          label="Source"
          value={search.source ?? ""}
          error={within(mistakes, "source")}
          onChange={(event) => set({ source: event.currentTarget.value || undefined })}
          data={options(status.sources, "All sources")}
        />
        <TextField label="User" placeholder="userId or anonymousId" {...text("user", "user")} />
        <TextField label="Type" placeholder="track" {...text("type", "filter.types")} />
        <TextField
          label="Tracked event"
          placeholder="Order Completed"
          {...text("name", "filter.events")}
        />
        <NumberField label="From event number" {...place("first")} />
        <NumberField label="To event number" {...place("last")} />
      </div>
      <TextField
        label="Condition"
        placeholder="properties.total >= 100"
        {...text("condition", "filter.condition")}
      />
    </div>
  );
}

export function Pace({ search, set, mistakes }: Props) {
  const count = (name: "rate" | "concurrency") => ({
    value: search[name],
    error: within(mistakes, name),
    onValue: (value: number | undefined) => set({ [name]: value }),
  });
  return (
    <div className="form">
      <div className="fields">
        <NumberField
          label="Attempts a second"
          placeholder="a quarter, 1,000 at most"
          {...count("rate")}
        />
        <NumberField
          label="Attempts at a time"
          placeholder="a quarter of the destination's"
          {...count("concurrency")}
        />
      </div>
      <p className="secondary">
        The events of one user keep their order. Live deliveries go on beside it, and keep most of
        the room.
      </p>
    </div>
  );
}
