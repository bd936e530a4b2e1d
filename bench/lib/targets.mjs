// The targets: what is promised, of which steps, and whether the measured values keep it.

/** Each names its row of the table, the steps it holds for, and how the value is read. */
export const TARGETS = [
  { row: "cpu_us", steps: ["b64", "b256"], most: 35, text: "≤ 35 in b" },
  { row: "cpu_us", steps: ["n8"], most: 25, text: "≤ 25 in n" },
  { row: "ratio", steps: ["b64", "b256"], least: 0.4, text: "≥ 0.40 in b" },
  { row: "ack_p50_ms", steps: ["e"], most: 1, text: "≤ 1" },
  { row: "arrive_p50_ms", steps: ["e"], most: 3, text: "≤ 3" },
  { row: "bare_ratio", steps: ["h"], least: 0.6, text: "≥ 0.60" },
  { row: "batch_cpu_us", steps: ["i"], most: 6, text: "≤ 6" },
  { row: "paced_p99_ms", steps: ["j"], most: 10, text: "≤ 10" },
  { row: "slow_ratio", steps: ["j"], most: 1.2, text: "≤ 1.20" },
  { row: "good_ratio", steps: ["l"], most: 1.2, text: "≤ 1.20" },
  { row: "watched_ratio", steps: ["v"], least: 0.98, text: "≥ 0.98" },
  { row: "gigabyte_bytes", steps: ["m"], most: 50e6, text: "≤ 50" },
  { row: "cpu_percent", steps: ["f"], most: 1, text: "≤ 1" },
  { row: "rss_bytes", steps: ["f"], most: 40e6, text: "≤ 40" },
  { row: "ready_fresh_ms", steps: ["f"], most: 300, text: "≤ 300" },
  { row: "ready_existing_ms", steps: ["f"], most: 300, text: "≤ 300" },
];

/** How each target stands: met, missed (and where), or not measured. */
export function verdicts(results) {
  return TARGETS.map(({ row, steps, most, least, text }) => {
    const measured = steps.filter((step) => Number.isFinite(results[step]?.[row]));
    const missed = measured.filter((step) => {
      const value = results[step][row];
      return (most !== undefined && value > most) || (least !== undefined && value < least);
    });
    const values = Object.fromEntries(measured.map((step) => [step, results[step][row]]));
    return { row, steps, text, values, missed, verdict: verdict(measured, missed) };
  });
}

function verdict(measured, missed) {
  if (measured.length === 0) return "not measured";
  if (missed.length === 0) return "met";
  return measured.length === 1 ? "missed" : `missed: ${missed.join(", ")}`;
}
