// One connection: which events of its source its destination gets, tried on real ones before it is saved.
import { Button, Checkbox } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import {
  type ConnectionObject,
  objectQuery,
  removeObject,
  replaceObject,
  type Schema,
} from "../../api/catalog";
import { statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { Confirm } from "../../parts/Confirm";
import { EditForm, type Editing, useReadOnly } from "../../parts/form/EditForm";
import { SchemaField } from "../../parts/form/SchemaField";
import { Hostile } from "../../parts/Hostile";
import { PageTabs } from "../../parts/PageTabs";
import { Panel } from "../../parts/Panel";
import { useTitle } from "../../parts/useTitle";
import { VersionsTab } from "../destination/VersionsTab";
import { DryRun } from "./DryRun";
import type { Tab } from "./routes";
import { CONSENT, FILTER } from "./schemas";

const route = getRouteApi("/connections/$id");

const TAB_LIST: readonly { value: Tab; label: string }[] = [
  { value: "filter", label: "Filter" },
  { value: "history", label: "History" },
];

function Fields({ editing }: { editing: Editing<ConnectionObject> }) {
  const { draft, set, mistakes, readOnly } = editing;
  const part = (name: "filter" | "consent", schema: Schema) => (
    <SchemaField
      schema={schema}
      name={name}
      field={name}
      value={draft[name]}
      onValue={(value) => {
        const { [name]: _, ...rest } = draft;
        set((value === undefined ? rest : { ...rest, [name]: value }) as ConnectionObject);
      }}
      mistakes={mistakes}
      readOnly={readOnly}
    />
  );
  return (
    <>
      <Checkbox
        size="xs"
        label="On"
        description="Events pass only while it is on; what its destination has taken up is still delivered."
        disabled={readOnly}
        checked={draft.enabled}
        onChange={(event) => set({ ...draft, enabled: event.currentTarget.checked })}
      />
      {part("filter", FILTER)}
      <DryRun draft={draft} />
      {part("consent", CONSENT)}
    </>
  );
}

function Disconnect({ connection }: { connection: ConnectionObject }) {
  const [asks, setAsks] = useState(false);
  const navigate = useNavigate();
  const client = useQueryClient();
  const readOnly = useReadOnly(connection.managedBy);
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => await removeObject("connections", connection.id),
    onSuccess: async () => {
      await navigate({ to: "/connections" });
      await client.invalidateQueries();
    },
  });
  if (readOnly !== null) return null;
  return (
    <>
      <Button variant="default" size="compact-sm" onClick={() => setAsks(true)}>
        Disconnect…
      </Button>
      {asks && (
        <Confirm
          title="Disconnect?"
          act="Disconnect"
          keep="Keep it"
          pending={isPending}
          error={error}
          onSure={() => mutate()}
          onClose={() => setAsks(false)}
        >
          <p>
            Events that come from now on do not pass. What the destination has taken up already is
            still delivered. Its filter is gone with it.
          </p>
        </Confirm>
      )}
    </>
  );
}

function Body({ connection, tab }: { connection: ConnectionObject; tab: Tab }) {
  const { data: status } = useQuery(statusQuery());
  const navigate = route.useNavigate();
  const { source, destination } = connection;
  const from = status?.sources.find(({ id }) => id === source)?.name || source;
  const to = status?.destinations.find(({ id }) => id === destination)?.name || destination;
  return (
    <>
      <div className="page-head">
        <h1>
          <Hostile text={from} /> →{" "}
          <Link to="/destinations/$id" params={{ id: destination }}>
            <Hostile text={to} />
          </Link>
        </h1>
        <Disconnect connection={connection} />
        <Link to="/connections">All connections</Link>
      </div>
      <PageTabs
        label="Parts of this connection"
        tabs={TAB_LIST}
        value={tab}
        onChange={(next) => void navigate({ search: { tab: next }, resetScroll: false })}
      >
        {tab === "history" ? (
          <VersionsTab kind="connections" id={connection.id} />
        ) : (
          <Panel title="Settings">
            <EditForm
              object={connection}
              fields={["enabled", "filter", "consent"]}
              save={(draft, version) => replaceObject("connections", draft, version)}
            >
              {(editing) => <Fields editing={editing} />}
            </EditForm>
          </Panel>
        )}
      </PageTabs>
    </>
  );
}

export function ConnectionPage() {
  const { id } = route.useParams();
  const { tab = "filter" } = route.useSearch();
  const query = useQuery(objectQuery("connections", id));
  useTitle(id);
  return (
    <div className="page">
      {!query.data && (
        <h1>
          Connection <Hostile text={id} />
        </h1>
      )}
      <Asked query={query} what="the connection">
        {(connection) => <Body connection={connection} tab={tab} />}
      </Asked>
    </div>
  );
}
