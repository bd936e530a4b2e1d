// What the kernel knows about processes: CPU time, memory, bytes written; read from /proc.

import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import { nowMs } from "./numbers.mjs";

/** Linux reports CPU time in these to every program. */
const TICKS_PER_SECOND = 100;
const TICK_US = 1e6 / TICKS_PER_SECOND;

function statFields(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name may hold blanks and brackets; after its end come numbers, field 3 first.
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** CPU time of a process with all its threads, in microseconds. */
export function cpuOf(pid) {
  const fields = statFields(pid);
  const [user, system] = [Number(fields[11]) * TICK_US, Number(fields[12]) * TICK_US];
  return { user, system, total: user + system };
}

/** CPU time of this process and of its children that have ended, in microseconds. */
export function cpuOfSelfAndEnded() {
  const fields = statFields("self");
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) * TICK_US;
}

/** CPU time of a process to the nanosecond, in microseconds; null where the kernel keeps none. */
export function fineCpuOf(pid) {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const runtime = (task) =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "latin1").split(" ")[0]);
    return tasks.reduce((sum, task) => sum + runtime(task), 0) / 1e3;
  } catch {
    return null;
  }
}

/** A process and its children, such as nginx's master and workers. */
export function familyOf(pid) {
  const children = readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return Number(statFields(name)[1]) === pid;
    } catch {
      return false;
    }
  });
  return [pid, ...children.map(Number)];
}

/** CPU time of several processes together. */
export function cpuOfAll(pids) {
  const sum = { user: 0, system: 0, total: 0 };
  for (const pid of pids) {
    const one = cpuOf(pid);
    for (const part of Object.keys(sum)) sum[part] += one[part];
  }
  return sum;
}

/** Resident memory now and at its highest, in bytes. */
export function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/status`, "latin1");
  const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1024;
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}

/** Bytes a process has sent towards the disk; null where nobody may see it. */
export function bytesWrittenBy(pid) {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "latin1"))[1]);
  } catch {
    return null;
  }
}

/** CPU time that all programs of the machine have used, and what its host took away. */
export function cpuOfMachine() {
  const line = readFileSync("/proc/stat", "latin1").split("\n", 1)[0];
  const [user, nice, system, , , , , stolen] = line.split(/\s+/).slice(1).map(Number);
  return { busy: (user + nice + system) * TICK_US, stolen: (stolen ?? 0) * TICK_US };
}

/** Watches the memory of a process; `stop` answers the highest that was seen. */
export function watchMemory(pid, intervalMs = 250) {
  let highest = 0;
  const look = () => {
    try {
      highest = Math.max(highest, memoryOf(pid).now);
    } catch {
      // It has ended; whoever uses it finds out.
    }
  };
  look();
  const timer = setInterval(look, intervalMs);
  return {
    stop() {
      clearInterval(timer);
      look();
      return highest;
    },
  };
}

/** Measures what other programs do meanwhile; `stop` answers it in percent of all cores. */
export function watchOthers(ownCpu) {
  const own = () => cpuOfSelfAndEnded() + ownCpu();
  const [machine, ours, since] = [cpuOfMachine(), own(), nowMs()];
  return {
    stop() {
      const now = cpuOfMachine();
      const all = (nowMs() - since) * 1e3 * os.availableParallelism();
      const others = now.busy - machine.busy - (own() - ours);
      return {
        others_percent: Math.max(0, (100 * others) / all),
        stolen_percent: (100 * (now.stolen - machine.stolen)) / all,
      };
    },
  };
}
