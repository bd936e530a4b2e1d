// Waits for a state of the server, asked for again and again.
import { setTimeout } from "node:timers/promises";

const AGAIN_MS = 50;
const MS_MAX = 30_000;

/** @param {() => Promise<boolean>} is */
export async function until(is) {
  const end = performance.now() + MS_MAX;
  while (!(await is())) {
    if (performance.now() > end) throw new Error(`waited ${MS_MAX} ms for: ${is}`);
    await setTimeout(AGAIN_MS);
  }
}
