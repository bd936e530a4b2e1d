// The alert rules and the board in examples/ are PromQL that Prometheus parses, and ask for what the
// server tells: each metric, label and word is one of the reference page. The board is one of Grafana's.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parser } from "@prometheus-io/lezer-promql";
import { parse } from "yaml";
import { PYTHON } from "./lib/line-client.mjs";
import { skipWithout } from "./lib/world.mjs";

const ROOT = join(import.meta.dirname, "../..");
const read = (path) => readFileSync(join(ROOT, path), "utf8");

/** What the page says of each metric. */
const METRICS = new Map(
  read("docs/reference/metrics.md")
    .split("\n")
    .map((line) => /^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$/.exec(line))
    .filter((row) => row)
    .map(([, name, type, labels, help]) => [
      name,
      { type, labels: labels.match(/\w+/g) ?? [], help },
    ]),
);

/** A metric as it is asked for: its labels, and the words that its page knows. */
function metric(name) {
  const base = name.replace(/_(bucket|count|sum)$/, "");
  const known = METRICS.get(name) ?? METRICS.get(base);
  assert.ok(known, `${name} is not on the page`);
  const isPart = name !== base && METRICS.has(base);
  assert.equal(
    isPart,
    known.type === "histogram",
    `${name}: a histogram is asked for by its parts`,
  );
  return { ...known, labels: name.endsWith("_bucket") ? [...known.labels, "le"] : known.labels };
}

/** The nodes of an expression, each with its text and those around it. */
function nodesOf(expression) {
  const nodes = [];
  const around = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      assert.ok(!type.isError, `${expression}: no PromQL at ${from}`);
      const node = { kind: type.name, text: expression.slice(from, to), around: [...around] };
      nodes.push(node);
      around.push(node);
    },
    leave: () => around.pop(),
  });
  return nodes;
}

/** Checks an expression; answers the labels that its values have. */
function check(expression) {
  // As Grafana fills them in.
  const filled = expression.replaceAll("$__rate_interval", "5m").replaceAll("$destination", ".*");
  const nodes = nodesOf(filled);
  const within = (node, kind) => node.around.findLast((outer) => outer.kind === kind);
  const selectors = nodes.filter((node) => node.kind === "VectorSelector");
  assert.notEqual(selectors.length, 0, expression);
  const metrics = selectors.map((selector) => {
    const name = nodes.find((node) => node.kind === "Identifier" && node.around.includes(selector));
    assert.ok(name, `${expression}: a metric without a name`);
    return { selector, ...metric(name.text) };
  });
  for (const matcher of nodes.filter((node) => node.kind === "UnquotedLabelMatcher")) {
    const { labels, help } = metrics.find((one) => matcher.around.includes(one.selector));
    const [, label, value] = /^(\w+)\s*[=!~]+\s*"(.*)"$/.exec(matcher.text);
    assert.ok(labels.includes(label), `${expression}: no label ${label}`);
    for (const word of value === ".*" ? [] : value.split("|")) {
      assert.match(help, new RegExp(`\\b${word}\\b`), `${expression}: no ${label} ${word}`);
    }
  }
  const groups = nodes.filter(
    (node) => node.kind === "LabelName" && within(node, "GroupingLabels"),
  );
  for (const label of groups) {
    const aggregate = within(label, "AggregateExpr");
    for (const { selector, labels } of metrics) {
      if (!selector.around.includes(aggregate)) continue;
      assert.ok(labels.includes(label.text), `${expression}: no label ${label.text}`);
    }
  }
  const aggregate = nodes.find((node) => node.kind === "AggregateExpr");
  if (!aggregate) return metrics.flatMap(({ labels }) => labels);
  return groups
    .filter((label) => within(label, "AggregateExpr") === aggregate)
    .map((it) => it.text);
}

/** Checks that a text for people names labels that there are. */
function checkText(text, pattern, labels) {
  for (const [, label] of text.matchAll(pattern)) {
    assert.ok(labels.includes(label), `${text}: ${label} is none of ${labels}`);
  }
}

