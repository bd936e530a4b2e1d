// The settings of a source: name, keys and their rotation, from which pages and how much it may send.
import { Button, Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Problem } from "../../api/client";
import { useMay } from "../../api/me";
import {
  changeSource,
  removeSource,
  rotateKey,
  type SourceChange,
  type SourceObject,
  sourceQuery,
} from "../../api/sources";
import { Asked } from "../../parts/Asked";
import { Copy } from "../../parts/Copy";
import { Dialog } from "../../parts/Dialog";
import { elsewhere, mistakesOf, within } from "../../parts/form/mistakes";
import { Hostile } from "../../parts/Hostile";
import { Panel } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { draftOf, patchOf, type SourceDraft, theirs } from "./draft";

const FIELDS = ["name", "enabled", "postrider.allowedOrigins", "postrider.rateLimit"];

/** Why nothing can be edited; null where it can. */
function useLocked(source: SourceObject): string | null {
  const may = useMay("edit");
  if (source.managedBy === "file") {
    return "The workspace file decides about this source. Edit the file, and it is taken in.";
  }
  return may ? null : "Your role may not edit this. It takes the role editor.";
}

/** Somebody else was first: what they changed, beside what one wanted. */
function Clash({
  error,
  draft,
  onTheirs,
  onMine,
}: {
  error: Problem;
  draft: SourceDraft;
  onTheirs: (now: SourceObject) => void;
  onMine: (now: SourceObject) => void;
}) {
  const now = error.body.current as SourceObject;
  const rows = theirs(draftOf(now), draft);
  return (
    <div className="clash" role="alert">
      <p>
        <strong>Somebody else has changed this source meanwhile.</strong> Choose what is to stay.
      </p>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">Theirs, as it is now</th>
              <th scope="col">Yours</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ word, their, mine }) => (
              <tr key={word}>
                <th scope="row">{word}</th>
                <td className="wide">
                  <Hostile text={their || "–"} />
                </td>
                <td className="wide">
                  <Hostile text={mine || "–"} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="buttons">
        <Button size="compact-sm" variant="default" onClick={() => onTheirs(now)}>
          Take theirs
        </Button>
        <Button size="compact-sm" onClick={() => onMine(now)}>
          Save mine over it
        </Button>
      </div>
    </div>
  );
}

function Form({ source }: { source: SourceObject }) {
  const cache = useQueryClient();
  const locked = useLocked(source);
  // The version that the draft was made of: what is polled meanwhile does not move it.
  const [base, setBase] = useState(source);
  const [draft, setDraft] = useState(() => draftOf(source));
  const set = (part: Partial<SourceDraft>) => setDraft((now) => ({ ...now, ...part }));
  const save = useMutation({
    mutationFn: (on: SourceObject) =>
      changeSource(on.id, patchOf(draft, draftOf(on)) as SourceChange, on.version),
    onSuccess: (saved) => {
      setBase(saved);
      setDraft(draftOf(saved));
      cache.setQueryData(sourceQuery(saved.id).queryKey, saved);
      void cache.invalidateQueries({ queryKey: ["status"] });
    },
  });
  const clash = save.error instanceof Problem && save.error.body.status === 412 ? save.error : null;
  const mistakes = mistakesOf(save.error);
  const unsaved = Object.keys(patchOf(draft, draftOf(base))).length > 0;
  const rest = clash ? [] : elsewhere(save.error, FIELDS);
  const disabled = locked !== null;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(base);
      }}
    >
      {locked !== null && <p className="note">{locked}</p>}
      {clash && (
        <Clash
          error={clash}
          draft={draft}
          onTheirs={(now) => {
            setBase(now);
            setDraft(draftOf(now));
            save.reset();
          }}
          onMine={(now) => {
            setBase(now);
            save.mutate(now);
          }}
        />
      )}
      {rest.map((each) => (
        <p key={each} className="refused" role="alert">
          <Hostile text={each} />
        </p>
      ))}
      <div className="fields">
        <TextInput
          label="Name"
          disabled={disabled}
          value={draft.name}
          error={within(mistakes, "name")}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <TextInput
          label="Events per second"
          description="Empty: as many as come."
          inputMode="numeric"
          disabled={disabled}
          value={draft.eventsPerSecond}
          error={within(mistakes, "postrider.rateLimit")}
          onChange={(event) => set({ eventsPerSecond: event.currentTarget.value })}
        />
        <TextInput
          label="At once, after a silence"
          inputMode="numeric"
          disabled={disabled || draft.eventsPerSecond === ""}
          value={draft.burst}
          onChange={(event) => set({ burst: event.currentTarget.value })}
        />
      </div>
      <Textarea
        label="Origins of pages that may send"
        description="One a line, as https://shop.example.com. Empty: any page."
        autosize
        minRows={2}
        disabled={disabled}
        value={draft.allowedOrigins}
        error={within(mistakes, "postrider.allowedOrigins")}
        onChange={(event) => set({ allowedOrigins: event.currentTarget.value })}
      />
      <Checkbox
        label="Enabled: its events are accepted"
        disabled={disabled}
        checked={draft.enabled}
        onChange={(event) => set({ enabled: event.currentTarget.checked })}
      />
      {!disabled && (
        <div className="buttons">
          <Button type="submit" size="sm" loading={save.isPending} disabled={!unsaved}>
            Save
          </Button>
          <span role="status" className="secondary">
            {save.isSuccess && !unsaved ? "Saved" : unsaved ? "Not saved yet" : ""}
          </span>
        </div>
      )}
    </form>
  );
}

