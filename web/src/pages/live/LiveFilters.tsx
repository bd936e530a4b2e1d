// What Live is asked to show: the fields, and the filters that are set as chips.
import { useQuery } from "@tanstack/react-query";
import { memo } from "react";
import { EVENT_TYPES, LIVE_STATUSES, type LiveFilter, type LiveStatus } from "../../api/live";
import { statusQuery } from "../../api/status";
import { Chips } from "../../parts/Chips";
import { Choice, DestinationChoice } from "../../parts/Choice";
import { TextField } from "../../parts/form/Fields";
import { deliveryLook } from "../../parts/words";

const WORDS: Record<LiveStatus, string> = {
  accepted: "Accepted",
  rejected: "Rejected",
  failed: "Not well: retry, gave up, expired",
  delivered: deliveryLook("delivered").word,
  scheduled: deliveryLook("scheduled").word,
  gave_up: deliveryLook("gave_up").word,
  filtered: deliveryLook("filtered").word,
  expired: deliveryLook("expired").word,
  skipped: deliveryLook("skipped").word,
};

const NAMES = ["source", "destination", "type", "status", "name", "text", "user"] as const;
const CHIP_WORDS: Record<(typeof NAMES)[number], string> = {
  source: "source",
  destination: "destination",
  type: "type",
  status: "status",
  name: "name",
  text: "name with",
  user: "user",
};

export const isFiltered = (filter: LiveFilter) => NAMES.some((name) => filter[name] !== undefined);

interface Props {
  filter: LiveFilter;
  /** A page of one source does not ask for another. */
  ofSource?: boolean;
  onChange: (change: LiveFilter) => void;
  onClear: () => void;
}

/** Drawn anew when a filter changes, and not with each row. */
export const LiveFilters = memo(function LiveFilters(props: Props) {
  const { filter, ofSource = false, onChange, onClear } = props;
  const { data: status } = useQuery(statusQuery());
  const sources = status?.sources ?? [];
  const shown = ofSource ? NAMES.filter((name) => name !== "source") : NAMES;
  const chips = shown.flatMap((name) => {
    const value = filter[name];
    if (value === undefined) return [];
    const text = name === "status" ? WORDS[value as LiveStatus] : value;
    return [{ name, word: CHIP_WORDS[name], value: text }];
  });
  return (
    <div className="live-filters">
      <div className="filters">
        {!ofSource && (
          <Choice
            label="Show events of"
            all="All sources"
            value={filter.source}
            options={sources.map(({ id, name }) => ({ value: id, label: name || id }))}
            onChoose={(source) => onChange({ source })}
          />
        )}
        <DestinationChoice
          label="Show deliveries to"
          destinations={status?.destinations ?? []}
          value={filter.destination}
          onChoose={(destination) => onChange({ destination })}
        />
        <Choice
          label="Show events of the type"
          all="All types"
          value={filter.type}
          options={EVENT_TYPES.map((value) => ({ value, label: value }))}
          onChoose={(type) => onChange({ type })}
        />
        <Choice
          label="Show what is"
          all="All states"
          value={filter.status}
          options={LIVE_STATUSES.map((value) => ({ value, label: WORDS[value] }))}
          onChoose={(each) => onChange({ status: each })}
        />
        <TextField
          type="search"
          aria-label="Name has"
          placeholder="Name has…"
          value={filter.text}
          onValue={(text) => onChange({ text })}
        />
        <TextField
          aria-label="User id"
          placeholder="User id"
          value={filter.user}
          onValue={(user) => onChange({ user })}
        />
      </div>
      <Chips chips={chips} onRemove={(name) => onChange({ [name]: undefined })} onClear={onClear} />
    </div>
  );
});
