// Child process of step e: sends events at a fixed pace, whether or not answers come.
//
// In: one IPC message with port, template, rate, count and warm-up. Out: per event when it was due,
// when its sending began and when its answer was there, on the machine's monotonic clock.

import { connect } from "node:net";
import { AUTHORIZATION, fill } from "./event.mjs";

const CONNECTIONS = 16;
const CONNECTIONS_MAX = 512;

process.once("message", (order) => void run(order).catch(fail));

function fail(error) {
  process.send({ error: error.message }, () => process.exit(1));
}

function now() {
  return Number(process.hrtime.bigint());
}

/** A kept connection that carries one request at a time. */
class Line {
  #socket;
  #text = "";
  #settle;

  constructor(port) {
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.open = new Promise((settle) => this.#socket.once("connect", settle));
    this.#socket.once("error", fail);
    this.#socket.on("close", () => this.#settle && fail(new Error("an answer did not come")));
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text) => this.#read(text, now()));
  }

  /** Sends a request; settles with the time at which its answer was there. */
  ask(request) {
    this.#socket.write(request);
    return new Promise((settle) => (this.#settle = settle));
  }

  close() {
    this.#socket.destroy();
  }

  #read(text, at) {
    this.#text += text;
    const headEnd = this.#text.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const length = Number(/^content-length: (\d+)/im.exec(this.#text)?.[1]);
    if (this.#text.length < headEnd + 4 + length) return;
    if (!this.#text.startsWith("HTTP/1.1 200")) fail(new Error(this.#text.split("\r\n")[0]));
    const settle = this.#settle;
    this.#text = "";
    this.#settle = undefined;
    settle(at);
  }
}

async function run({ port, text, rate, count, run: number }) {
  const lines = Array.from({ length: CONNECTIONS }, () => new Line(port));
  await Promise.all(lines.map((line) => line.open));
  const free = [...lines];
  const times = [];
  const answers = [];
  const intervalNs = 1e9 / rate;
  const start = now() + 50e6;

  const send = (index) => {
    let line = free.pop();
    if (!line) {
      if (lines.length >= CONNECTIONS_MAX) fail(new Error("answers come too slowly"));
      line = new Line(port);
      lines.push(line);
    }
    const began = now();
    const body = fill(text, number, index, `"n":${index},"sent_ns":${began},`);
    const head = [
      "POST /v1/track HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      `Authorization: ${AUTHORIZATION}`,
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
    ];
    const answer = line.ask(`${head.join("\r\n")}\r\n\r\n${body}`).then((at) => {
      times[index] = { due: start + index * intervalNs, began, answered: at };
      free.push(line);
    });
    answers.push(answer);
  };

  await new Promise((settle) => {
    let index = 0;
    const tick = () => {
      for (const at = now(); index < count && start + index * intervalNs <= at; index += 1) {
        send(index);
      }
      if (index === count) settle();
      else setTimeout(tick, 1);
    };
    tick();
  });
  await Promise.all(answers);
  for (const line of lines) line.close();
  process.send({ times }, () => process.disconnect());
}
