// The zone in which all times are shown, kept across tabs and visits. One store for hundreds of times.
import { useSyncExternalStore } from "react";
import type { Zone } from "./format";

const KEY = "postrider-zone";

const listeners = new Set<() => void>();

const kept = (): Zone => (localStorage.getItem(KEY)?.includes("utc") ? "utc" : "local");

let zone: Zone | null = null;

const current = (): Zone => {
  zone ??= kept();
  return zone;
};

function tell(next: Zone) {
  zone = next;
  for (const listener of listeners) listener();
}

const otherTab = ({ key }: StorageEvent) => {
  if (key === KEY || key === null) tell(kept());
};

function subscribe(listener: () => void) {
  if (listeners.size === 0) addEventListener("storage", otherTab);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener("storage", otherTab);
  };
}

function choose(next: Zone) {
  localStorage.setItem(KEY, next);
  tell(next);
}

export const useZone = (): [Zone, (zone: Zone) => void] => [
  useSyncExternalStore(subscribe, current),
  choose,
];
