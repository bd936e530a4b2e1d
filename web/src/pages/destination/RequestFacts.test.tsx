// How requests are made is said in words, keys by their number and end, filters line by line.
import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { Requests } from "../../api/status";
import { rules } from "./Filters";
import { RequestFacts } from "./RequestFacts";

afterEach(cleanup);

const plain: Requests = {
  signing: null,
  dynamic: "same_origin",
  hosts: [],
  headers: [],
  templates: [],
  get_extras: [],
  tls: null,
};

function facts(requests: Partial<Requests>) {
  const { container } = render(<RequestFacts requests={{ ...plain, ...requests }} />);
  const of = (kind: string) => [...container.querySelectorAll(kind)].map((it) => it.textContent);
  return Object.fromEntries(of("dt").map((name, at) => [name, of("dd")[at]]));
}

it("says what is not set, too", () => {
  expect(facts({})).toEqual({
    Signing: "off",
    "Events may choose": "path and headers, within the configured scheme, host and port",
    "Looked up in events": "none",
    Headers: "none",
    Trusts: "the machine's authorities",
    "Client certificate": "none",
  });
});

it("shows keys by number and end, hosts, templates and names", () => {
  localStorage.setItem("postrider-zone", JSON.stringify("utc"));
  const signing = {
    schemes: ["v1", "v1a"],
    keys: [
      { valid_until: "2026-12-01T00:00:00.000Z", signs: true },
      { valid_until: "2026-11-01T00:00:00.000Z", signs: false },
      { valid_until: null, signs: true },
    ],
  };
  const shown = facts({
    signing,
    dynamic: "hosts",
    hosts: ["*.b.example"],
    headers: ["X-Key"],
    templates: [{ setting: "webhookUrl", path: "context.url" }],
    get_extras: ["messageId"],
    tls: {
      authorities: [{ subject: "CN=acme <b>", valid_until: "2027-01-01T00:00:00.000Z" }],
      client: { subject: "CN=us", valid_until: "2027-02-01T00:00:00.000Z" },
    },
  });
  expect(shown).toEqual({
    Signing:
      "on, v1 and v1a, 3 shared secretssecret 1 ends 1 Dec 2026, 00:00:00 UTC" +
      "secret 2 ended 1 Nov 2026, 00:00:00 UTC",
    "Events may choose": "path, headers and host, within the configured one and*.b.example",
    "Looked up in events": "webhookUrl: context.url",
    Headers: "X-Key",
    Trusts: "CN=acme <b> until 1 Jan 2027, 00:00:00 UTC",
    "Client certificate": "CN=us until 1 Feb 2027, 00:00:00 UTC",
    "Queries carry besides": "messageId",
  });
});

it("says each rule of a connection in a line", () => {
  expect(rules({ filter: {}, consent: {} })).toEqual([]);
  const filter = {
    types: ["track"],
    events: { allow: ["A"], deny: ["B", "C"] },
    condition: "properties.total > 9",
    sample: 10,
  };
  expect(rules({ filter, consent: { rules: [] } })).toEqual([
    "only the types track",
    "only the tracked events A",
    "not the tracked events B, C",
    "only where properties.total > 9",
    "only of 10 % of the users",
    "only with the user's consent",
  ]);
  expect(rules({ filter: {}, consent: { fail: "closed" } })).toEqual([]);
});
