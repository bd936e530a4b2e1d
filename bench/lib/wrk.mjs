// wrk, the load generator: as many requests as the connections can carry, for a while.

import { writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { AUTHORIZATION, template } from "./event.mjs";
import { end, freshDirectory, start } from "./ground.mjs";

const SCRIPT = join(import.meta.dirname, "../wrk/events.lua");
const THREADS_MAX = 4;
let runs = 0;

/** A number that no other load of this run has. */
export function nextRun() {
  runs += 1;
  return runs;
}

/**
 * Loads a port: `batch` events per request (0: the bare event), at most `requestsMax` requests.
 *
 * Answers wrk's own summary; throws where a request failed or the bound was reached.
 */
export async function load({ port, path, batch, connections, seconds, requestsMax }) {
  const file = join(freshDirectory("load"), "event.json");
  writeFileSync(file, template());
  const threads = Math.min(os.availableParallelism(), THREADS_MAX);
  const words = [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, "-s", SCRIPT];
  const bound = Math.ceil(requestsMax / threads);
  const own = [file, path, batch, nextRun(), AUTHORIZATION, bound].map(String);
  const child = start("wrk", [...words, `http://127.0.0.1:${port}`, "--", ...own]);
  let text = "";
  child.stdout.on("data", (chunk) => (text += chunk));
  child.stderr.on("data", (chunk) => (text += chunk));
  const timer = setTimeout(() => void end(child, 1_000), (seconds + 10) * 1e3);
  await Promise.all([child.ended, new Promise((settle) => child.stdout.once("close", settle))]);
  clearTimeout(timer);
  const found = /^RESULT (.*)$/m.exec(text);
  if (!found) throw new Error(`wrk gave no result:\n${text}`);
  return checked(JSON.parse(found[1]), requestsMax);
}

function checked(result, requestsMax) {
  if (result.capped) {
    throw new Error(`the bound of ${requestsMax} requests was reached; take fewer --seconds`);
  }
  const kinds = ["connect", "read", "write", "status", "timeout"];
  const failed = kinds.filter((kind) => result[kind] > 0).map((kind) => `${result[kind]} ${kind}`);
  if (failed.length > 0) throw new Error(`requests failed under load: ${failed.join(", ")}`);
  if (result.requests === 0) throw new Error("no request was answered");
  return result;
}
