// The words, shapes and tones of every state: one table, so that a state looks the same everywhere.
import type { Fate } from "../api/attempts";
import type { DeliveryStatus } from "../api/deliveries";
import type { Issue } from "../api/issues";
import type { DestinationState } from "../api/status";

export type Shape =
  | "tick"
  | "clock"
  | "cross"
  | "slash"
  | "octagon"
  | "dot"
  | "pause"
  | "ring"
  | "hourglass";
export type Tone = "good" | "warn" | "bad" | "busy" | "quiet";

export interface Look {
  word: string;
  shape: Shape;
  tone: Tone;
}

const DESTINATION_STATES: Record<DestinationState, Look> = {
  active: { word: "Active", shape: "tick", tone: "good" },
  retrying: { word: "Retrying", shape: "clock", tone: "warn" },
  holding: { word: "Holding", shape: "octagon", tone: "bad" },
  stopped: { word: "Stopped", shape: "cross", tone: "bad" },
  paused: { word: "Paused", shape: "pause", tone: "quiet" },
  disabled: { word: "Disabled", shape: "slash", tone: "quiet" },
};

const FATE_LOOKS: Record<Fate, Look> = {
  delivered: { word: "Delivered", shape: "tick", tone: "good" },
  retry: { word: "Retry", shape: "clock", tone: "warn" },
  gave_up: { word: "Gave up", shape: "cross", tone: "bad" },
  expired: { word: "Expired", shape: "slash", tone: "bad" },
};

const DELIVERY_LOOKS: Record<DeliveryStatus, Look> = {
  queued: { word: "Accepted", shape: "dot", tone: "quiet" },
  waiting: { word: "Waiting for earlier event", shape: "hourglass", tone: "busy" },
  scheduled: { word: "Retry", shape: "clock", tone: "warn" },
  sending: { word: "Sending", shape: "ring", tone: "busy" },
  delivered: { word: "Delivered", shape: "tick", tone: "good" },
  gave_up: { word: "Gave up", shape: "cross", tone: "bad" },
  filtered: { word: "Filtered", shape: "slash", tone: "quiet" },
  expired: { word: "Expired", shape: "slash", tone: "bad" },
  skipped: { word: "Skipped", shape: "slash", tone: "quiet" },
  unknown: { word: "Not known any more", shape: "dot", tone: "quiet" },
};

/** A newer server may know states that this page does not: they are shown by their own name. */
const unknown = (word: string): Look => ({ word, shape: "dot", tone: "quiet" });

export function destinationLook(state: string): Look {
  return Object.hasOwn(DESTINATION_STATES, state)
    ? DESTINATION_STATES[state as DestinationState]
    : unknown(state);
}

export function fateLook(fate: string): Look {
  return Object.hasOwn(FATE_LOOKS, fate) ? FATE_LOOKS[fate as Fate] : unknown(fate);
}

export function deliveryLook(status: string): Look {
  return Object.hasOwn(DELIVERY_LOOKS, status)
    ? DELIVERY_LOOKS[status as DeliveryStatus]
    : unknown(status);
}

/** Issues that need nobody now. */
const SETTLED = {
  acknowledged: { word: "Acknowledged", shape: "ring", tone: "busy" },
  resolved: { word: "Resolved", shape: "tick", tone: "quiet" },
  ignored: { word: "Ignored", shape: "slash", tone: "quiet" },
} as const satisfies Record<string, Look>;

/** An issue is as bad as what it has cost: what is lost before what waits. */
export function issueLook({ state, gave_up, expired }: Issue): Look {
  if (Object.hasOwn(SETTLED, state)) return SETTLED[state as keyof typeof SETTLED];
  if (gave_up + expired > 0) return { word: "Open", shape: "cross", tone: "bad" };
  return { word: "Open", shape: "clock", tone: "warn" };
}

export const enabledLook = (enabled: boolean): Look =>
  enabled
    ? { word: "Enabled", shape: "tick", tone: "good" }
    : { word: "Disabled", shape: "slash", tone: "quiet" };

export const REJECTED: Look = { word: "Rejected", shape: "octagon", tone: "bad" };
