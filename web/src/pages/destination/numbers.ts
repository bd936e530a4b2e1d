// The numbers of a destination: shares that never say more than is known, and how long a backlog takes.
import type { Destination } from "../../api/status";
import { percent } from "../../parts/format";

type Counts = Pick<
  Destination,
  "delivered_first_try" | "delivered_on_retry" | "gave_up" | "expired" | "waiting"
>;

/** Deliveries that have ended, well or not. */
export const ended = (it: Counts) =>
  it.delivered_first_try + it.delivered_on_retry + it.gave_up + it.expired;

/** The share that arrived with the first attempt. */
export const firstTry = (it: Counts) => percent(it.delivered_first_try, ended(it));

/** The share that arrived at all. */
export const arrived = (it: Counts) =>
  percent(it.delivered_first_try + it.delivered_on_retry, ended(it));
