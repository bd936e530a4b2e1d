// What an endpoint answered is a stranger's text: shown as text, with what would hide as a symbol.
import { MantineProvider } from "@mantine/core";
import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import type { Attempt } from "../../api/attempts";
import { AttemptPanel } from "./AttemptPanel";
import { basis } from "./AttemptRequest";

beforeAll(() => {
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener() {},
    removeEventListener() {},
  }));
});
afterEach(cleanup);

const attempt = (change: Partial<Attempt>): Attempt => ({
  destination: "hooks",
  seq: 7,
  kind: "track",
  number: 2,
  at: "2026-11-25T10:00:00.000Z",
  duration_us: 4_000,
  status: 503,
  fate: "retry",
  reason: "server_error",
  detail: "the endpoint answered 503",
  phases: { resolve_us: null, connect_us: null, tls_us: null, first_byte_us: 4_000 },
  remote: "203.0.113.7:443",
  answer: null,
  ...change,
});

function shown(change: Partial<Attempt>, mayRead = true) {
  const panel = <AttemptPanel attempt={attempt(change)} mayRead={mayRead} />;
  return render(<MantineProvider>{panel}</MantineProvider>).container;
}

it("shows the way, the steps and the answer", () => {
  const answer = { headers: [["retry-after", "9"]] as [string, string][], body: "busy" };
  const panel = shown({ answer });
  const text = panel.textContent ?? "";
  expect(text).toContain("203.0.113.7:443");
  expect(text).toContain("on a kept connection, first byte 4.0 ms");
  expect(panel.querySelector("dl.pairs dt")?.textContent).toBe("retry-after");
  expect(panel.querySelector("pre.raw")?.textContent).toBe("busy");
});

it("lets no answer run, hide or reorder anything", () => {
  const evil = "<img src=x onerror=alert(1)>\u202egnp\u0000";
  const panel = shown({ answer: { headers: [[evil, evil]], body: evil } });
  expect(panel.querySelector("img")).toBeNull();
  const places = [...panel.querySelectorAll(".pairs dt, .pairs dd, pre.raw")];
  expect(places).toHaveLength(3);
  for (const place of places) {
    const symbols = [...place.querySelectorAll("bdi .symbol")].map((each) => each.textContent);
    expect(symbols).toEqual(["U+202E", "NUL"]);
  }
});

it("says whether no answer came or none is kept", () => {
  expect(shown({}).textContent).toContain("What was answered is not kept.");
  cleanup();
  const text = shown({ status: 0, remote: null }).textContent;
  expect(text).toContain("No answer came.");
  expect(text).toContain("Addressnone");
  cleanup();
  expect(shown({}, false).textContent).toContain("takes the role payload viewer");
});

it("offers the request of an attempt that was made, to those who may read it", () => {
  const has = (change: Partial<Attempt>, mayRead = true) => {
    cleanup();
    return shown(change, mayRead).textContent ?? "";
  };
  expect(has({})).toContain("Show the request");
  expect(has({ fate: "gave_up" }, false)).toContain("What was sent takes the role payload viewer");
  expect(has({}, false)).not.toContain("Show the request");
  for (const reason of ["skipped", "removed_for_good", "trimmed"]) {
    expect(has({ reason, status: 0 }), reason).not.toContain("Request");
  }
  expect(has({ number: 0, status: 0 })).not.toContain("Request");
});

it("says from what a request was rebuilt", () => {
  const of = (version: number | null, current: boolean) =>
    basis({ version, current, request: null, reason: null, sentence: "", detail: "" });
  expect(of(7, true)).toBe(
    "Rebuilt from the event and version 7 of the destination, which still holds.",
  );
  expect(of(null, false)).toContain("a version whose number is not kept");
  expect(of(7, false)).toContain("has been changed since");
});
