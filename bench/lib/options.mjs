// The command line: what to measure, for how long, with which binary.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

/** Every step, in the order in which they run; what matters most comes first. */
const DELIVERY_STEPS = ["g", "a64", "a256", "b64", "k64", "b256", "e", "f", "c64", "c256", "d64"];
const WIDE_STEPS = ["n8"];
export const STEPS = [...DELIVERY_STEPS, ...WIDE_STEPS, "h", "i", "j", "l", "m", "v"];
const QUICK_STEPS = ["g", "a64", "b64", "e", "f", "c64"];

const SECONDS_MAX = 60;
const ROOT = resolve(import.meta.dirname, "../..");

const HELP = `Measures Postrider on this machine, next to a raw proxy.

Usage: bench/run [OPTIONS]

      --quick        Fewer and shorter steps, at most a minute
      --only STEPS   Only these steps, as in "b64" or "a,b,e": ${STEPS.join(" ")}
      --seconds N    Length of each load, 1 to ${SECONDS_MAX} [default: 4, quick: 2]
      --bin PATH     The binary [default: target/release/postrider]
      --programs DIR The small programs of steps h, j, l and m
                     [default: target/release/examples]
      --strict       Exit with 1 when a target is missed
  -h, --help         This text

Steps: a raw proxy, b single events, k single events through a filter, c batches of 20, d ten
destinations, n a hundred (the number is that of connections), e latency at 500 events a second, f idle and start, g sync cost of the disk; without
any destination: h single events next to a bare server, i batches of 100, j half of the full load;
with bad endpoints: l good destinations beside 38 bad ones, m answers of a gigabyte; with ten
viewers: v.
Results: the table, and bench/out/latest.json. Exit code: 0 measured, 1 something failed or, with
--strict, a target was missed, 2 a mistake in the command line.`;

/** Ends the program: help, or a mistake. */
function leave(code, text) {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

function parse(words) {
  const options = {
    quick: { type: "boolean", default: false },
    strict: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
    only: { type: "string", multiple: true, default: [] },
    seconds: { type: "string" },
    bin: { type: "string" },
    programs: { type: "string" },
  };
  try {
    return parseArgs({ args: words, options }).values;
  } catch (error) {
    return leave(2, `error: ${error.message}\nTry bench/run --help`);
  }
}

/** The steps that a list of names or first letters asks for. */
function chosen(names, all) {
  if (names.length === 0) return all;
  const wanted = names.flatMap((name) => name.split(",")).filter((name) => name !== "");
  for (const name of wanted) {
    if (!STEPS.some((step) => step.startsWith(name))) {
      leave(2, `error: --only ${name}: no such step; there are ${STEPS.join(" ")}`);
    }
  }
  return STEPS.filter((step) => wanted.some((name) => step === name || step[0] === name));
}

function seconds(text, usual) {
  if (text === undefined) return usual;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > SECONDS_MAX) {
    leave(2, `error: --seconds ${text}: a whole number from 1 to ${SECONDS_MAX} is needed`);
  }
  return number;
}

/** Reads the command line; ends the program where it asks for help or holds a mistake. */
export function readOptions(words) {
  const values = parse(words);
  if (values.help) leave(0, HELP);
  const usual = values.quick ? 2 : 4;
  const length = seconds(values.seconds, usual);
  const bin = resolve(values.bin ?? resolve(ROOT, "target/release/postrider"));
  if (!existsSync(bin)) leave(2, `error: ${bin} is not there; \`make release\` builds it`);
  const programs = resolve(values.programs ?? resolve(ROOT, "target/release/examples"));
  const steps = chosen(values.only, values.quick ? QUICK_STEPS : STEPS);
  // Longer loads drain longer, too.
  const longer = Math.max(0, length - usual) * steps.length * 4;
  return {
    root: ROOT,
    out: resolve(ROOT, "bench/out"),
    bin,
    programs,
    quick: values.quick,
    strict: values.strict,
    seconds: length,
    steps,
    budgetSeconds: (values.quick ? 60 : 360) + longer,
  };
}
