// Which source leads to which destination, and what each lets pass.
import { Button, NativeSelect } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { makeObject } from "../../api/catalog";
import { type Connection, type Status, statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { useReadOnly } from "../../parts/form/EditForm";
import { mistakesOf } from "../../parts/form/mistakes";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { State } from "../../parts/State";
import { rules } from "../destination/Filters";
import { useManaged } from "../destination/managed";
import { Picture } from "./Picture";

const route = getRouteApi("/connections");

type Names = Map<string, string>;

function Row({ connection, names }: { connection: Connection; names: Names }) {
  const { id, source, destination, enabled } = connection;
  const lines = rules(connection);
  return (
    <tr>
      <th scope="row" className="name">
        <Link to="/connections/$id" params={{ id }}>
          <Hostile text={names.get(`source ${source}`) ?? source} /> →{" "}
          <Hostile text={names.get(`destination ${destination}`) ?? destination} />
        </Link>
      </th>
      <td>
        <State
          look={
            enabled
              ? { word: "On", shape: "tick", tone: "good" }
              : { word: "Off", shape: "slash", tone: "quiet" }
          }
        />
      </td>
      <td className="wide">
        {lines.length === 0 && <span className="none">all events</span>}
        {lines.map((line) => (
          <div key={line}>
            <Hostile text={line} />
          </div>
        ))}
      </td>
    </tr>
  );
}

function Table({ connections, names }: { connections: Connection[]; names: Names }) {
  return (
    <Scroll label="Connections table">
      <table>
        <thead>
          <tr>
            <th scope="col">From, to</th>
            <th scope="col">State</th>
            <th scope="col">What passes</th>
          </tr>
        </thead>
        <tbody>
          {connections.map((each) => (
            <Row key={each.id} connection={each} names={names} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

const options = (ends: { id: string; name: string }[], first: string) => [
  { value: "", label: first },
  ...ends.map(({ id, name }) => ({ value: id, label: name || id })),
];

function Connect({ status }: { status: Status }) {
  const { source, destination } = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const readOnly = useReadOnly(useManaged());
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () =>
      await makeObject("connections", { source: source ?? "", destination: destination ?? "" }),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries();
      await navigate({ to: "/connections/$id", params: { id }, search: {} });
    },
  });
  const set = (part: { source?: string | undefined; destination?: string | undefined }) =>
    void navigate({ search: (now) => ({ ...now, ...part }), replace: true, resetScroll: false });
  const said = [...mistakesOf(error).values()].join("; ") || error?.message;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      {readOnly !== null && <p className="note">{readOnly}</p>}
      <div className="fields">
        <NativeSelect
          size="xs"
          label="Source"
          disabled={readOnly !== null}
          value={source ?? ""}
          onChange={(event) => set({ source: event.currentTarget.value || undefined })}
          data={options(status.sources, "Choose one")}
        />
        <NativeSelect
          size="xs"
          label="Destination"
          disabled={readOnly !== null}
          value={destination ?? ""}
          onChange={(event) => set({ destination: event.currentTarget.value || undefined })}
          data={options(status.destinations, "Choose one")}
        />
      </div>
      <p className="secondary">
        It gets the events from then on; what came before can be replayed.
      </p>
      {said && (
        <p className="refused" role="alert">
          <Hostile text={said} />
        </p>
      )}
      <div className="confirm">
        <Button type="submit" size="sm" disabled={!source || !destination} loading={isPending}>
          Connect
        </Button>
      </div>
    </form>
  );
}

function Body({ status }: { status: Status }) {
  const { connections, sources, destinations } = status;
  const names: Names = new Map([
    ...sources.map(({ id, name }): [string, string] => [`source ${id}`, name || id]),
    ...destinations.map(({ id, name }): [string, string] => [`destination ${id}`, name || id]),
  ]);
  return (
    <>
      <Panel title="What leads where">
        {connections.length === 0 ? (
          <Nothing title="Nothing is connected">
            <p>A source's events go nowhere until it is connected to a destination.</p>
          </Nothing>
        ) : (
          <>
            <Picture connections={connections} sources={sources} destinations={destinations} />
            <Table connections={connections} names={names} />
          </>
        )}
      </Panel>
      <Panel title="Connect">
        <Connect status={status} />
      </Panel>
    </>
  );
}

export function Connections() {
  const query = useQuery(statusQuery());
  useEffect(() => {
    document.title = "Connections · Postrider";
  }, []);
  return (
    <div className="page">
      <h1>Connections</h1>
      <Asked query={query} what="connections">
        {(status) => <Body status={status} />}
      </Asked>
    </div>
  );
}
