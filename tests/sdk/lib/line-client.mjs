// SDKs of other languages than JavaScript: programs in clients/ that take calls line by line and
// answer what the SDK told of them.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterEach } from "node:test";
import { within } from "./wait.mjs";

const HERE = join(import.meta.dirname, "..");

/** Where `run` puts what it builds. */
export const BUILT = join(HERE, ".built");

/** The Python that has what requirements.txt names. */
export const PYTHON = join(HERE, ".venv/bin/python");

/** How the program of each language is run. */
const PROGRAMS = {
  python: [PYTHON, join(HERE, "clients/python/client.py")],
  "python-webhooks": [PYTHON, join(HERE, "clients/python/webhooks.py")],
  go: [join(BUILT, "go-client")],
  rust: [join(BUILT, "rust-client")],
  java: ["java", "-cp", `${join(BUILT, "java/classes")}:${join(BUILT, "java/jars/*")}`, "Client"],
};

/** A call as JSON, for numbers that JavaScript cannot hold. */
export class RawCall {
  constructor(json) {
    this.json = json;
  }
}

const asText = (call) => (call instanceof RawCall ? call.json : JSON.stringify(call));

/** No program outlives its test, also where that failed or was cut off. */
const running = new Set();
const killAll = () => {
  for (const child of running) child.kill("SIGKILL");
};
process.once("exit", killAll);
afterEach(killAll);

export class LineClient {
  #language;
  #child;
  #closed;
  #stderr;
  #answers;

  /** `settings` is what the program is told first. */
  constructor(language, settings) {
    const [program, ...words] = PROGRAMS[language];
    this.#language = language;
    this.#child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
    running.add(this.#child);
    this.#closed = new Promise((settle) => {
      this.#child.once("error", settle);
      this.#child.once("close", (code, signal) => settle(code ?? signal));
    }).finally(() => running.delete(this.#child));
    // Where it ends early, its exit code tells.
    this.#child.stdin.on("error", () => {});
    this.#stderr = text(this.#child.stderr);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#write(JSON.stringify(settings));
  }

  #write(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Makes the calls, each `[name, event]`, and answers what the program says of them. */
  async send(calls, deadlineMs) {
    this.#write(`[${calls.map(asText).join(",")}]`);
    const answer = within(this.#answers.next(), `the ${this.#language} client answers`, deadlineMs);
    const { value, done } = await answer;
    if (done) await this.#fail(await this.#closed);
    return JSON.parse(value);
  }

  /** Ends it well. */
  async close() {
    this.#child.stdin.end();
    const code = await within(this.#closed, `the ${this.#language} client ends`);
    if (code !== 0) await this.#fail(code);
  }

  async #fail(code) {
    throw new Error(`the ${this.#language} client ended with ${code}\n${await this.#stderr}`);
  }
}
