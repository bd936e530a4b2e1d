// The filters of the list of deliveries: in the address, in words, and as a replay of the same events.
import {
  DELIVERY_STATUSES,
  type Delivery,
  type DeliveryFilter,
  type DeliveryStatus,
} from "../../api/deliveries";
import type { Chip } from "../../parts/Chips";
import { fullTime, type Zone } from "../../parts/format";
import { deliveryLook } from "../../parts/words";
import type { ReplaySearch } from "../replays/search";
import { oneOf, type Search, texts, wholes } from "../search";

/** Classes of answers, as the API names them. */
export const CLASSES = ["2xx", "3xx", "4xx", "5xx"] as const;

export const readFilter = (search: Search): DeliveryFilter => ({
  ...texts(search, "destination", "source", "type", "name", "user", "reason"),
  ...texts(search, "from", "to"),
  ...wholes(search, "event", "code", "issue", "attempts_min"),
  ...oneOf(search, "status", DELIVERY_STATUSES),
  ...oneOf(search, "class", CLASSES),
});

/** Each filter that is set, in words; `names` are those of destinations and sources. */
export function chips(
  filter: DeliveryFilter,
  names: Map<string, string>,
  zone: Zone,
): Chip<keyof DeliveryFilter>[] {
  const named = (id: string) => names.get(id) ?? id;
  const time = (at: string) => fullTime(at, zone);
  const kinds: [keyof DeliveryFilter, string, ((value: string) => string)?][] = [
    ["destination", "to", named],
    ["source", "source", named],
    ["status", "state", (status) => deliveryLook(status).word],
    ["type", "type"],
    ["name", "name"],
    ["user", "user"],
    ["event", "event"],
    ["reason", "reason"],
    ["code", "HTTP status", (code) => (code === "0" ? "none" : code)],
    ["class", "class of answers"],
    ["issue", "issue"],
    ["from", "from", time],
    ["to", "before", time],
    ["attempts_min", "attempts, at least"],
  ];
  return kinds.flatMap(([name, word, say = String]) => {
    const value = filter[name];
    return value === undefined ? [] : [{ name, word, value: say(String(value)) }];
  });
}

/** What keeps a list from being replayed as a whole, in words; nothing where it can be. */
export function replayHindrance(filter: DeliveryFilter): string | null {
  if (filter.destination === undefined) return "Choose a destination to deliver all again.";
  const kept = ["code", "class", "reason", "attempts_min"] as const;
  if (kept.some((name) => filter[name] !== undefined)) {
    return "A replay does not know attempts: choose an issue instead of status, reason or attempts.";
  }
  return null;
}

const INTENTS: Partial<Record<DeliveryStatus, ReplaySearch["intent"]>> = {
  gave_up: "recover_failed",
};

/** The replay of all that a list shows. */
export function replayOf(filter: DeliveryFilter): ReplaySearch {
  const { destination, source, type, name, user, event, issue, from, to, status } = filter;
  const intent = status
    ? (INTENTS[status] ?? "resend_range")
    : issue
      ? "recover_failed"
      : "resend_range";
  return {
    destination,
    source,
    type,
    name,
    user,
    ...(event === undefined ? {} : { events: [event] }),
    intent,
    ...(intent === "recover_failed"
      ? { issue, failed_since: from }
      : { received_from: from, received_until: to }),
  };
}

/** One line of a list, told from all others. */
export const keyOf = ({ destination, seq }: Pick<Delivery, "destination" | "seq">) =>
  `${seq} ${destination}`;

/** Whether a delivery waits for its time, so that it can be tried now. */
export const canTryNow = ({ status }: Delivery) => status === "scheduled";

const OPEN: ReadonlySet<DeliveryStatus> = new Set(["scheduled", "waiting", "queued"]);

/** Whether a delivery can be given up: it is neither under way nor at its end. */
export const canSkip = ({ status }: Delivery) => OPEN.has(status);

const ENDED: ReadonlySet<DeliveryStatus> = new Set(["delivered", "gave_up", "skipped"]);

/** Whether a delivery has ended with its event still there, so that it can be made again. */
export const canResend = ({ status }: Delivery) => ENDED.has(status);

/** Deliveries by their destination, in the order in which they came. */
export function byDestination(deliveries: Delivery[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { destination, seq } of deliveries) {
    found.set(destination, [...(found.get(destination) ?? []), seq]);
  }
  return found;
}
