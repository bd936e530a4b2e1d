// A server with something on every page, where people log in: an admin and a viewer, destinations that
// take, refuse and fail, a rejection, an issue, a replay and a token; and the pages themselves.
import assert from "node:assert/strict";
import { startEndpoint } from "./endpoint.mjs";
import { caller, sender } from "./senders.mjs";
import { startServer } from "./server.mjs";
import { until } from "./until.mjs";

const TOKEN = "the-token-of-the-environment";
const PASSWORD = "correct horse battery staple";

/** Is in what events say and endpoints answer, and nowhere else. */
export const MARKER = "only-for-those-who-may-see-payloads";

/**
 * @typedef {object} Place
 * @property {string} name of its pictures
 * @property {string} path
 * @property {string} full what is there once it is filled
 * @property {boolean} [isStream] whether it follows a stream, which is asked for again by itself
 * @property {"payload" | "edit" | "admin"} [right] that somebody needs to see what it is about
 * @property {boolean} [isOfStatus] whether all of it is in the server's status
 * @property {[path: string, says: string]} [noMatch] where a filter finds nothing
 * @property {[path: string, says: string]} [empty] where nothing has happened yet
 */

/**
 * @param {string} binary
 */
export async function furnish(binary) {
  const endpoint = await startEndpoint(422);
  endpoint.answers.body = (body) => `no: ${body}`;
  const server = await startServer(binary, undefined, {
    POSTRIDER_ADMIN_AUTH: "required",
    POSTRIDER_ADMIN_TOKEN: TOKEN,
  });
  const { call, read } = caller(server.admin, { authorization: `Bearer ${TOKEN}` });
  for (const [name, role] of [
    ["ada", "admin"],
    ["vera", "viewer"],
  ]) {
    await call("users", { name, role, password: PASSWORD });
  }
  const destination = async (/** @type {string} */ name, /** @type {string} */ webhookUrl) => {
    const config = { webhookUrl, webhookMethod: "POST" };
    const { id } = await call("destinations", { name, type: "WEBHOOK", config });
    const made = await call("connections", { source: "my-app", destination: id });
    return made.id;
  };
  const connection = await destination("Refuses", endpoint.url);
  await destination("Is down", "http://127.0.0.1:9/");
  await call("tokens", { name: "deploy", role: "viewer" });

  const { write_keys } = (await read("status")).sources[0];
  const { send, track } = sender(server.gateway, `${write_keys[0]}`);
  const properties = { secret: MARKER, total: 42.5 };
  await track({ messageId: "seen-1", userId: "u-1", event: "Order Completed", properties });
  await track({ messageId: "seen-2", userId: "u-1", event: "Order Refunded", properties });
  const page = { userId: "u-2", name: "Pricing", properties, context: { traits: properties } };
  assert.equal(await send("page", JSON.stringify(page)), 200);
  assert.equal(await send("track", `{"event": "${MARKER}", `), 400);
  const refuses = async () =>
    (await read("status")).destinations.find((/** @type {any} */ each) => each.id === "refuses");
  await until(async () => (await refuses()).gave_up === 3);
  await until(async () => (await read("issues")).issues.length === 2);
  const order = { destination: "refuses", intent: "recover_failed" };
  const replay = (await call("replays", order)).id;
  await until(async () => (await read(`replays/${replay}`)).state === "done");
  const issue = (await read("issues?destination=refuses")).issues[0].id;
  const { seq } = await read("events/seen-1");

  /** Makes the browser one of somebody's, as the form would. */
  const logIn = async (
    /** @type {import("playwright-core").Page} */ page,
    /** @type {"ada" | "vera"} */ name,
  ) => {
    await page.goto("/login");
    const status = await page.evaluate(
      async (body) => (await fetch("/api/v1/session", { method: "POST", body })).status,
      JSON.stringify({ name, password: PASSWORD }),
    );
    assert.equal(status, 200);
  };
  const stop = async () => {
    await server.stop();
    endpoint.stop();
  };
  const places = placesOf({ seq, issue, replay, connection });
  return { server, call, read, track, send, endpoint, logIn, stop, places };
}

/**
 * Every page, and every tab of one.
 * @param {{ seq: number, issue: number, replay: number, connection: string }} ids
 * @returns {Place[]}
 */
