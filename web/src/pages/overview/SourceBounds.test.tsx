// What a source may is said in words, and a key is told by its last characters only.
import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { Source } from "../../api/status";
import { Bounds, Ends } from "./SourceBounds";

afterEach(cleanup);

const source = (change: Partial<Source> = {}): Source => ({
  id: "app",
  name: "App",
  enabled: true,
  write_keys: ["key-new"],
  keys: [{ ending: "new", valid_until: null }],
  allowed_origins: [],
  rate_limit: null,
  ...change,
});

const origins = { allowed_origins: ["https://shop.example", "null"] };
const rate = { rate_limit: { events_per_second: 500, burst: 2000 } };

it.each([
  [source(), "anything"],
  [source(rate), "500 events/s, 2,000 at once"],
  [source(origins), "https://shop.examplenull"],
  [source({ ...rate, ...origins }), "500 events/s, 2,000 at oncehttps://shop.examplenull"],
])("case %#: it may send %2$s", (one, words) => {
  expect(render(<Bounds source={one} />).container.textContent).toBe(words);
});

it("says of each key that has an end whether that has come", () => {
  localStorage.setItem("postrider-zone", JSON.stringify("utc"));
  const keys = [
    { ending: "new", valid_until: null },
    { ending: "x9f", valid_until: "2026-12-01T00:00:00.000Z" },
    { ending: "old", valid_until: "2026-11-01T00:00:00.000Z" },
  ];
  const now = "2026-11-25T00:00:00.000Z";
  const { container } = render(<Ends source={source({ keys })} now={now} />);
  expect([...container.children].map((each) => each.textContent)).toEqual([
    "…x9f ends 1 Dec 2026, 00:00:00 UTC",
    "…old ended 1 Nov 2026, 00:00:00 UTC",
  ]);
});
