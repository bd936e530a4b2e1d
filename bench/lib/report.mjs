// The results as people read them: one table, values right-aligned, each target beside its row.

const MB = 1e6;
const LOADS = ["a64", "a256", "b64", "b256", "k64", "c64", "c256", "d64", "n8"];

const whole = (value) => Math.round(value).toLocaleString("en-GB");
const fixed = (digits) => (value) => value.toFixed(digits);
const megabytes = (value) => (value / MB).toFixed(1);

const LOAD_ROWS = [
  ["accepted_per_second", "accepted/s, under load", whole],
  ["delivered_per_second", "delivered/s, until drained", whole],
  ["ratio", "… of the raw proxy's", fixed(2)],
  ["filter_ratio", "… of that without a filter", fixed(2)],
  ["drain_seconds", "drained after the load, s", fixed(2)],
  ["ack_p50_ms", "acknowledged p50, ms", fixed(2)],
  ["ack_p99_ms", "acknowledged p99, ms", fixed(2)],
  ["cpu_us", "CPU µs per delivery", fixed(1)],
  ["cpu_user_us", "… in the program", fixed(1)],
  ["cpu_system_us", "… in the kernel", fixed(1)],
  ["rss_max_bytes", "memory, highest seen, MB", megabytes],
  ["rss_peak_bytes", "memory, peak, MB", megabytes],
  ["written_bytes", "bytes written per event", whole],
  ["others_percent", "CPU of other programs, %", fixed(0)],
];

const SINGLE_ROWS = [
  ["e", "at 500 events/s"],
  ["e", "acknowledged p50, ms", "ack_p50_ms", fixed(2)],
  ["e", "acknowledged p99, ms", "ack_p99_ms", fixed(2)],
  ["e", "sent → arrived p50, ms", "arrive_p50_ms", fixed(2)],
  ["e", "sent → arrived p99, ms", "arrive_p99_ms", fixed(2)],
  ["e", "acknowledged → arrived p50, ms", "arrive_after_ack_p50_ms", fixed(2)],
  ["e", "acknowledged → arrived p99, ms", "arrive_after_ack_p99_ms", fixed(2)],
  ["e", "generator late p99, ms", "late_p99_ms", fixed(2)],
  ["f", "idle and start"],
  ["f", "idle CPU, % of a core", "cpu_percent", fixed(2)],
  ["f", "memory after start, MB", "rss_bytes", megabytes],
  ["f", "start to ready, fresh, ms", "ready_fresh_ms", fixed(0)],
  ["f", "start to ready, existing, ms", "ready_existing_ms", fixed(0)],
  ["g", "disk"],
  ["g", "fdatasync of 4 KiB p50, µs", "p50_us", whole],
  ["g", "fdatasync of 4 KiB p99, µs", "p99_us", whole],
  ["h", "intake alone, single events"],
  ["h", "bare server, requests/s", "bare_per_second", whole],
  ["h", "accepted/s", "accepted_per_second", whole],
  ["h", "… of the bare server's", "bare_ratio", fixed(2)],
  ["h", "bare server, CPU µs per request", "bare_cpu_us", fixed(1)],
  ["h", "CPU µs per event", "intake_cpu_us", fixed(1)],
  ["h", "CPU of other programs, %", "others_percent", fixed(0)],
  ["i", "intake alone, batches of 100"],
  ["i", "accepted/s", "accepted_per_second", whole],
  ["i", "CPU µs per event", "batch_cpu_us", fixed(1)],
  ["i", "CPU of other programs, %", "others_percent", fixed(0)],
  ["j", "intake alone, paced at half of its full load"],
  ["j", "full load, accepted/s", "full_per_second", whole],
  ["j", "pace, events/s", "paced_per_second", whole],
  ["j", "acknowledged p50, ms", "paced_p50_ms", fixed(2)],
  ["j", "acknowledged p99, ms", "paced_p99_ms", fixed(2)],
  ["j", "generator late p99, ms", "paced_late_p99_ms", fixed(2)],
  ["j", "slow connections held", "slow_held", whole],
  ["j", "acknowledged p99 beside them, ms", "slow_p99_ms", fixed(2)],
  ["j", "… of that without them", "slow_ratio", fixed(2)],
  ["j", "CPU of other programs, %", "others_percent", fixed(0)],
  ["l", "62 good destinations beside 38 bad ones"],
  ["l", "sent → arrived p99 alone, ms", "good_alone_p99_ms", fixed(2)],
  ["l", "sent → arrived p99 beside them, ms", "good_beside_p99_ms", fixed(2)],
  ["l", "… of that alone", "good_ratio", fixed(2)],
  ["v", "full load beside ten viewers"],
  ["v", "accepted/s alone", "alone_per_second", whole],
  ["v", "accepted/s beside them", "watched_per_second", whole],
  ["v", "… of that alone", "watched_ratio", fixed(3)],
  ["v", "CPU µs per delivery alone", "alone_cpu_us", fixed(1)],
  ["v", "CPU µs per delivery beside them", "watched_cpu_us", fixed(1)],
  ["v", "… of that alone", "watched_cpu_ratio", fixed(3)],
  ["v", "rows each of them saw in a turn", "viewer_rows", whole],
  ["v", "CPU of other programs, %", "others_percent", fixed(0)],
  ["m", "ten answers of a gigabyte at a time"],
  ["m", "memory grown, MB", "gigabyte_bytes", megabytes],
  ["m", "memory grown with good ones, MB", "gigabyte_alone_bytes", megabytes],
];

