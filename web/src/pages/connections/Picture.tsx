// A picture of which source leads where. The table beside it says the same, so it is only for the eye.
import { useNavigate } from "@tanstack/react-router";
import type { Connection, Destination, Source } from "../../api/status";
import { Hostile } from "../../parts/Hostile";
import { curve, LINES_MAX, linesOf, ROW_PX } from "./lines";

const WIDTH = 240;

interface Props {
  connections: Connection[];
  sources: Source[];
  destinations: Destination[];
}

function Ends({ ends, side }: { ends: { id: string; name: string }[]; side: "left" | "right" }) {
  return (
    <div className="ends" data-side={side}>
      {ends.map(({ id, name }) => (
        <span key={id} className="end">
          <Hostile text={name || id} />
        </span>
      ))}
    </div>
  );
}

export function Picture({ connections, sources, destinations }: Props) {
  const navigate = useNavigate();
  if (connections.length === 0 || connections.length > LINES_MAX) return null;
  const ids = (ends: { id: string }[]) => ends.map(({ id }) => id);
  const lines = linesOf(connections, ids(sources), ids(destinations));
  const height = ROW_PX * Math.max(sources.length, destinations.length);
  return (
    <div className="lines" aria-hidden="true">
      <Ends ends={sources} side="left" />
      <svg
        viewBox={`0 0 ${WIDTH} ${height}`}
        height={height}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {lines.map((line) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the table has the same as links.
          <path
            key={line.id}
            d={curve(line, WIDTH)}
            data-off={!line.enabled || undefined}
            vectorEffect="non-scaling-stroke"
            onClick={() => void navigate({ to: "/connections/$id", params: { id: line.id } })}
          />
        ))}
      </svg>
      <Ends ends={destinations} side="right" />
    </div>
  );
}
