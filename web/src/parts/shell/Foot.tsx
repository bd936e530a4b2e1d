// The foot of every page: which version runs since when, and the zone of all times.
import { SegmentedControl } from "@mantine/core";
import type { StatusSeen } from "../../api/status";
import { span } from "../format";
import { useZone } from "../Time";

export function Foot({ status }: { status: StatusSeen | undefined }) {
  const [zone, setZone] = useZone();
  return (
    <footer className="foot">
      {status && (
        <p>
          Postrider {status.version}, running for{" "}
          {span(Date.parse(status.now) - Date.parse(status.started_at))}
        </p>
      )}
      <p className="foot-keys">
        <kbd>?</kbd> shows the keys
      </p>
      <div className="foot-zone">
        <span id="zone-label">Times in</span>
        <SegmentedControl
          size="xs"
          aria-labelledby="zone-label"
          value={zone}
          onChange={(value) => setZone(value === "utc" ? "utc" : "local")}
          data={[
            { value: "local", label: "Local" },
            { value: "utc", label: "UTC" },
          ]}
        />
      </div>
    </footer>
  );
}
