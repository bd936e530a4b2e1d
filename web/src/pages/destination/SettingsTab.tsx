// The settings of a destination, drawn from the schema of its type.
import { Checkbox, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import {
  type DestinationObject,
  destinationTypesQuery,
  objectQuery,
  replaceObject,
  type Schema,
} from "../../api/catalog";
import { Asked } from "../../parts/Asked";
import { EditForm, type Editing } from "../../parts/form/EditForm";
import { within } from "../../parts/form/mistakes";
import { SchemaField } from "../../parts/form/SchemaField";
import { Panel } from "../../parts/Panel";

function Fields({ editing, schema }: { editing: Editing<DestinationObject>; schema: Schema }) {
  const { draft, set, mistakes, readOnly } = editing;
  const part = (name: "config" | "postrider") => (
    <SchemaField
      schema={{ ...schema.properties?.[name], title: "", description: "" }}
      name={name}
      field={name}
      value={draft[name]}
      onValue={(value) => {
        const { [name]: _, ...rest } = draft;
        set((value === undefined ? rest : { ...rest, [name]: value }) as DestinationObject);
      }}
      mistakes={mistakes}
      readOnly={readOnly}
    />
  );
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
          description="A destination that is disabled gets nothing, and nothing is kept for it."
          disabled={readOnly}
          checked={draft.enabled}
          onChange={(event) => set({ ...draft, enabled: event.currentTarget.checked })}
        />
      </div>
      {part("config")}
      {part("postrider")}
    </>
  );
}

export function SettingsTab({ id }: { id: string }) {
  const object = useQuery(objectQuery("destinations", id));
  const types = useQuery(destinationTypesQuery());
  return (
    <Panel title="Settings">
      <Asked query={object} what="the destination">
        {(destination) => (
          <Asked query={types} what="the settings of destinations">
            {(known) => {
              const schema = known.find((each) => each.type === destination.type)?.schema ?? {};
              return (
                <EditForm
                  object={destination}
                  fields={["name", "enabled", "config", "postrider"]}
                  save={(draft, version) => replaceObject("destinations", draft, version)}
                >
                  {(editing) => <Fields editing={editing} schema={schema} />}
                </EditForm>
              );
            }}
          </Asked>
        )}
      </Asked>
    </Panel>
  );
}
