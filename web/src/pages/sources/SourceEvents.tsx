// What a source sends, counted by name; and its stored events, newest first, with filters and older pages
// in the address.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { eventsQuery } from "../../api/events";
import { EVENT_TYPES } from "../../api/live";
import { Asked } from "../../parts/Asked";
import { Chips } from "../../parts/Chips";
import { Choice } from "../../parts/Choice";
import { EventTable } from "../../parts/EventTable";
import { TextField } from "../../parts/form/Fields";
import { Nothing, Panel } from "../../parts/Panel";
import type { SourceSearch } from "./routes";
import { SourceNames } from "./SourceNames";

const route = getRouteApi("/sources/$id");
const NAMES = ["type", "name", "user"] as const;

/** How the list of events is changed: from its beginning on, as what it shows is another. */
function useChange() {
  const navigate = route.useNavigate();
  return (part: SourceSearch) =>
    void navigate({
      search: (now) => ({ ...now, older_than: undefined, ...part }),
      resetScroll: false,
    });
}

export function SourceEvents({ id }: { id: string }) {
  const change = useChange();
  return (
    <>
      <SourceNames
        id={id}
        onChoose={({ type, name }) =>
          change({ type: EVENT_TYPES.find((each) => each === type), name: name ?? undefined })
        }
      />
      <EventList id={id} />
    </>
  );
}

function EventList({ id }: { id: string }) {
  const { type, name, user, older_than } = route.useSearch();
  const filter = { source: id, type, name, user, older_than };
  const events = useQuery(eventsQuery(filter));
  const change = useChange();
  const clear = () => change({ type: undefined, name: undefined, user: undefined });
  const values = { type, name, user };
  const chips = NAMES.flatMap((each) => {
    const value = values[each];
    return value === undefined ? [] : [{ name: each, word: each, value }];
  });
  return (
    <Panel
      title="Events"
      aside={
        <div className="filters">
          <Choice
            label="Show events of the type"
            all="All types"
            value={type}
            options={EVENT_TYPES.map((value) => ({ value, label: value }))}
            onChoose={(value) => change({ type: value })}
          />
          <TextField
            type="search"
            aria-label="Name"
            placeholder="Name"
            value={name}
            onValue={(value) => change({ name: value })}
          />
          <TextField
            aria-label="User id"
            placeholder="User id"
            value={user}
            onValue={(value) => change({ user: value })}
          />
        </div>
      }
    >
      <div className="panel-chips">
        <Chips chips={chips} onRemove={(each) => change({ [each]: undefined })} onClear={clear} />
      </div>
      <Asked query={events} what="the events">
        {(page) =>
          page.events.length === 0 ? (
            chips.length > 0 ? (
              <Nothing title="No event matches the filters">
                <button type="button" className="link" onClick={clear}>
                  Clear filters
                </button>
              </Nothing>
            ) : (
              <Nothing title="No events yet">
                <p>
                  <button type="button" className="link" onClick={() => change({ tab: "setup" })}>
                    See how to send one
                  </button>
                </p>
              </Nothing>
            )
          ) : (
            <>
              <EventTable events={page.events} />
              <div className="pager">
                {older_than !== undefined && (
                  <button
                    type="button"
                    className="link"
                    onClick={() => change({ older_than: undefined })}
                  >
                    Newest
                  </button>
                )}
                {page.older_than !== null && (
                  <button
                    type="button"
                    className="link"
                    onClick={() => change({ older_than: String(page.older_than) })}
                  >
                    Older
                  </button>
                )}
              </div>
            </>
          )
        }
      </Asked>
    </Panel>
  );
}
