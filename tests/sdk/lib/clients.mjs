// The SDKs that say what became of each event, as senders: each is opened on a data plane URL, takes
// goes of steps, and answers for each step null where the SDK said that it was delivered, else what
// the SDK said.

import { LineClient } from "./line-client.mjs";
import { NodeClient } from "./node-client.mjs";
import { pythonClient, segmentPythonClient } from "./python-client.mjs";
import { SegmentClient } from "./segment-client.mjs";
import { WRITE_KEY } from "./world.mjs";

const idOf = ({ sender, userId, n }) => `${sender}-${userId}-${n}`;

const asCall = (step) => {
  const { userId, sender, n } = step;
  const properties = { sender, n, text: "süß & <b>🎉</b>" };
  return ["track", { messageId: idOf(step), userId, event: "Step Taken", properties }];
};

/** Go, Rust and Java answer just that. */
function lineSender(language) {
  return (url, { writeKey = WRITE_KEY } = {}) => {
    const client = new LineClient(language, { url, writeKey });
    return {
      call: (calls, deadlineMs) => client.send(calls, deadlineMs),
      send: (steps, deadlineMs) => client.send(steps.map(asCall), deadlineMs),
      close: () => client.close(),
    };
  };
}

/** Python's answer what failed, with the ids of the events. */
function pythonSender(open) {
  return (url) => {
    const client = open(url);
    const asPython = ([name, { messageId, userId, event, properties }]) => [
      name,
      { message_id: messageId, user_id: userId, event, properties },
    ];
    const send = async (steps, deadlineMs) => {
      const failures = await client.send(
        steps.map((one) => asPython(asCall(one))),
        deadlineMs,
      );
      const failed = new Map(failures.flatMap(({ text, ids }) => ids.map((id) => [id, text])));
      return steps.map((one) => failed.get(idOf(one)) ?? null);
    };
    return { send, close: () => client.close() };
  };
}

/** Node's call back with an error. */
function nodeSender(Client) {
  return (url) => {
    const client = new Client(url);
    const send = async (steps) => {
      const errors = await client.send(steps.map(asCall));
      return errors.map((error) => error?.message ?? null);
    };
    return { client, send, close: async () => client.close?.() };
  };
}

/**
 * `needs` is what a machine may lack, `batch` the most steps that one request holds, `keepsOrder`
 * whether the steps of a go keep their order, `deadlineMs` how long a go may take where the SDK
 * itself waits longer than tests do.
 */
export const NODE = {
  name: "the Node SDK",
  open: nodeSender(NodeClient),
  batch: 20,
  keepsOrder: true,
};

export const PYTHON = {
  name: "the Python SDK",
  needs: "python",
  open: pythonSender(pythonClient),
  batch: 100,
  keepsOrder: true,
  // Its fifth wait is up to 16 s, and the sixth up to 32 s, by chance.
  deadlineMs: 60_000,
};

export const GO = {
  name: "the Go SDK",
  needs: "go",
  open: lineSender("go"),
  batch: 250,
  keepsOrder: true,
};

export const RUST = {
  name: "the Rust SDK",
  needs: "rust",
  open: lineSender("rust"),
  batch: 1,
  keepsOrder: true,
};

export const JAVA = {
  name: "the Java SDK",
  needs: "java",
  open: lineSender("java"),
  batch: 250,
  keepsOrder: true,
  // It tries again after up to 30 s, and then after up to 60 s, by chance.
  deadlineMs: 120_000,
};

export const SEGMENT_NODE = {
  name: "Segment's Node SDK",
  open: nodeSender(SegmentClient),
  batch: 15,
  keepsOrder: true,
};

export const SEGMENT_PYTHON = {
  name: "Segment's Python SDK",
  needs: "python",
  open: pythonSender(segmentPythonClient),
  batch: 100,
  keepsOrder: true,
};