const KEEP = [
  { value: "7d", label: "a week more" },
  { value: "1d", label: "a day more" },
  { value: "1h", label: "an hour more" },
  { value: "30d", label: "30 days more" },
];

function Keys({ source }: { source: SourceObject }) {
  const cache = useQueryClient();
  const locked = useLocked(source);
  const [keep, setKeep] = useState("7d");
  const rotate = useMutation({
    mutationFn: () => rotateKey(source.id, keep),
    onSuccess: () => cache.invalidateQueries(),
  });
  const further = source.postrider?.writeKeys ?? [];
  return (
    <div className="form">
      <dl className="facts setup-facts">
        <dt>Write key</dt>
        <dd className="key">
          <code>
            <Hostile text={source.writeKey} />
          </code>
          <Copy what="write key" text={source.writeKey} />
        </dd>
        {further.map(({ key, validUntil }) => (
          <div className="fact" key={key}>
            <dt>{validUntil ? "Ends" : "Also valid"}</dt>
            <dd className="key">
              <code>
                <Hostile text={key} />
              </code>
              {validUntil && <Time at={validUntil} />}
            </dd>
          </div>
        ))}
      </dl>
      {locked === null && (
        <div className="confirm">
          <NativeSelect
            size="xs"
            label="The old key counts"
            value={keep}
            onChange={(event) => setKeep(event.currentTarget.value)}
            data={KEEP}
          />
          <Button
            size="sm"
            variant="default"
            loading={rotate.isPending}
            onClick={() => rotate.mutate()}
          >
            Make a new key
          </Button>
          <span role="status" className="refused">
            {rotate.error && <Hostile text={rotate.error.message} />}
          </span>
        </div>
      )}
    </div>
  );
}

function Remove({ source }: { source: SourceObject }) {
  const [asks, setAsks] = useState(false);
  const navigate = useNavigate();
  const cache = useQueryClient();
  const locked = useLocked(source);
  const remove = useMutation({
    mutationFn: () => removeSource(source.id, source.version),
    onSuccess: async () => {
      await navigate({ to: "/sources" });
      void cache.invalidateQueries();
    },
  });
  if (locked !== null) return null;
  return (
    <Panel title="Remove">
      <div className="form">
        <p>
          Its keys are refused from then on, and its connections go with it. Events that are stored
          are still delivered.
        </p>
        <div className="buttons">
          <Button size="sm" color="red.9" variant="default" onClick={() => setAsks(true)}>
            Remove this source…
          </Button>
        </div>
      </div>
      {asks && (
        <Dialog title="Remove the source" onClose={() => setAsks(false)}>
          <div className="dialog-content">
            <p>
              Remove{" "}
              <strong>
                <Hostile text={source.name || source.id} />
              </strong>
              ? What still sends with its keys is refused.
            </p>
            {remove.error && (
              <p className="refused" role="alert">
                <Hostile text={remove.error.message} />
              </p>
            )}
            <div className="buttons">
              <Button
                size="sm"
                color="red.9"
                loading={remove.isPending}
                onClick={() => remove.mutate()}
              >
                Remove
              </Button>
              <Button size="sm" variant="default" onClick={() => setAsks(false)}>
                Keep it
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </Panel>
  );
}

export function SourceSettings({ id }: { id: string }) {
  const source = useQuery(sourceQuery(id));
  return (
    <Asked query={source} what="the source">
      {(seen) => (
        <>
          <Panel title="Settings">
            <Form key={seen.id} source={seen} />
          </Panel>
          <Panel title="Write keys">
            <Keys source={seen} />
          </Panel>
          <Remove source={seen} />
        </>
      )}
    </Asked>
  );
}
