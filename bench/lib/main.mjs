// The whole run, from top to bottom: look around, take each step, show what came of it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { endAll, prepare } from "./ground.mjs";
import { measureIdle } from "./idle.mjs";
import { measureBatches, measureIntake, measurePaced } from "./intake.mjs";
import { measureGigabytes, measureIsolation } from "./isolation.mjs";
import { measureLatency } from "./latency.mjs";
import { facts, probeDisk, surroundings } from "./machine.mjs";
import { nowMs } from "./numbers.mjs";
import { readOptions } from "./options.mjs";
import { headline, table } from "./report.mjs";
import { verdicts } from "./targets.mjs";
import { measureProxy, measureServer } from "./throughput.mjs";
import { measureViewers } from "./viewers.mjs";

/** Where Debian puts servers such as nginx, which not every user has in the path. */
process.env.PATH += ":/usr/sbin:/sbin";

/** Other programs may take this much before a run counts as disturbed, in percent of all cores. */
const OTHERS_PERCENT_MAX = 10;

const note = (text) => process.stderr.write(`${text}\n`);

/** Measures what the words of the command line ask for. */
export async function main(words) {
  const options = readOptions(words);
  const started = nowMs();
  const leftMs = () => started + options.budgetSeconds * 1e3 - nowMs();
  prepare(options.out);
  const stop = setTimeout(
    () => {
      note("error: the run takes too long and is ended");
      void endAll().finally(() => process.exit(1));
    },
    (options.budgetSeconds + 10) * 1e3,
  );
  const machine = facts(options);
  for (const line of headline(machine)) note(line);
  const around = await surroundings();
  const warnings = warn(machine, around);
  const results = {};
  for (const step of options.steps) results[step] = await take(step, options, leftMs);
  await endAll();
  clearTimeout(stop);
  warnings.push(...uncounted(results), ...disturbed(results));
  addRatios(results);
  const judged = verdicts(results);
  const failed = Object.entries(results).filter(([, result]) => result.failed);
  show(results, judged, warnings, failed);
  const report = {
    measured_at: new Date().toISOString(),
    took_seconds: (nowMs() - started) / 1e3,
    options: { seconds: options.seconds, quick: options.quick, steps: options.steps },
    machine,
    surroundings: around,
    warnings,
    results,
    targets: judged,
  };
  const file = join(options.out, "latest.json");
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  note(`\nwritten to ${file}`);
  const isMissed = judged.some((one) => one.missed.length > 0);
  process.exit(failed.length > 0 || (options.strict && isMissed) ? 1 : 0);
}

/** Takes one step; what goes wrong becomes its result, and the others go on. */
async function take(step, options, leftMs) {
  const needed = secondsOf(step, options);
  if (leftMs() < needed * 1e3) {
    note(`${step}: left out, there is no time for it`);
    return { failed: "left out: no time" };
  }
  note(`${step} …`);
  try {
    return await measure(step, options, leftMs);
  } catch (error) {
    note(`${step}: FAILED: ${error.message}`);
    return { failed: error.message };
  }
}

/** What a step needs at least. */
function secondsOf(step, { seconds, quick }) {
  const alone = { h: 20, i: 9, j: 36, l: 50, m: 14, v: 50 };
  const usual = { g: 3, e: quick ? 6 : 13, f: quick ? 8 : 14, d64: 10, n8: 30, ...alone };
  return usual[step] ?? seconds + 4;
}

function measure(step, options, leftMs) {
  const { bin, quick, programs } = options;
  const connections = Number(step.slice(1));
  // Many deliveries for each event: a shorter load, so that the drain stays short.
  const seconds = "dn".includes(step[0])
    ? Math.max(1, Math.round(options.seconds / 4))
    : options.seconds;
  switch (step[0]) {
    case "a":
      return measureProxy({ connections, seconds });
    case "e":
      return measureLatency({ seconds: quick ? 4 : 10, bin });
    case "f":
      return measureIdle({ idleSeconds: quick ? 3 : 5, starts: quick ? 3 : 5, bin });
    case "g":
      return probeDisk();
    case "h":
      return measureIntake({ seconds: 2, turns: 4, bin, programs });
    case "i":
      return measureBatches({ seconds: 2, turns: 3, bin });
    case "l":
      return measureIsolation({ seconds: 4, turns: 3, bin, programs });
    case "m":
      return measureGigabytes({ seconds: 4, bin, programs });
    case "v":
      return measureViewers({ seconds: 3, turns: 4, bin });
    case "j":
      return measurePaced({ seconds: 3, turns: 4, bin, programs });
    default: {
      const patienceMs = Math.max(5_000, leftMs() - (seconds + 1) * 1e3);
      const say = (text) => note(`  ${text}`);
      return measureServer({ kind: step[0], connections, seconds, bin, patienceMs, say });
    }
  }
}

function warn(machine, around) {
  const warnings = [];
  if (around.is_busy) {
    const load = around.loadavg_1m.toFixed(2);
    const busy = Math.round(around.busy_percent);
    warnings.push(
      `the machine is busy: load ${load}, ${busy} % of all cores; take the numbers with care`,
    );
  }
  if (/\/debug\//.test(machine.binary)) warnings.push("this is a debug build");
  for (const warning of warnings) note(`warning: ${warning}`);
  return warnings;
}

function disturbed(results) {
  const steps = Object.entries(results).filter(
    ([, result]) => result.others_percent + result.stolen_percent > OTHERS_PERCENT_MAX,
  );
  if (steps.length === 0) return [];
  const names = steps.map(([step]) => step).join(", ");
  return [`other programs took more than ${OTHERS_PERCENT_MAX} % of all cores during ${names}`];
}

function uncounted(results) {
  const rows = Object.entries(results).filter(([, result]) => result.stored > result.accepted);
  return rows.map(([step, { stored, accepted }]) => {
    const missing = `${stored - accepted} of ${stored} events`;
    return `${step}: ${missing} were stored and delivered, but not counted as accepted`;
  });
}

/** Sets deliveries in relation to what the raw proxy passed on, and to those without a filter. */
function addRatios(results) {
  for (const [step, result] of Object.entries(results)) {
    const raw = results[`a${step.slice(1)}`]?.delivered_per_second;
    if (step[0] === "a" || raw === undefined || result.failed) continue;
    result.ratio = result.delivered_per_second / raw;
  }
  const [without, within] = [results.b64, results.k64];
  if (!without || !within || without.failed || within.failed) return;
  within.filter_ratio = within.delivered_per_second / without.delivered_per_second;
}

function show(results, judged, warnings, failed) {
  console.log(`\n${table(results, judged).join("\n")}\n`);
  for (const warning of warnings) console.log(`warning: ${warning}`);
  for (const [step, result] of failed) console.log(`FAILED: ${step}: ${result.failed}`);
}