function placesOf({ seq, issue, replay, connection }) {
  return [
    {
      name: "overview",
      path: "/",
      full: "Latest attempts",
      isOfStatus: true,
      noMatch: ["/?fate=expired", "No attempt matches the filters"],
      empty: ["/", "No events yet"],
    },
    {
      name: "live",
      path: "/live?status=rejected",
      full: "Nothing has happened that matches",
      isStream: true,
      noMatch: ["/live?text=zzz", "Nothing has happened that matches the filters"],
      empty: ["/live", "No events yet"],
    },
    {
      name: "sources",
      path: "/sources",
      full: "My app",
      isOfStatus: true,
      empty: ["/sources", "There is no source yet"],
    },
    { name: "source-setup", path: "/sources/my-app", full: "We saw an event", isOfStatus: true },
    {
      name: "source-live",
      path: "/sources/my-app?tab=live&status=rejected",
      full: "Nothing has happened that matches",
      isStream: true,
    },
    {
      name: "source-rejected",
      path: "/sources/my-app?tab=rejected",
      full: "Reason, since the start",
      right: "payload",
    },
    {
      name: "source-events",
      path: "/sources/my-app?tab=events",
      full: "Order Completed",
      noMatch: ["/sources/my-app?tab=events&name=zzz", "No event matches the filters"],
    },
    {
      name: "source-test",
      path: "/sources/my-app?tab=test",
      full: "Nothing was sent yet",
      right: "edit",
      isOfStatus: true,
    },
    { name: "source-settings", path: "/sources/my-app?tab=settings", full: "Events per second" },
    {
      name: "destinations",
      path: "/destinations",
      full: "Refuses",
      isOfStatus: true,
      empty: ["/destinations", "No destination yet"],
    },
    { name: "destination-new", path: "/destinations/new", full: "Gets events of" },
    {
      name: "destination",
      path: "/destinations/refuses",
      full: "What fails",
      isOfStatus: true,
    },
    {
      name: "destination-deliveries",
      path: "/destinations/refuses?tab=deliveries",
      full: "Order Completed",
    },
    {
      name: "destination-test",
      path: "/destinations/refuses?tab=test",
      full: "Nothing was sent yet",
      right: "edit",
      isOfStatus: true,
    },
    {
      name: "destination-settings",
      path: "/destinations/refuses?tab=settings",
      full: "Attempts in a second",
    },
    { name: "destination-history", path: "/destinations/refuses?tab=history", full: "create" },
    {
      name: "connections",
      path: "/connections",
      full: "all events",
      isOfStatus: true,
      empty: ["/connections", "Nothing is connected"],
    },
    { name: "connection", path: `/connections/${connection}`, full: "Try it on the latest" },
    {
      name: "connection-history",
      path: `/connections/${connection}?tab=history`,
      full: "create",
    },
    {
      name: "deliveries",
      path: "/deliveries",
      full: "Order Completed",
      noMatch: ["/deliveries?user=zzz", "No delivery matches the filters"],
      empty: ["/deliveries", "Nothing was delivered yet"],
    },
    { name: "delivery", path: `/deliveries/refuses/${seq}`, full: "Attempt 1" },
    { name: "event", path: "/events/seen-1", full: MARKER, right: "payload" },
    {
      name: "user",
      path: "/users/u-1",
      full: "Order Completed",
      empty: ["/users/nobody", "No event of this user is kept"],
    },
    {
      name: "issues",
      path: "/issues",
      full: "The endpoint refused the event.",
      noMatch: ["/issues?state=resolved", "No issue matches the filters"],
      empty: ["/issues", "Nothing has failed"],
    },
    { name: "issue", path: `/issues/${issue}`, full: "Newest attempts" },
    {
      name: "replays",
      path: "/replays",
      full: "Recover failed",
      noMatch: ["/replays?destination=zzz", "No replay is to this destination"],
      empty: ["/replays", "Nothing was replayed yet"],
    },
    {
      name: "replay-new",
      path: "/replays/new?destination=refuses&intent=resend_range",
      full: "3 events of 2 users would be sent",
      right: "edit",
      isOfStatus: true,
    },
    { name: "replay", path: `/replays/${replay}`, full: "What it was asked for" },
    {
      name: "settings-users",
      path: "/settings?tab=users",
      full: "Set password",
      right: "admin",
      empty: ["/settings?tab=users", "There is no user yet"],
    },
    {
      name: "settings-tokens",
      path: "/settings?tab=tokens",
      full: "Take back",
      right: "admin",
      empty: ["/settings?tab=tokens", "There is no token"],
    },
    {
      name: "settings-audit",
      path: "/settings?tab=audit",
      full: "log_in",
      right: "admin",
      noMatch: ["/settings?tab=audit&by=zzz", "Nothing was done that fits"],
    },
    {
      name: "settings-sessions",
      path: "/settings?tab=sessions",
      full: "Where you are logged in",
    },
    { name: "settings-storage", path: "/settings?tab=storage", full: "What is kept" },
    { name: "settings-config", path: "/settings?tab=config", full: "sources:" },
    { name: "settings-about", path: "/settings?tab=about", full: "Apache-2.0", isOfStatus: true },
    {
      name: "play",
      path: "/play/demo",
      full: MARKER,
      isStream: true,
      right: "payload",
      empty: ["/play/demo", "No destination delivers to this playground"],
    },
  ];
}