const TITLES = { a: "proxy", b: "single", c: "batch", d: "ten", k: "filter", n: "hundred" };

function cell(value, show) {
  return value === undefined || value === null || Number.isNaN(value) ? "–" : show(value);
}

function mark(verdicts, row, steps) {
  const found = verdicts.filter(
    (one) => one.row === row && one.steps.every((s) => steps.includes(s)),
  );
  const measured = found.filter((one) => one.verdict !== "not measured");
  const shown = measured.length === 0 ? found : measured;
  const joined = (part) => shown.map((one) => one[part]).join(", ");
  return [joined("text"), joined("verdict")];
}

/** The lines of the table. */
export function table(results, verdicts) {
  const columns = LOADS.filter((step) => results[step] && !results[step].failed);
  const width = Math.max(1, columns.length);
  const blank = (count) => Array(count).fill("");
  const title = (step) => `${step[0]} ${TITLES[step[0]]}`;
  const rows = [];
  if (columns.length > 0) {
    rows.push(["", ...columns.map(title), "target", ""]);
    rows.push(["connections", ...columns.map((step) => step.slice(1)), "", ""]);
    for (const [row, name, show] of LOAD_ROWS) {
      const cells = columns.map((step) => cell(results[step][row], show));
      if (cells.every((text) => text === "–")) continue;
      rows.push([name, ...cells, ...mark(verdicts, row, LOADS)]);
    }
  }
  for (const [step, name, row, show] of SINGLE_ROWS) {
    const result = results[step];
    if (!result || result.failed) continue;
    if (row === undefined) {
      const heading = rows.length === 0 ? ["target", ""] : ["", ""];
      rows.push(blank(width + 3), [`${step} ${name}`, ...blank(width), ...heading]);
      continue;
    }
    const value = cell(result[row], show);
    rows.push([name, value, ...blank(width - 1), ...mark(verdicts, row, [step])]);
  }
  return aligned(rows);
}

function aligned(rows) {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...rows.map((row) => row[column].length)),
  );
  const isText = (column) => column === 0 || column >= count - 2;
  const pad = (text, column) =>
    isText(column) ? text.padEnd(widths[column]) : text.padStart(widths[column]);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
}

/** The machine in two lines. */
export function headline(machine) {
  return [
    `postrider ${machine.commit}, ${machine.binary} of ${machine.binary_built_at}`,
    `${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}, ${machine.file_system}, ` +
      `nginx ${machine.nginx}, wrk ${machine.wrk}, node ${machine.node}`,
  ];
}
