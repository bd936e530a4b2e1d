// What a run stands on: its temporary directory and its processes, both gone when it ends, however
// it ends. Only processes started here are ever signalled, each by its own id.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

const children = new Set();
let directory;

/** Makes the run's temporary directory. */
export function prepare(out) {
  mkdirSync(out, { recursive: true });
  directory = mkdtempSync(join(out, "run-"));
  process.on("exit", () => {
    // Only after a fault of this program is anything left; nginx's master must be asked, because
    // its workers outlive it otherwise.
    for (const child of children) child.kill("SIGTERM");
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => void leaveAfterSignal(signal));
  }
}

async function leaveAfterSignal(signal) {
  process.stderr.write(`\n${signal}: cleaning up\n`);
  await endAll();
  process.exit(130);
}

/** Ends every process that is left. */
export async function endAll() {
  await Promise.all([...children].map((child) => end(child, 2_000)));
}

/** A fresh directory for one use. */
export function freshDirectory(name) {
  return mkdtempSync(join(directory, `${name}-`));
}

/** Removes such a directory early, because it is large. */
export function removeDirectory(path) {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

/** Remembers a child until it has ended; `ended` settles then. */
export function adopt(child) {
  children.add(child);
  child.ended = new Promise((settle) => {
    child.once("error", (error) => {
      children.delete(child);
      settle({ error });
    });
    child.once("exit", (code, signal) => {
      children.delete(child);
      settle({ code, signal });
    });
  });
  return child;
}

/** Starts a program. */
export function start(program, words, options = {}) {
  return adopt(spawn(program, words, options));
}

/** Asks a child to end, and makes it end where it does not. */
export async function end(child, patienceMs = 10_000) {
  if (child.exitCode !== null || child.signalCode !== null) return child.ended;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  const ended = await child.ended;
  clearTimeout(timer);
  return ended;
}
