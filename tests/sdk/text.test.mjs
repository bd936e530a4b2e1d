// Numbers and text arrive as they were sent, to the byte.

import assert from "node:assert/strict";
import { assertQuery } from "./lib/expected.mjs";
import { RawCall } from "./lib/line-client.mjs";
import { NodeClient } from "./lib/node-client.mjs";
import { sendByPython } from "./lib/python-client.mjs";
import { GET_PATH, POST_PATH, story } from "./lib/world.mjs";

const BOTH = { methods: ["POST", "GET"] };
const BY_PYTHON = { ...BOTH, needs: "python" };

const PROPERTIES = {
  largest: 9007199254740991,
  half: 1.5,
  huge: 1e21,
  tiny: 5e-324,
  sum: 0.1 + 0.2,
  million: 1000000,
  below: -9007199254740991,
  nothing: null,
  nested: { nothing: null, list: [null, { nothing: null }, [], {}, ""], no: false, "": "empty" },
  emoji: "🦀 👩‍👩‍👧‍👦 🇮🇳",
  größe: "süß & <b>fett</b>",
  キー: { ключ: "значение" },
  "a.b": "dot + plus % percent = equals",
  quotes: "\"'\\/",
  control: "tab\tline\nnul\u0000",
  separators: "\u2028\u2029",
  lone: "\ud800",
  // In a query, what has no name at all is left out.
  "": "no name",
};

/** The raw JSON of a member of an object, wherever in a text its name first stands. */
function rawMember(text, name) {
  const at = text.search(new RegExp(`"${name}": ?\\{`));
  assert.ok(at >= 0, `${name} is in ${text}`);
  const start = text.indexOf("{", at);
  let depth = 0;
  for (const token of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token[0] === "{") depth += 1;
    if (token[0] === "}") depth -= 1;
    if (depth === 0) return text.slice(start, start + token.index + 1);
  }
  throw new Error(`${name} does not end in ${text}`);
}

/** Sends one event and checks that its properties have the same bytes on both wires. */
async function check({ receiver, wire }, send) {
  await send();
  await receiver.until(() => receiver.arrivals.length === 2, "the event arrives by POST and GET");
  const [arrival] = receiver.at(POST_PATH);
  const sent = rawMember(wire.exchanges[0].text, "properties");
  assert.equal(rawMember(arrival.text, "properties"), sent);
  assert.ok(Buffer.from(arrival.text).equals(arrival.body), "the body is UTF-8");
  return { event: arrival.event, sent, look: receiver.at(GET_PATH)[0] };
}

story("numbers and text of the Node SDK arrive as sent", BOTH, async (world) => {
  const client = new NodeClient(world.wire.url);
  const { event, sent, look } = await check(world, () =>
    client.send([
      ["track", { userId: "ユーザー 🦀", event: "Größe gewählt 🎉", properties: PROPERTIES }],
    ]),
  );
  assert.equal(sent, JSON.stringify(PROPERTIES));
  assert.deepEqual(event.properties, PROPERTIES);
  assert.equal(event.userId, "ユーザー 🦀");
  assert.equal(event.event, "Größe gewählt 🎉");
  // Half of a pair has no UTF-8: in a query it can only be replaced.
  assertQuery(look, { ...PROPERTIES, lone: "\ufffd" });
});

story("numbers and text of the Python SDK arrive as sent", BY_PYTHON, async (world) => {
  const numbers = `"big": 9007199254740993, "bigger": 12345678901234567890, "whole": 1.0, "e": 1e+22`;
  const { lone: _, ...properties } = PROPERTIES;
  const rest = JSON.stringify(properties).slice(1);
  const call = `["track", {"user_id": "ユーザー 🦀", "event": "Größe 🎉", "properties": {${numbers}, ${rest}}]`;
  const { event, sent, look } = await check(world, async () =>
    assert.deepEqual(await sendByPython(world.wire.url, [new RawCall(call)]), []),
  );
  assert.ok(sent.startsWith(`{${numbers}, `), `Python keeps what is no double: ${sent}`);
  for (const [name, value] of Object.entries(properties)) {
    assert.deepEqual(event.properties[name], value, name);
  }
  assert.equal(event.userId, "ユーザー 🦀");
  assert.equal(event.event, "Größe 🎉");
  const query = new URLSearchParams(look.query);
  assert.equal(query.get("big"), "9007199254740993");
  assert.equal(query.get("bigger"), "12345678901234567890");
  assert.equal(query.get("whole"), "1.0");
  assert.equal(query.get("emoji"), PROPERTIES.emoji);
  assert.equal(query.get("キー.ключ"), "значение");
});
