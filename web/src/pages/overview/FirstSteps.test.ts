// The steps of a newcomer are ticked by what the server has.
import { expect, it } from "vitest";
import type { Status } from "../../api/status";
import { stepsDone } from "./FirstSteps";

const bare = {
  accepted: 0,
  journal: { head: 1 },
  sources: [],
  destinations: [],
  connections: [],
} as unknown as Status;

const source = { id: "s", enabled: true };
const destination = { id: "d", enabled: true, delivered_first_try: 0, delivered_on_retry: 0 };
const connection = { source: "s", destination: "d", enabled: true };

const done = (change: object) => {
  const steps = stepsDone({ ...bare, ...change } as Status);
  return Object.entries(steps).flatMap(([step, is]) => (is ? [step] : []));
};

it.each([
  [{}, []],
  [{ sources: [source] }, ["source"]],
  [{ sources: [{ ...source, enabled: false }] }, []],
  [{ journal: { head: 2 } }, ["event"]],
  [{ destinations: [destination] }, []],
  [{ destinations: [destination], connections: [connection] }, ["destination"]],
  [{ destinations: [{ ...destination, enabled: false }], connections: [connection] }, []],
  [{ destinations: [destination], connections: [{ ...connection, enabled: false }] }, []],
  [{ destinations: [{ ...destination, delivered_on_retry: 1 }] }, ["delivered"]],
])("of %o done is %o", (change, wanted) => expect(done(change)).toEqual(wanted));
