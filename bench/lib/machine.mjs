// The machine and how busy it is: facts that numbers have to be read with.

import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, fdatasyncSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { freshDirectory } from "./ground.mjs";
import { percentile, sleep } from "./numbers.mjs";
import { cpuOfMachine } from "./proc.mjs";

const PROBES = 300;
const PROBE_BYTES = 4_096;

/** Programs write their version to either stream, and some fail while doing so. */
function versionOf(program, words, pattern) {
  const ran = spawnSync(program, words, { encoding: "utf8" });
  if (ran.error) throw new Error(`${program} is needed; \`tools/need bench\` installs it`);
  return pattern.exec(ran.stdout + ran.stderr)?.[1] ?? "unknown";
}

function git(root, ...words) {
  try {
    return execFileSync("git", words, { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return "";
  }
}

/** What a reader of the results has to know about the machine and the programs. */
export function facts({ root, bin }) {
  const changed = git(root, "status", "--porcelain") !== "";
  return {
    cores: os.availableParallelism(),
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    memory_bytes: os.totalmem(),
    kernel: os.release(),
    node: process.version,
    nginx: versionOf("nginx", ["-v"], /nginx\/(\S+)/),
    wrk: versionOf("wrk", ["-v"], /^wrk (\S+)/m),
    file_system: fileSystemOf(join(root, "bench")),
    commit: git(root, "rev-parse", "--short", "HEAD") + (changed ? " (changed)" : ""),
    binary: bin,
    binary_version: versionOf(bin, ["--version"], /^(.*)$/m),
    binary_built_at: statSync(bin).mtime.toISOString(),
  };
}

function fileSystemOf(path) {
  const mounts = readFileSync("/proc/self/mounts", "utf8").trim().split("\n");
  const places = mounts.map((line) => line.split(" "));
  const holds = ([, place]) => path === place || path.startsWith(place.replace(/\/?$/, "/"));
  const [best] = places.filter(holds).sort((a, b) => b[1].length - a[1].length);
  return best ? `${best[2]} (${best[3].split(",").slice(0, 2).join(",")})` : "unknown";
}

/** How busy the machine is before anything starts. */
export async function surroundings() {
  const cores = os.availableParallelism();
  const [start, since] = [cpuOfMachine(), process.hrtime.bigint()];
  await sleep(1_000);
  const now = cpuOfMachine();
  const passed = Number(process.hrtime.bigint() - since) / 1e3;
  const [load] = os.loadavg();
  const busy = (100 * (now.busy - start.busy)) / passed / cores;
  return { loadavg_1m: load, busy_percent: busy, is_busy: busy > 10 || load > cores };
}

/** Step g: what one sync of a small append costs on the disk the data directories are on. */
export function probeDisk() {
  const file = openSync(join(freshDirectory("probe"), "probe"), "a");
  const bytes = Buffer.alloc(PROBE_BYTES, "x");
  const times = [];
  for (let index = 0; index < PROBES; index += 1) {
    writeSync(file, bytes);
    const start = process.hrtime.bigint();
    fdatasyncSync(file);
    times.push(Number(process.hrtime.bigint() - start) / 1e3);
  }
  closeSync(file);
  return { count: PROBES, p50_us: percentile(times, 50), p99_us: percentile(times, 99) };
}
