// Events that are sent from here, to try a source or a destination, and the requests they come to.
import { queryOptions } from "@tanstack/react-query";
import type { Answer, Phases } from "./attempts";
import { actText, read } from "./client";

/** What an endpoint was sent, without what is secret in it; every text in it is a stranger's. */
export interface ShownRequest {
  method: string;
  url: string;
  headers: RequestHeader[];
  /** Its beginning where it is long. */
  body: string;
  /** Bytes of the whole body. */
  body_bytes: number;
  cut: boolean;
}

export interface RequestHeader {
  name: string;
  value: string;
  /** Whether something else stands in the place of the value. */
  secret: boolean;
}

/** What came of a request that somebody waited for. */
export interface TestResult {
  /** Null where there can be no request for the event. */
  request: ShownRequest | null;
  delivered: boolean;
  /** 0 where no answer came. */
  status: number;
  reason: string | null;
  sentence: string;
  /** What to do about the reason. */
  advice: string;
  detail: string;
  duration_us: number;
  phases: Phases;
  remote: string | null;
  answer: Answer | null;
}

/** What a connection makes of an event. */
export interface Judgement {
  connection: string;
  source: string;
  enabled: boolean;
  passes: boolean;
  reason: string | null;
  sentence: string;
  advice: string;
}

export interface StraightTest {
  message_id: string;
  /** Why nothing is delivered there at the moment: `paused` or `disabled`. */
  away: string | null;
  connections: Judgement[];
  result: TestResult;
}

/** An endpoint may take ten seconds to answer, and two more for the body of its answer. */
const STRAIGHT_MS = 15_000;

/** Sends an event through a source, as if an SDK did; the answer says by which id it is found. */
export const sendTestEvent = async (source: string, event: string) =>
  await actText<{ message_id: string }>(
    "/api/v1/test-events",
    `{"source":${JSON.stringify(source)},"event":${event}}`,
  );

/** Sends an event straight to a destination, and waits for what comes back. */
export const sendStraight = async (destination: string, event: string) =>
  await actText<StraightTest>(
    `/api/v1/destinations/${encodeURIComponent(destination)}/test-events`,
    `{"event":${event}}`,
    STRAIGHT_MS,
  );

export interface Sample {
  type: string;
  event: Record<string, unknown>;
}

/** An event of each type to begin with. */
export const samplesQuery = () =>
  queryOptions({
    queryKey: ["samples"],
    queryFn: async ({ signal }) =>
      (await read<{ samples: Sample[] }>("/api/v1/test-events/samples", {}, signal)).samples,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: false,
  });

/** The event that the buttons send. */
export const SAMPLE_EVENT = JSON.stringify({
  type: "track",
  userId: "test-user",
  event: "Order Completed",
  properties: { order_id: "test-1", total: 42.5, currency: "EUR" },
});
