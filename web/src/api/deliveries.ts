// Deliveries: one event to one destination each, and where it stands.

export const DELIVERY_STATUSES = [
  "queued",
  "waiting",
  "scheduled",
  "sending",
  "delivered",
  "gave_up",
  "filtered",
  "expired",
  "skipped",
] as const;

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

export interface Delivery {
  destination: string;
  seq: number;
  status: DeliveryStatus;
  type: string;
  name: string;
  user_id: string;
  source: string;
  /** How many were made. */
  attempts: number;
  /** The latest attempt, or why there was none. */
  last: LastAttempt | null;
  next_try_at: string | null;
  /** The earlier event that has to end first. */
  blocked_by: number | null;
  accepted_at: string;
}

export interface LastAttempt {
  at: string;
  /** The endpoint's HTTP status; null or 0 where no answer came. */
  status: number | null;
  reason: string;
  /** The reason in words. */
  sentence: string;
  duration_us: number;
}
