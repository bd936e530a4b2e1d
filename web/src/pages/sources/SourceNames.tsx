// What a source sends: the types and names of its events, with how often each came and since when.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type NameSeen, namesQuery, type Seen } from "../../api/sources";
import { Asked } from "../../parts/Asked";
import { Count } from "../../parts/Count";
import { exact } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Kind } from "../../parts/Kind";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { VirtualBody } from "../../parts/VirtualBody";

/** So many are shown until somebody asks for all. */
const FEW = 10;

interface Props {
  id: string;
  /** Shows only the events of this type and name. */
  onChoose: (chosen: { type: string; name: string | null }) => void;
}

function When({ seen }: { seen: Seen }) {
  return (
    <>
      <Count n={seen.events} />
      <td>
        <Time at={seen.first_at} />
      </td>
      <td>
        <Time at={seen.last_at} />
      </td>
    </>
  );
}

/** A name that was cut is not the name of any event, so no event is found by it. */
const isCut = (name: string | null) => name?.endsWith("…") ?? false;

function NameCell({ type, name, onChoose }: NameSeen & Pick<Props, "onChoose">) {
  const text = name === null ? `${type} without a name` : name;
  if (isCut(name)) return <Hostile text={text} />;
  return (
    <button type="button" className="link" onClick={() => onChoose({ type, name })}>
      <Hostile text={text} />
    </button>
  );
}

interface TableProps extends Pick<Props, "onChoose"> {
  names: readonly NameSeen[];
  other: Seen | null;
}

function NameTable({ names, other, onChoose }: TableProps) {
  return (
    <Scroll label="What it sends, counted">
      <table aria-rowcount={names.length + 1}>
        <thead>
          <tr>
            <th scope="col">Type</th>
            <th scope="col">Called</th>
            <th scope="col" className="number-cell">
              Events
            </th>
            <th scope="col">First</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <VirtualBody
          rows={names}
          columns={5}
          render={(seen, place) => (
            <tr key={`${seen.type} ${seen.name}`} {...place}>
              <td>
                <Kind kind={seen.type} />
              </td>
              <th scope="row" className="name">
                <NameCell {...seen} onChoose={onChoose} />
              </th>
              <When seen={seen} />
            </tr>
          )}
        />
        {other && (
          <tfoot>
            <tr>
              <td />
              <th scope="row">All others together</th>
              <When seen={other} />
            </tr>
          </tfoot>
        )}
      </table>
    </Scroll>
  );
}

export function SourceNames({ id, onChoose }: Props) {
  const query = useQuery(namesQuery(id));
  const [all, setAll] = useState(false);
  const count = query.data?.names.length ?? 0;
  return (
    <Panel
      title="What it sends"
      aside={
        count > FEW && (
          <button type="button" className="link" onClick={() => setAll(!all)}>
            {all ? `Show the ${FEW} that came most` : `Show all ${exact(count)}`}
          </button>
        )
      }
    >
      <Asked query={query} what="what it sends">
        {({ names, other }) =>
          names.length === 0 ? (
            <Nothing title="Nothing has come yet" />
          ) : (
            <NameTable
              names={all ? names : names.slice(0, FEW)}
              other={all || names.length <= FEW ? other : null}
              onChoose={onChoose}
            />
          )
        }
      </Asked>
    </Panel>
  );
}
