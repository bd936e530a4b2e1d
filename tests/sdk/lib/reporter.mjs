// What `run` prints: a line per test, what went wrong under it, the skipped tests, and the count as
// the last line. An unfinished test counts as failed, and so does a run without tests, or one with
// skipped tests where CI is true.

import { inspect } from "node:util";

/** The runner's own counts come as diagnostics, too. */
const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

const indent = (text) => text.replace(/^(?=.)/gm, "     ");

/** The assertion itself; the runner wraps it. */
function reason(error) {
  const inner = error?.code === "ERR_TEST_FAILURE" && error.cause ? error.cause : error;
  return inner?.stack ?? inspect(inner);
}

function line(word, { name, details }) {
  return `${word} ${name} (${Math.round(details.duration_ms)} ms)\n`;
}

export default async function* report(events) {
  const counts = { passed: 0, failed: 0 };
  const skipped = [];
  for await (const { type, data } of events) {
    if (type === "test:pass" && data.skip !== undefined) {
      skipped.push(`skipped: ${data.name} (${data.skip})\n`);
    } else if (type === "test:pass" && data.todo !== undefined) {
      counts.failed += 1;
      yield line("FAIL unfinished:", data);
    } else if (type === "test:pass") {
      counts.passed += 1;
      yield line("ok  ", data);
    } else if (type === "test:fail") {
      counts.failed += 1;
      yield `${line("FAIL", data)}${indent(reason(data.details.error))}\n`;
    } else if (type === "test:diagnostic" && !TOTAL.test(data.message)) {
      yield `${indent(data.message)}\n`;
    } else if (type === "test:stderr" || type === "test:stdout") {
      yield indent(data.message);
    }
  }
  if (counts.passed + counts.failed + skipped.length === 0) {
    counts.failed = 1;
    yield "FAIL no test was run\n";
  }
  const isIncomplete = skipped.length > 0 && process.env.CI === "true";
  if (counts.failed > 0 || isIncomplete) process.exitCode = 1;
  yield* skipped;
  if (isIncomplete) yield "FAIL nothing may be skipped where CI is true\n";
  const also = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  yield `${counts.passed} passed, ${counts.failed} failed${also}\n`;
}
