// What has come of the SDK that the chosen snippet is for, and of all others.
import { useQuery } from "@tanstack/react-query";
import { type SdkSeen as Row, sdksQuery } from "../../api/sources";
import { counted, exact, span } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Icon } from "../../parts/Icon";
import { Time } from "../../parts/Time";
import { useServerNow } from "../../parts/useServerNow";
import { hasLibrary, seenOf } from "./libraries";

function Other({ row }: { row: Row }) {
  return (
    <li>
      {row.name === null ? "No SDK named" : <Hostile text={row.name} />}{" "}
      {row.version && <Hostile text={row.version} />}
      <span className="secondary">
        {" "}
        {counted(row.events, "event")}, the last <Time at={row.last_at} />
      </span>
    </li>
  );
}

interface Props {
  /** The id of the source. */
  source: string;
  /** What the snippet is called. */
  caption: string;
}

export function SdkSeen({ source, caption }: Props) {
  const { data } = useQuery(sdksQuery(source));
  const now = useServerNow();
  if (!data) return null;
  const seen = seenOf(caption, data.sdks);
  const whose = hasLibrary(caption) ? "of this SDK" : "that name no SDK";
  const ago = seen ? Math.max(0, now - Date.parse(seen.last_at)) : 0;
  return (
    <div className="sdk-seen">
      {seen ? (
        <p className="seen">
          <Icon name="tick" />
          <span>
            We saw {counted(seen.events, "event")} {whose}, the last{" "}
            {ago < 1_000 ? "just now" : `${span(ago)} ago`}
            {seen.versions.length > 0 && (
              <span className="secondary">
                {" "}
                (<Hostile text={seen.versions.slice(0, 3).join(", ")} />
                {seen.versions.length > 3 && ", …"})
              </span>
            )}
          </span>
        </p>
      ) : (
        <p className="secondary">No events {whose} so far.</p>
      )}
      {data.sdks.length > 0 && (
        <details>
          <summary>All SDKs of this source ({exact(data.sdks.length)})</summary>
          <ul>
            {data.sdks.map((row) => (
              <Other key={`${row.version} ${row.name}`} row={row} />
            ))}
            {data.other && <li>All others together: {counted(data.other.events, "event")}</li>}
          </ul>
        </details>
      )}
    </div>
  );
}
