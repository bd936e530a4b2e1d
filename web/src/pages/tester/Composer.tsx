// The left half of a test: which event, and which way it goes.
import { Button, NativeSelect, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useState } from "react";
import { samplesQuery } from "../../api/testEvents";
import { Panel } from "../../parts/Panel";
import { faultOf } from "./event";
import { Recent } from "./Recent";

/** Something that can be chosen, by its id. */
export interface Named {
  id: string;
  name: string;
}

export type Way = "source" | "straight";

/** What is to be sent where to. */
export interface Wish {
  way: Way;
  source: string | undefined;
  destination: string | undefined;
  event: string;
}

interface Props {
  sources: readonly Named[];
  destinations: readonly Named[];
  /** Which way is chosen at first. */
  first: Way;
  pending: boolean;
  onSend: (wish: Wish) => void;
}

const WAYS: Record<Way, { title: string; about: string }> = {
  source: {
    title: "Through the source",
    about: "The whole way of an event: it is stored, filtered and delivered, and counts.",
  },
  straight: {
    title: "Straight to the destination",
    about: "One request that is not stored, not tried again and counted nowhere.",
  },
};

function Ways({ value, onChange }: { value: Way; onChange: (way: Way) => void }) {
  return (
    <fieldset className="cards">
      <legend>Send it</legend>
      {(Object.keys(WAYS) as Way[]).map((way) => (
        <label className="card" key={way}>
          <input type="radio" name="way" checked={value === way} onChange={() => onChange(way)} />
          <span>
            <strong>{WAYS[way].title}</strong>
            <span className="secondary">{WAYS[way].about}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface EndProps {
  label: string;
  ends: readonly Named[];
  value: string | undefined;
  onChange: (id: string) => void;
}

function End({ label, ends, value, onChange }: EndProps) {
  return (
    <NativeSelect
      size="xs"
      label={label}
      value={value ?? ""}
      disabled={ends.length === 0}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={
        ends.length === 0
          ? [{ value: "", label: "None is connected" }]
          : ends.map(({ id, name }) => ({ value: id, label: name || id }))
      }
    />
  );
}

/** The event being written; a sample until somebody has changed it. */
function useDraft() {
  const { data: samples = [] } = useQuery(samplesQuery());
  const [type, setType] = useState("track");
  const [written, setWritten] = useState<string | null>(null);
  const sampleOf = (wanted: string) => {
    const found = samples.find((each) => each.type === wanted);
    return found ? JSON.stringify(found.event, null, 2) : "";
  };
  return {
    types: samples.map((each) => each.type),
    type,
    setType,
    text: written ?? sampleOf(type),
    write: setWritten,
    generate: () => setWritten(sampleOf(type)),
  };
}

export function Composer({ sources, destinations, first, pending, onSend }: Props) {
  const draft = useDraft();
  const [way, setWay] = useState<Way>(first);
  const [source = sources[0]?.id, setSource] = useState<string>();
  const [destination = destinations[0]?.id, setDestination] = useState<string>();
  const [recent, setRecent] = useState(false);
  const fault = faultOf(draft.text);
  const end = way === "source" ? source : destination;
  const cannot = fault !== null || end === undefined || pending;
  const send = () => {
    if (!cannot) onSend({ way, source, destination, event: draft.text });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  };
  return (
    <Panel title="The event">
      <div className="form composer">
        <Ways value={way} onChange={setWay} />
        <div className="fields">
          <End label="Source" ends={sources} value={source} onChange={setSource} />
          <End
            label="Destination"
            ends={destinations}
            value={destination}
            onChange={setDestination}
          />
          <NativeSelect
            size="xs"
            label="Type"
            value={draft.type}
            onChange={(event) => draft.setType(event.currentTarget.value)}
            data={draft.types}
          />
        </div>
        <div className="buttons">
          <Button size="compact-sm" variant="default" onClick={draft.generate}>
            Generate sample
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            aria-expanded={recent}
            onClick={() => setRecent(!recent)}
          >
            Load a recent event
          </Button>
        </div>
        {recent && (
          <Recent
            source={source}
            onLoad={(text) => {
              draft.write(text);
              setRecent(false);
            }}
          />
        )}
        <Textarea
          label="JSON"
          description="Ctrl Enter sends it."
          className="event-text"
          rows={18}
          spellCheck={false}
          autoComplete="off"
          value={draft.text}
          error={fault}
          onChange={(event) => draft.write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <div className="buttons">
          <Button size="compact-sm" loading={pending} disabled={cannot} onClick={send}>
            Send the test event
          </Button>
        </div>
      </div>
    </Panel>
  );
}
