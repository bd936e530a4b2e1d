// What must arrive for what an SDK put on the wire, worked out apart from the server.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { API_KEY, GET_OWN_QUERY, GET_PATH, POST_PATH } from "./world.mjs";

const CLIENT_IP = "127.0.0.1";
const RECEIVED_AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The MD5 of both identities, with the version and variant of a random UUID. */
export function rudderId({ userId, anonymousId }) {
  const bytes = createHash("md5")
    .update(`${userId ?? ""}:${anonymousId ?? ""}`)
    .digest();
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** A time of RFC 3339 in milliseconds; its offset stays. */
const inMilliseconds = (time) => time.replace(/(\.\d{3})\d*/, "$1").replace("+00:00", "Z");

/** What is no time counts as missing. */
const readable = (time) => (Number.isNaN(Date.parse(time)) ? undefined : time);

/** The times of an event that was received then. */
function times({ originalTimestamp, sentAt, timestamp }, receivedAt) {
  const original = readable(originalTimestamp) ?? receivedAt;
  const sent = readable(sentAt) ?? receivedAt;
  const skew = Date.parse(sent) - Date.parse(original);
  return {
    receivedAt,
    originalTimestamp: inMilliseconds(original),
    sentAt: inMilliseconds(sent),
    timestamp: timestamp
      ? inMilliseconds(timestamp)
      : new Date(Date.parse(receivedAt) - skew).toISOString(),
  };
}

const withoutNulls = (event) =>
  Object.fromEntries(Object.entries(event).filter(([, value]) => value !== null));

/** Checks that an arrival by POST is the whole event `sent`, with what the gateway owes it. */
export function assertWholeEvent(arrival, sent, { after, before }) {
  const { event, headers, body } = arrival;
  assert.equal(arrival.method, "POST");
  assert.equal(arrival.path, POST_PATH);
  assert.equal(arrival.query, undefined);
  assert.equal(headers["content-type"], "application/json");
  assert.equal(headers["user-agent"], "RudderLabs");
  assert.equal(headers["x-api-key"], API_KEY);
  assert.equal(headers["content-length"], `${body.length}`);
  assert.equal(headers["transfer-encoding"], undefined);

  assert.match(event.receivedAt, RECEIVED_AT);
  const received = Date.parse(event.receivedAt);
  assert.ok(after <= received && received <= before, `${event.receivedAt} is when it was received`);
  const whole = withoutNulls(sent);
  assert.deepEqual(event, {
    ...whole,
    ...times(sent, event.receivedAt),
    rudderId: rudderId(sent),
    request_ip: CLIENT_IP,
    context: { ...sent.context, ip: CLIENT_IP },
  });
  const names = Object.keys(event).filter((name) => name in whole);
  assert.deepEqual(names, Object.keys(whole), "members keep their order");
}

/** What a value becomes in a query: `[name, text]` for what has a name and is not null. */
function flattened(value, name = "") {
  if (value === null) return [];
  if (typeof value !== "object") return name === "" ? [] : [[name, String(value)]];
  const parts = Array.isArray(value)
    ? value.map((one, index) => [`${name}[${index}]`, one])
    : Object.entries(value).map(([key, one]) => [name === "" ? key : `${name}.${key}`, one]);
  if (parts.length === 0) return name === "" ? [] : [[name, Array.isArray(value) ? "[]" : "{}"]];
  return parts.flatMap(([key, one]) => flattened(one, key));
}

const sorted = (pairs) => pairs.map((pair) => pair.join("=")).sort();

/** Checks that an arrival by GET carries exactly this in its query, after the URL's own. */
export function assertQuery(arrival, value) {
  const { headers, query = "" } = arrival;
  assert.equal(arrival.method, "GET");
  assert.equal(arrival.path, GET_PATH);
  assert.equal(arrival.body.length, 0);
  assert.equal(headers["content-type"], undefined);
  assert.equal(headers["transfer-encoding"], undefined);
  assert.equal(headers["user-agent"], "RudderLabs");
  assert.equal(headers["x-api-key"], API_KEY);
  const pairs = flattened(value);
  if (pairs.length === 0) return assert.equal(query, GET_OWN_QUERY);
  assert.ok(query.startsWith(`${GET_OWN_QUERY}&`), `${query} begins with the URL's own`);
  const rest = new URLSearchParams(query.slice(GET_OWN_QUERY.length + 1));
  assert.deepEqual(sorted([...rest]), sorted(pairs));
}
