// Events that a replay does not send, by reason.
import type { Passed } from "../../api/replays";
import { counted } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";

export function PassedOver({ passed }: { passed: Passed[] }) {
  return (
    <dl className="facts">
      {passed.map(({ reason, sentence, count }) => (
        <div className="fact" key={reason}>
          <dt>{counted(count, "event")}</dt>
          <dd>
            <Hostile text={sentence || reason} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
