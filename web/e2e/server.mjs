// Starts a real Postrider on free ports with a fresh data directory, and ends it again.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { until } from "./until.mjs";

const START_MS_MAX = 20_000;

/**
 * @typedef {object} Server
 * @property {string} admin where the dashboard is
 * @property {string} gateway where events go
 * @property {() => Promise<void>} stop
 */

/**
 * @param {string} binary
 * @param {object} [workspace] what a workspace file says; without one the starter's is there
 * @param {Record<string, string>} [settings] as environment variables; anybody may come in without them
 * @returns {Promise<Server & {
 *   follow: (workspace: object) => Promise<void>,
 *   said: (pattern: RegExp) => Promise<string>,
 * }>} `said` waits for a printed line, and answers what the pattern's group found in it
 */
export async function startServer(binary, workspace, settings = {}) {
  const folder = await mkdtemp(join(tmpdir(), "postrider-e2e-"));
  const where = [
    "--data-dir",
    join(folder, "data"),
    "--gateway",
    "127.0.0.1:0",
    "--admin",
    "127.0.0.1:0",
    "--egress-allow",
    "127.0.0.0/8",
  ];
  const file = join(folder, "workspace.json");
  const follow = (/** @type {object} */ wanted) => writeFile(file, JSON.stringify(wanted));
  if (workspace) {
    await follow(workspace);
    where.push("--workspace", file);
  }
  // The server takes POSTRIDER_… variables for settings, and ours is none of them.
  const { POSTRIDER_BIN: _, ...inherited } = process.env;
  const env = { POSTRIDER_ADMIN_AUTH: "off", ...inherited, ...settings };
  const child = spawn(binary, ["serve", ...where], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  /** @type {Record<string, string>} */
  const listening = {};
  /** @type {string[]} */
  const lines = [];
  const print = createInterface({ input: child.stdout });
  const ready = new Promise((resolve) => {
    // Whatever it prints later is read, too, so that it never waits for us.
    print.on("line", (line) => {
      lines.push(line);
      const [, name, address] = /^(gateway|admin) listening on (\S+)$/.exec(line) ?? [];
      if (name && address) listening[name] = `http://${address}`;
      if (line === "ready") resolve(true);
    });
    print.on("close", resolve);
  });
  const said = async (/** @type {RegExp} */ pattern) => {
    const found = () => lines.map((line) => pattern.exec(line)?.[1]).find((text) => text);
    await until(async () => found() !== undefined);
    return `${found()}`;
  };
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not ready in ${START_MS_MAX} ms`)), START_MS_MAX);
  });
  try {
    await Promise.race([ready, late]);
  } finally {
    clearTimeout(timer);
  }
  const { admin, gateway } = listening;
  if (!admin || !gateway) {
    await stop();
    throw new Error("the server ended before it said where it listens and that it is ready");
  }
  return { admin, gateway, stop, follow, said };
}