test("every alert rule asks for what there is, and the guide lists it", () => {
  const { groups } = parse(read("examples/monitoring/alerts.yml"), { strict: true });
  const rules = groups.flatMap((group) => group.rules);
  assert.notEqual(rules.length, 0);
  const guide = read("docs/guides/monitoring.md");
  const listed = [...guide.matchAll(/^\| `(Postrider\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(
    rules.map((rule) => rule.alert),
    listed,
  );
  for (const { alert, expr, for: wait = "0m", labels, annotations, ...more } of rules) {
    assert.deepEqual(Object.keys(more), [], `${alert}: unknown members`);
    assert.match(wait, /^\d+[smh]$/);
    assert.match(labels.severity, /^(page|ticket)$/);
    const own = check(expr);
    for (const text of [annotations.summary, annotations.what_to_do]) {
      checkText(text, /\$labels\.(\w+)/g, own);
    }
  }
});

test("every panel of the board asks for what there is, and stands apart from the others", () => {
  const board = JSON.parse(read("examples/monitoring/grafana.json"));
  const source = { type: "prometheus", uid: `\${datasource}` };
  const { list } = board.templating;
  assert.deepEqual(
    list.map(({ name }) => name),
    ["datasource", "destination"],
  );
  const [, name, label] = /^label_values\((\w+), (\w+)\)$/.exec(list[1].query.query);
  assert.ok(metric(name).labels.includes(label));
  const taken = new Set();
  const ids = board.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, "ids are unique");
  for (const { title, datasource, gridPos, targets } of board.panels) {
    assert.deepEqual(datasource, source, title);
    const { x, y, w, h } = gridPos;
    assert.ok(x + w <= 24, `${title} is wider than the board`);
    for (let at = 0; at < w * h; at += 1) {
      const place = `${x + (at % w)},${y + Math.floor(at / w)}`;
      assert.ok(!taken.has(place), `${title} lies on another panel`);
      taken.add(place);
    }
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    for (const target of targets) {
      assert.deepEqual(target.datasource, source, title);
      checkText(target.legendFormat ?? "", /\{\{\s*(\w+)\s*\}\}/g, check(target.expr));
    }
  }
});

/** Every member of a value that another one lacks, or has otherwise. */
function lost(value, other, path = "board") {
  if (value === null || typeof value !== "object") return value === other ? [] : [path];
  if (other === null || typeof other !== "object") return [path];
  return Object.keys(value).flatMap((key) => lost(value[key], other[key], `${path}.${key}`));
}

/** What of a board is lost or changed where Grafana's own library has read it. */
function lostOf(board) {
  const reader = join(import.meta.dirname, "clients/python/board.py");
  const input = JSON.stringify(board);
  return lost(board, JSON.parse(execFileSync(PYTHON, [reader], { input, encoding: "utf8" })));
}

const skip = skipWithout("python");

test("the board is what Grafana's own library takes it for, to the last member", { skip }, () => {
  const board = JSON.parse(read("examples/monitoring/grafana.json"));
  assert.deepEqual(lostOf(board), []);
  const wrong = structuredClone(board);
  wrong.panels[0].gridPosition = wrong.panels[0].gridPos;
  wrong.tilte = wrong.title;
  assert.deepEqual(lostOf(wrong), ["board.panels.0.gridPosition", "board.tilte"]);
});

test("what is no PromQL, or asks for what there is not, is found", () => {
  for (const [expression, why] of [
    ["rate(postrider_waiting[5m]", /no PromQL/],
    ["postrider_wating", /is not on the page/],
    ["rate(postrider_events_accepted[5m])", /is not on the page/],
    ["postrider_attempt_seconds", /by its parts/],
    ['postrider_waiting{dest="a"}', /no label dest/],
    ['postrider_destination_state{state=~"holding|dead"}', /no state dead/],
    ["sum by (source) (postrider_waiting)", /no label source/],
  ]) {
    assert.throws(() => check(expression), why, expression);
  }
  assert.deepEqual(check("sum by (reason) (rate(postrider_rejections_total[5m]))"), ["reason"]);
});
