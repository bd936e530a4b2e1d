// The settings of a source: name, keys and their rotation, from which pages and how much it may send.
import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { objectQuery, removeObject, replaceObject } from "../../api/catalog";
import { rotateKey, type SourceObject } from "../../api/sources";
import { Asked } from "../../parts/Asked";
import { Confirm } from "../../parts/Confirm";
import { Copy } from "../../parts/Copy";
import { EditForm, type Editing, useReadOnly } from "../../parts/form/EditForm";
import { within } from "../../parts/form/mistakes";
import { SchemaField } from "../../parts/form/SchemaField";
import { Hostile } from "../../parts/Hostile";
import { Panel } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { OWN_SETTINGS, whole } from "./draft";

function Fields({ editing }: { editing: Editing<SourceObject> }) {
  const { draft, set, mistakes, readOnly } = editing;
  return (
    <>
      <div className="fields">
        <TextInput
          size="xs"
          label="Name"
          error={within(mistakes, "name")}
          disabled={readOnly}
          value={draft.name}
          onChange={(event) => set({ ...draft, name: event.currentTarget.value })}
        />
        <Checkbox
          size="xs"
          label="Enabled"
          description="The events of a source that is disabled are refused."
          disabled={readOnly}
          checked={draft.enabled}
          onChange={(event) => set({ ...draft, enabled: event.currentTarget.checked })}
        />
      </div>
      <SchemaField
        schema={OWN_SETTINGS}
        name="postrider"
        field="postrider"
        value={draft.postrider}
        onValue={(value) => {
          const { postrider: _, ...rest } = draft;
          set((value === undefined ? rest : { ...rest, postrider: value }) as SourceObject);
        }}
        mistakes={mistakes}
        readOnly={readOnly}
      />
    </>
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
  const readOnly = useReadOnly(source.managedBy);
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
      {readOnly === null && (
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
  const readOnly = useReadOnly(source.managedBy);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => removeObject("sources", source.id),
    onSuccess: async () => {
      await navigate({ to: "/sources" });
      void cache.invalidateQueries();
    },
  });
  if (readOnly !== null) return null;
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
        <Confirm
          title="Remove the source?"
          act="Remove"
          keep="Keep it"
          pending={isPending}
          error={error}
          onSure={() => mutate()}
          onClose={() => setAsks(false)}
        >
          <p>
            Remove{" "}
            <strong>
              <Hostile text={source.name || source.id} />
            </strong>
            ? What still sends with its keys is refused.
          </p>
        </Confirm>
      )}
    </Panel>
  );
}

export function SourceSettings({ id }: { id: string }) {
  const source = useQuery(objectQuery("sources", id));
  return (
    <Asked query={source} what="the source">
      {(seen) => (
        <>
          <Panel title="Settings">
            <EditForm
              key={seen.id}
              object={seen}
              fields={["name", "enabled", "postrider"]}
              save={(draft, version) => replaceObject("sources", whole(draft), version)}
            >
              {(editing) => <Fields editing={editing} />}
            </EditForm>
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
