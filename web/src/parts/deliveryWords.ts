// What a delivery's state means for it, in one line: what was answered, what comes next, what it waits for.
import type { Delivery } from "../api/deliveries";
import { counted, exact, span } from "./format";

const took = (us: number) => (us < 1_000 ? `${us} µs` : `${exact(Math.round(us / 1_000))} ms`);

const answered = ({ last }: Delivery) => (last?.status ? String(last.status) : "no answer");

/** `nowMs` is the server's clock. */
export function deliveryWords(delivery: Delivery, nowMs: number): string {
  const { status, attempts, last, next_try_at, blocked_by } = delivery;
  const because = delivery.sentence ?? "";
  switch (status) {
    case "delivered": {
      const tries = attempts > 1 ? `on attempt ${attempts}` : "first try";
      return last ? `${answered(delivery)} in ${took(last.duration_us)}, ${tries}` : tries;
    }
    case "scheduled": {
      const left = next_try_at === null ? null : Date.parse(next_try_at) - nowMs;
      const next =
        left === null ? "" : left <= 0 ? " Next try is due now." : ` Next try in ${span(left)}.`;
      return attempts === 0
        ? next.trim()
        : `Attempt ${attempts} failed: ${answered(delivery)}.${next} ${because}`.trim();
    }
    case "waiting":
      return blocked_by?.sentence ?? "It waits for an earlier event of the same user.";
    case "gave_up":
      return `${counted(attempts, "attempt")}. Last: ${answered(delivery)}. ${because}`.trim();
    case "queued":
      return blocked_by?.sentence ?? "The destination has not come to it yet.";
    case "expired":
      return because || "Older than what is kept; it was never delivered.";
    default:
      return because;
  }
}
