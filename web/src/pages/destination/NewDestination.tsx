// A new destination: what it is called, where it is, and which sources lead to it.
import { Button, Checkbox, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { destinationTypesQuery, type Made, makeObject, type Schema } from "../../api/catalog";
import { type Source, statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { useReadOnly } from "../../parts/form/EditForm";
import { elsewhere, mistakesOf, within } from "../../parts/form/mistakes";
import { SchemaField } from "../../parts/form/SchemaField";
import { Hostile } from "../../parts/Hostile";
import { Panel } from "../../parts/Panel";
import { useManaged } from "./managed";

const PLAYGROUND = "playground://demo";

type Draft = Made<"destinations">;

/** Makes the destination, and then what leads to it; a connection that fails does not undo the first. */
async function made(draft: Draft, sources: readonly string[]): Promise<string> {
  const { id } = await makeObject("destinations", draft);
  for (const source of sources) await makeObject("connections", { source, destination: id });
  return id;
}

function Sources(props: {
  sources: Source[];
  chosen: readonly string[];
  onChoose: (chosen: string[]) => void;
}) {
  const { sources, chosen, onChoose } = props;
  return (
    <fieldset className="words">
      <legend>Gets events of</legend>
      {sources.length === 0 && <p className="secondary">There is no source yet.</p>}
      <div className="filters">
        {sources.map(({ id, name }) => (
          <Checkbox
            key={id}
            size="xs"
            label={<Hostile text={name || id} />}
            checked={chosen.includes(id)}
            onChange={(event) => {
              const rest = chosen.filter((each) => each !== id);
              onChoose(event.currentTarget.checked ? [...rest, id] : rest);
            }}
          />
        ))}
      </div>
    </fieldset>
  );
}

function Form({ schema, sources }: { schema: Schema; sources: Source[] }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const readOnly = useReadOnly(useManaged());
  const [draft, setDraft] = useState<Draft>({ type: "WEBHOOK", config: {} });
  const [chosen, setChosen] = useState<string[]>(
    sources.length === 1 ? sources.map(({ id }) => id) : [],
  );
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => await made(draft, chosen),
    onSuccess: async (id) => {
      await client.invalidateQueries();
      await navigate({ to: "/destinations/$id", params: { id } });
    },
  });
  const mistakes = mistakesOf(error);
  const { config = {}, postrider = {} } = schema.properties ?? {};
  const isBlocked = readOnly !== null;
  const field = (name: "config" | "postrider", inner: Schema) => (
    <SchemaField
      schema={{ ...inner, title: "", description: "" }}
      name={name}
      field={name}
      value={draft[name]}
      onValue={(value) => setDraft({ ...draft, [name]: value ?? {} })}
      mistakes={mistakes}
      readOnly={isBlocked}
    />
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate();
  };
  return (
    <form className="form" onSubmit={submit} aria-label="New destination">
      {readOnly !== null && <p className="note">{readOnly}</p>}
      <TextInput
        size="xs"
        label="Name"
        placeholder="Orders service"
        error={within(mistakes, "name")}
        disabled={isBlocked}
        value={draft.name ?? ""}
        onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
      />
      <p className="secondary">
        No endpoint at hand?{" "}
        <button
          type="button"
          className="link"
          disabled={isBlocked}
          onClick={() =>
            setDraft({
              ...draft,
              name: draft.name || "Playground",
              config: { ...draft.config, webhookUrl: PLAYGROUND },
            })
          }
        >
          Use the built-in playground
        </button>
      </p>
      {field("config", config)}
      <Sources sources={sources} chosen={chosen} onChoose={setChosen} />
      <details>
        <summary>More settings</summary>
        {field("postrider", postrider)}
      </details>
      {elsewhere(error, ["name", "config", "postrider"]).map((each) => (
        <p className="refused" role="alert" key={each}>
          <Hostile text={each} />
        </p>
      ))}
      <div className="confirm">
        <Button type="submit" loading={isPending} disabled={isBlocked}>
          Add destination
        </Button>
      </div>
    </form>
  );
}

export function NewDestination() {
  const types = useQuery(destinationTypesQuery());
  const status = useQuery(statusQuery());
  useEffect(() => {
    document.title = "Add destination · Postrider";
  }, []);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Add destination</h1>
        <Link to="/destinations">All destinations</Link>
      </div>
      <Panel title="Webhook">
        <Asked query={types} what="the settings of destinations">
          {(known) => (
            <Asked query={status} what="the sources">
              {({ sources }) => <Form schema={known[0]?.schema ?? {}} sources={sources} />}
            </Asked>
          )}
        </Asked>
      </Panel>
    </div>
  );
}
