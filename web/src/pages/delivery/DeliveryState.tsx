// Where a delivery stands: its state, and when it goes on or what it waits for.
import { Link } from "@tanstack/react-router";
import type { Delivery } from "../../api/deliveries";
import { Countdown } from "../../parts/Countdown";
import { exact } from "../../parts/format";
import { State } from "../../parts/State";
import { deliveryLook } from "../../parts/words";

export function DeliveryState({ delivery }: { delivery: Delivery }) {
  const { status, next_try_at, blocked_by, destination } = delivery;
  return (
    <>
      <State look={deliveryLook(status)} />
      {status === "scheduled" && next_try_at !== null && (
        <span className="secondary">
          {" "}
          <Countdown at={next_try_at} />
        </span>
      )}
      {blocked_by?.seq != null && (
        <span className="secondary">
          {" "}
          <Link
            to="/deliveries/$destination/$seq"
            params={{ destination, seq: String(blocked_by.seq) }}
            aria-label={`Event ${blocked_by.seq}, which it waits for`}
          >
            {exact(blocked_by.seq)}
          </Link>
        </span>
      )}
    </>
  );
}
