// What was changed of something that people edit: when, by whom, and from what to what.
import { useQuery } from "@tanstack/react-query";
import { type Kind, type Version, versionsQuery } from "../../api/catalog";
import { Asked } from "../../parts/Asked";
import { Changes } from "../../parts/form/Conflicts";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { Time } from "../../parts/Time";

function One({ version }: { version: Version }) {
  const { at, by, action, changes } = version;
  return (
    <li className="version">
      <p>
        <strong>
          <Hostile text={action} />
        </strong>{" "}
        by <Hostile text={by} />,{" "}
        <span className="secondary">
          <Time at={at} />, version {version.version}
        </span>
      </p>
      {changes.length > 0 && (
        <Scroll label={`Changes of version ${version.version}`}>
          <Changes
            changes={changes.map(({ field, before, after }) => ({
              path: [field],
              before: before ?? undefined,
              after: after ?? undefined,
            }))}
          />
        </Scroll>
      )}
    </li>
  );
}

export function VersionsTab({ kind, id }: { kind: Kind; id: string }) {
  const query = useQuery(versionsQuery(kind, id));
  return (
    <Panel title="History">
      <Asked query={query} what="the history">
        {(versions) =>
          versions.length === 0 ? (
            <Nothing title="Nothing was changed yet" />
          ) : (
            <ol className="versions">
              {versions.map((each) => (
                <One key={`${each.version} ${each.at}`} version={each} />
              ))}
            </ol>
          )
        }
      </Asked>
    </Panel>
  );
}
