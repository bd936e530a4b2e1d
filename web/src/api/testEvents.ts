// Events that are sent from here, to try a source or a destination.
import { act } from "./client";

export interface TestEvent {
  source: string;
  event: Record<string, unknown>;
}

/** Sends an event through a source, as if an SDK did; the answer says by which id it is found. */
export const sendTestEvent = async (wish: TestEvent) =>
  await act<{ message_id: string }>("/api/v1/test-events", wish);

/** The event that the buttons send. */
export const SAMPLE_EVENT = {
  type: "track",
  userId: "test-user",
  event: "Order Completed",
  properties: { order_id: "test-1", total: 42.5, currency: "EUR" },
};
