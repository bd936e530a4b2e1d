// What a new replay is to be, as it stands in the address, and as the API is asked for it.
import { INTENTS, type Intent, type ReplayOrder } from "../../api/replays";
import { oneOf, type Search, texts, wholes } from "../search";

/** The members of an order, with the parts of its filter beside them. */
export interface ReplaySearch {
  destination?: string | undefined;
  intent?: Intent | undefined;
  events?: number[] | undefined;
  first?: number | undefined;
  last?: number | undefined;
  received_from?: string | undefined;
  received_until?: string | undefined;
  failed_since?: string | undefined;
  issue?: number | undefined;
  source?: string | undefined;
  user?: string | undefined;
  type?: string | undefined;
  name?: string | undefined;
  condition?: string | undefined;
  rate?: number | undefined;
  concurrency?: number | undefined;
}

/** Keeps what is understood of an address's search. */
export function readSearch(search: Search): ReplaySearch {
  const events = Array.isArray(search.events) ? search.events.filter(Number.isSafeInteger) : [];
  return {
    ...texts(search, "destination", "source", "user", "type", "name", "condition"),
    ...texts(search, "received_from", "received_until", "failed_since"),
    ...wholes(search, "first", "last", "issue", "rate", "concurrency"),
    ...oneOf(search, "intent", INTENTS),
    ...(events.length > 0 ? { events } : {}),
  };
}

/** The order of a search; null while it does not say where to or what for. */
export function orderOf(search: ReplaySearch): ReplayOrder | null {
  const { destination, intent, type, name, condition, failed_since, issue, ...rest } = search;
  if (destination === undefined || intent === undefined) return null;
  const filter = {
    ...(type ? { types: [type] } : {}),
    ...(name ? { events: { allow: [name] } } : {}),
    ...(condition ? { condition } : {}),
  };
  return {
    destination,
    intent,
    ...rest,
    ...(intent === "recover_failed" ? { failed_since, issue } : {}),
    ...(Object.keys(filter).length > 0 ? { filter } : {}),
  };
}
