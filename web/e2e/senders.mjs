// Sends events to a gateway as an SDK does.
import assert from "node:assert/strict";

/**
 * @param {string} gateway
 * @param {string} key the write key
 */
export function sender(gateway, key) {
  const headers = {
    "content-type": "application/json",
    authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}`,
  };
  /** Answers the gateway's status. */
  const send = async (/** @type {string} */ kind, /** @type {string} */ body) => {
    const answer = await fetch(`${gateway}/v1/${kind}`, { method: "POST", headers, body });
    await answer.text();
    return answer.status;
  };
  /** Sends a track call that has to be taken. */
  const track = async (/** @type {object} */ event) =>
    assert.equal(
      await send("track", JSON.stringify({ userId: "u-1", event: "Tried", ...event })),
      200,
    );
  return { send, track };
}

/**
 * A webhook destination of a workspace file.
 * @param {string} id
 * @param {string} url
 */
export const webhook = (id, url) => ({
  id,
  name: `Hooks of ${id}`,
  enabled: true,
  destinationDefinition: { name: "WEBHOOK" },
  config: { webhookUrl: url, webhookMethod: "POST", headers: [] },
});

/** A workspace of one source, "app", that leads to all of them. */
export const workspace = (/** @type {object[]} */ destinations) => ({
  sources: [{ id: "app", name: "App", writeKey: "key-app", destinations }],
});

/**
 * Calls the API; what is refused is a failure, and of what has no body nothing comes.
 * @param {string} admin
 * @param {Record<string, string>} [headers]
 */
export function caller(admin, headers = {}) {
  const call = async (/** @type {string} */ path, /** @type {object} */ body, method = "POST") => {
    const answer = await fetch(`${admin}/api/v1/${path}`, {
      method,
      headers: { ...headers, "content-type": "application/json" },
      ...(method === "GET" ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  const read = (/** @type {string} */ path) => call(path, {}, "GET");
  return { call, read };
}
