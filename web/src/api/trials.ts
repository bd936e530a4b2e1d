// Trials of filters: what a filter would make of the latest events, before it is saved.
import { act } from "./client";
import type { Filter } from "./status";

export interface Trial {
  /** Events that were judged. */
  events: number;
  /** Whether all that were asked for were judged, as far as they are stored. */
  complete: boolean;
  /** How many events had which verdict: `passes`, or the code of a reason. */
  counts: Record<string, number>;
  /** The newest events of each verdict. */
  samples: Record<string, { seq: number; kind: string; event: string | null; verdict: string }[]>;
}

export interface TrialOrder {
  source?: string;
  destination?: string;
  filter: Filter;
  last?: number;
}

export const tryFilter = async (order: TrialOrder) =>
  await act<Trial>("/api/v1/filters/try", order);
