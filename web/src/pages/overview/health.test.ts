// The sentence at the top says the worst thing first, in words that name it.
import { expect, it } from "vitest";
import type { Destination, Status } from "../../api/status";
import { health } from "./health";

const NOW = Date.parse("2026-11-25T10:00:00Z");

function destination(change: Partial<Destination> = {}): Destination {
  return {
    id: "a",
    name: "Acme",
    type: "webhook",
    enabled: true,
    method: "POST",
    target: "https://hooks.acme.test",
    playground: null,
    requests: {
      signing: null,
      dynamic: "off",
      hosts: [],
      headers: [],
      templates: [],
      get_extras: [],
      tls: null,
    },
    state: "active",
    queues: true,
    flow: null,
    waiting: 0,
    retrying: 0,
    next_retry_at: null,
    oldest_waiting_at: null,
    delivered_first_try: 0,
    delivered_on_retry: 0,
    retries: 0,
    gave_up: 0,
    expired: 0,
    filtered: { total: 0, by_reason: [] },
    ...change,
  };
}

function status(destinations: Destination[], change: Partial<Status> = {}): Status {
  return {
    version: "0.1.0",
    started_at: "2026-11-25T00:00:00Z",
    now: "2026-11-25T10:00:00Z",
    gateway_url: "http://127.0.0.1:8080",
    journal: { head: 2 },
    accepted: 1,
    rejected: 0,
    is_disk_low: false,
    storage: { disk_free_bytes: null, store_p99_ms: null },
    sources: [],
    destinations,
    removed: [],
    connections: [],
    ...change,
  };
}

it.each([
  [[destination({ waiting: 12 }), destination()], "All 2 destinations healthy, 12 events waiting"],
  [[destination({ waiting: 1 })], "1 destination healthy, 1 event waiting"],
  [[destination()], "1 destination healthy, no events waiting"],
  [[], "There is no destination yet"],
  [
    [destination({ state: "disabled" })],
    "Every destination is disabled or paused, no events waiting",
  ],
  [
    [destination({ state: "paused" })],
    "Every destination is disabled or paused, no events waiting",
  ],
  [
    [destination({ state: "holding", waiting: 9 }), destination({ state: "retrying" })],
    "Acme is holding, 9 events waiting",
  ],
  [
    [1, 2].map(() => destination({ state: "stopped" })),
    "Acme and Acme are stopped, no events waiting",
  ],
  [
    [destination({ state: "retrying", waiting: 3 }), destination()],
    "Acme is retrying, 3 events waiting",
  ],
  [
    [1, 2, 3].map(() => destination({ state: "retrying" })),
    "3 destinations are retrying, no events waiting",
  ],
])("case %#: %2$s", (destinations, sentence) => {
  expect(health(status(destinations), NOW).sentence).toBe(sentence);
});

it("says when the next retry comes", () => {
  const soon = destination({ state: "retrying", next_retry_at: "2026-11-25T10:00:42Z" });
  const later = destination({ state: "retrying", next_retry_at: "2026-11-25T11:00:00Z" });
  expect(health(status([later, soon]), NOW).advice).toBe("Next retry in 42 s.");
});

it("does not hide deliveries that failed for good behind a healthy sentence", () => {
  expect(health(status([destination({ gave_up: 2, expired: 1 })]), NOW).advice).toBe(
    "3 deliveries failed for good since the start.",
  );
});

it("says why an endpoint takes nothing, and that nothing is lost", () => {
  const flow = {
    limit: 1,
    failing_since: "2026-11-25T09:00:00Z",
    reason: "server_error",
    sentence: "The endpoint failed.",
    next_probe_at: "2026-11-25T10:00:20Z",
    asked_to_wait_until: null,
  };
  const holding = destination({ state: "holding", flow });
  expect(health(status([holding, holding]), NOW).advice).toBe(
    "The endpoint failed. The endpoint is probed; events are kept.",
  );
});
