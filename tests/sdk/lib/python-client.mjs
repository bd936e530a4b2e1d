// Runs python-client.py, which is a Python SDK in an application.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { within } from "./wait.mjs";
import { WRITE_KEY } from "./world.mjs";

const PYTHON = join(import.meta.dirname, "../.venv/bin/python");
const SCRIPT = join(import.meta.dirname, "python-client.py");

/** A call and its arguments as JSON, for numbers that JavaScript cannot hold. */
export class RawCall {
  constructor(json) {
    this.json = json;
  }
}

const asLine = (call) => (call instanceof RawCall ? call.json : JSON.stringify(call));

const RUDDERSTACK = { module: "rudderstack.analytics", url_setting: "dataPlaneUrl" };
const SEGMENT = { module: "segment.analytics", url_setting: "host" };

/** Makes the calls, each `[name, arguments]`, and answers what the SDK reported as failed. */
export const sendByPython = (url, calls, writeKey = WRITE_KEY) =>
  send({ ...RUDDERSTACK, url, write_key: writeKey }, calls);

/** The same by Segment's SDK. */
export const sendBySegmentPython = (url, calls) =>
  send({ ...SEGMENT, url, write_key: WRITE_KEY }, calls);

async function send(settings, calls) {
  const child = spawn(PYTHON, [SCRIPT], { stdio: ["pipe", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const closed = new Promise((settle, fail) => {
    child.once("error", fail);
    child.once("close", settle);
  });
  // Where it ends early, its exit code tells.
  child.stdin.on("error", () => {});
  child.stdin.end(
    [JSON.stringify(settings), ...calls.map(asLine)].map((line) => `${line}\n`).join(""),
  );
  try {
    const all = Promise.all([closed, text(child.stdout), text(child.stderr)]);
    const [code, stdout, stderr] = await within(all, "the Python client ends");
    if (code !== 0) throw new Error(`the Python client ended with ${code}\n${stderr}`);
    return JSON.parse(stdout);
  } finally {
    kill();
    process.off("exit", kill);
  }
}
