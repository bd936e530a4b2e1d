// One destination: how its deliveries fare, which they are, a test, its settings, and who changed what.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { objectQuery } from "../../api/catalog";
import { type Destination, type Status, statusQuery } from "../../api/status";
import { Asked } from "../../parts/Asked";
import { Hostile } from "../../parts/Hostile";
import { PageTabs } from "../../parts/PageTabs";
import { Nothing } from "../../parts/Panel";
import { State } from "../../parts/State";
import { useTitle } from "../../parts/useTitle";
import { destinationLook } from "../../parts/words";
import { Tester } from "../tester/Tester";
import { Actions } from "./Actions";
import { DeliveriesTab } from "./DeliveriesTab";
import { OverviewTab } from "./OverviewTab";
import type { Tab } from "./routes";
import { SettingsTab } from "./SettingsTab";
import { VersionsTab } from "./VersionsTab";

const route = getRouteApi("/destinations/$id");

const TAB_LIST: readonly { value: Tab; label: string }[] = [
  { value: "overview", label: "Overview" },
  { value: "deliveries", label: "Deliveries" },
  { value: "test", label: "Test" },
  { value: "settings", label: "Settings" },
  { value: "history", label: "History" },
];

function Head({ destination }: { destination: Destination }) {
  const { id, name, method, target, state, queues } = destination;
  const { data: object } = useQuery(objectQuery("destinations", id));
  return (
    <>
      <div className="page-head">
        <h1>
          <Hostile text={name || id} />
        </h1>
        <State look={destinationLook(state)} />
        {!queues && (
          <span className="secondary">
            does not queue: what comes now is passed over, what waited stays
          </span>
        )}
        <code>
          <Hostile text={`${method} ${target}`} />
        </code>
      </div>
      {object && <Actions destination={destination} managedBy={object.managedBy} />}
    </>
  );
}

function Shown({
  tab,
  destination,
  status,
}: {
  tab: Tab;
  destination: Destination;
  status: Status;
}) {
  switch (tab) {
    case "deliveries":
      return <DeliveriesTab destination={destination} status={status} />;
    case "test":
      return <Tester of={{ destination: destination.id }} />;
    case "settings":
      return <SettingsTab id={destination.id} />;
    case "history":
      return <VersionsTab kind="destinations" id={destination.id} />;
    default:
      return <OverviewTab destination={destination} status={status} />;
  }
}

function Page({ destination, status }: { destination: Destination; status: Status }) {
  const { id } = destination;
  const { tab = "overview" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <Head destination={destination} />
      <PageTabs
        label="Parts of this destination"
        tabs={TAB_LIST}
        value={tab}
        onChange={(next) => void navigate({ search: { tab: next }, resetScroll: false })}
      >
        <Shown tab={tab} destination={destination} status={status} key={id} />
      </PageTabs>
    </>
  );
}

export function DestinationPage() {
  const { id } = route.useParams();
  const query = useQuery(statusQuery());
  const destination = query.data?.destinations.find((each) => each.id === id);
  useTitle(destination?.name || id);
  return (
    <div className="page">
      {!destination && (
        <h1>
          Destination <Hostile text={id} />
        </h1>
      )}
      <Asked query={query} what="the destination">
        {(status) =>
          destination ? (
            <Page destination={destination} status={status} />
          ) : (
            <Nothing title="There is no such destination">
              <Link to="/destinations">Go to the destinations</Link>
            </Nothing>
          )
        }
      </Asked>
    </div>
  );
}
