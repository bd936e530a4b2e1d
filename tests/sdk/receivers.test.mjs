// The receivers in examples/ take what the server signs, once, and refuse everything else.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach } from "node:test";
import { Webhook } from "standardwebhooks";
import { BUILT } from "./lib/line-client.mjs";
import { NodeClient } from "./lib/node-client.mjs";
import { NEW_SECRET, OLD_SECRET, signing } from "./lib/signatures.mjs";
import { Changing } from "./lib/wait.mjs";
import { story } from "./lib/world.mjs";

const EXAMPLES = join(import.meta.dirname, "../../examples/receivers");

const PROGRAMS = [
  { language: "node", words: ["node", join(EXAMPLES, "node/receiver.mjs")] },
  {
    language: "python",
    needs: "python",
    words: ["python3", join(EXAMPLES, "python/receiver.py")],
  },
  { language: "go", needs: "go", words: [join(BUILT, "go-receiver")] },
  {
    language: "java",
    needs: "java",
    words: ["java", "-cp", join(BUILT, "java-receiver"), "Receiver"],
  },
  { language: "rust", needs: "rust", words: [join(BUILT, "rust-receiver")] },
];

/** No program outlives its test. */
const running = new Set();
const killAll = () => {
  for (const child of running) child.kill("SIGKILL");
};
process.once("exit", killAll);
afterEach(killAll);

/** An example at work. */
class Example extends Changing {
  lines = [];
  #child;

  constructor([program, ...words]) {
    super();
    const env = { ...process.env, WEBHOOK_SECRET: NEW_SECRET, PORT: "0" };
    this.#child = spawn(program, words, { env, stdio: ["ignore", "pipe", "inherit"] });
    running.add(this.#child);
    this.#child.once("close", () => running.delete(this.#child));
    this.#child.once("error", (error) => this.#add(error.message));
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#add(line));
  }

  #add(line) {
    this.lines.push(line);
    this.changed();
  }

  /** Its URL, once it listens. */
  async listening() {
    const url = () => /^listening on (http:\S+)$/.exec(this.lines[0] ?? "")?.[1];
    this.url = await this.until(url, () => `the example listens: ${this.lines}`);
    return this.url;
  }

  /** What it says it has taken. */
  get taken() {
    return this.lines.filter((line) => line.startsWith("received "));
  }
}

/** A request as the server would sign it, a while ago. */
function request(body, { id = "m-1", secret = NEW_SECRET, ageSeconds = 0 } = {}) {
  const at = new Date(Date.now() - ageSeconds * 1000);
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": `${Math.floor(at / 1000)}`,
    "webhook-signature": new Webhook(secret).sign(id, at, body),
  };
  return { method: "POST", headers, body };
}

const EVENT = JSON.stringify({ type: "track", event: "Größe" });

/** Requests that nobody with the secret has sent just so, each with what is wrong. */
function forgeries() {
  const genuine = request(EVENT);
  const without = (name) => {
    const { [name]: _, ...headers } = genuine.headers;
    return { ...genuine, headers };
  };
  const set = (name, value) => ({ ...genuine, headers: { ...genuine.headers, [name]: value } });
  return [
    ["another body", { ...genuine, body: EVENT.replace("Größe", "Grösse") }],
    ["another secret", request(EVENT, { secret: OLD_SECRET })],
    ["another id", set("webhook-id", "m-2")],
    ["an old time", request(EVENT, { ageSeconds: 600 })],
    ["a time to come", request(EVENT, { ageSeconds: -600 })],
    ["an odd time", set("webhook-timestamp", "soon")],
    ["no id", without("webhook-id")],
    ["no time", without("webhook-timestamp")],
    ["no signature", without("webhook-signature")],
    ["an odd signature", set("webhook-signature", "v1,%%% v1 v1a,AAAA ,")],
  ];
}

for (const { language, needs, words } of PROGRAMS) {
  let example;
  const at = async () => {
    example = new Example(words);
    return example.listening();
  };
  const options = { needs, at, own: signing({ secret: NEW_SECRET }) };
  story(`the receiver in ${language} tells what is genuine`, options, async ({ server, wire }) => {
    const call = ["track", { messageId: "m-0", userId: "u", event: "Größe gewählt 🎉" }];
    assert.deepEqual(await new NodeClient(wire.url).send([call]), [undefined]);
    await example.until(() => example.taken.length === 1, "the example takes the event");
    await server.idle();
    assert.match(example.taken[0], /^received .*m-0$/);
    const status = async (one) => (await fetch(`${example.url}/hook`, one)).status;
    for (const [what, forged] of forgeries()) {
      assert.equal(await status(forged), 400, what);
    }
    const genuine = request(EVENT);
    const signature = genuine.headers["webhook-signature"];
    genuine.headers["webhook-signature"] = `v1,AAAA v1a,${signature.slice(3)} ${signature}`;
    assert.equal(await status(genuine), 200);
    assert.equal(await status(genuine), 200, "again, as after a lost answer");
    assert.equal(await status(request(EVENT, { id: "m-9" })), 200);
    await example.until(() => example.taken.at(-1).endsWith("m-9"), "the example takes the last");
    const ids = example.taken.map((line) => line.split(" ").at(-1));
    assert.deepEqual(ids, ["m-0", "m-1", "m-9"], "each is taken once");
  });
}
