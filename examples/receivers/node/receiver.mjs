// A receiver of signed webhooks, with what Node brings along.
//
// Usage: WEBHOOK_SECRET=whsec_… node receiver.mjs

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const SECRET = Buffer.from((process.env.WEBHOOK_SECRET ?? "").replace(/^whsec_/, ""), "base64");
const PORT = Number(process.env.PORT ?? 9000);

/** How far the clocks of both sides may be apart. */
const TOLERANCE_SECONDS = 5 * 60;
const BODY_BYTES_MAX = 32 * 1024 * 1024;
const IDS_MAX = 10_000;

if (SECRET.length < 24) {
  console.error("WEBHOOK_SECRET must be the secret of the destination: whsec_…");
  process.exit(2);
}

/** Whether a request is the sender's, whole, and new. `body` are its bytes as they came. */
function isGenuine(headers, body) {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signatures = headers["webhook-signature"];
  if (!id || !/^\d+$/.test(timestamp ?? "") || !signatures) return false;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const wanted = createHmac("sha256", SECRET).update(`${id}.${timestamp}.`).update(body).digest();
  // There are several while one secret takes the place of another.
  return signatures.split(" ").some((signature) => {
    const [version, encoded] = signature.split(",");
    const given = Buffer.from(encoded ?? "", "base64");
    return version === "v1" && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

/** Ids of events that are dealt with, the oldest first. An application keeps them in its database. */
const seen = new Set();

/** An event may come more than once: after a lost answer, or a crash of either side. */
function take(id, event) {
  if (seen.has(id)) return;
  console.log(`received ${event.type} ${id}`);
  seen.add(id);
  if (seen.size > IDS_MAX) seen.delete(seen.values().next().value);
}

async function read(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const server = createServer(async (request, response) => {
  const body = await read(request).catch(() => undefined);
  const isEvent = request.method === "POST" && body !== undefined;
  if (!isEvent || !isGenuine(request.headers, body)) {
    response.writeHead(400).end("not genuine\n");
    return;
  }
  take(request.headers["webhook-id"], JSON.parse(body));
  response.writeHead(200).end("ok\n");
});

server.listen(PORT, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
