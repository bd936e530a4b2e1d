// Stands between an SDK and the gateway, passes everything on unchanged, and records what the SDK
// put on the wire, when, and what it was answered.

import { Agent, createServer, request as send } from "node:http";
import { gunzipSync } from "node:zlib";
import { Changing } from "./wait.mjs";

/** One request of an SDK. */
class Exchange {
  /** Undefined where no answer came. */
  status = undefined;
  answer = undefined;
  /** When it ended; see `begun`. */
  ended = Number.POSITIVE_INFINITY;
  #events;

  constructor(request, body, begun) {
    this.method = request.method;
    this.path = request.url;
    this.headers = request.headers;
    this.body = body;
    /** Its place among all beginnings and ends. */
    this.begun = begun;
  }

  get isGzip() {
    return this.headers["content-encoding"] === "gzip";
  }

  get text() {
    return (this.isGzip ? gunzipSync(this.body) : this.body).toString("utf8");
  }

  /** The events of a batch, or the one that a request consists of; none where nothing is sent. */
  get events() {
    this.#events ??= this.#read();
    return this.#events;
  }

  #read() {
    if (this.method !== "POST") return [];
    const body = JSON.parse(this.text);
    return body.batch ?? [body];
  }
}

async function whole(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export class Wire extends Changing {
  /** In the order in which they came. */
  exchanges = [];
  /** Called before an answer is passed on, which waits for it. */
  beforeAnswer = async () => {};
  #gateway;
  #now = 0;
  #agent = new Agent({ keepAlive: true });
  #server = createServer((request, response) => this.#pass(request, response));

  constructor(gateway) {
    super();
    this.#gateway = new URL(gateway);
  }

  async listen() {
    // Longer than any test: an SDK must never meet a connection that closes by itself.
    this.#server.keepAliveTimeout = 600_000;
    await new Promise((settle) => this.#server.listen(0, "127.0.0.1", settle));
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  async close() {
    const closed = new Promise((settle) => this.#server.close(settle));
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  /** Every event that was put on the wire, in the order of the requests. */
  get events() {
    return this.exchanges.flatMap((one) => one.events);
  }

  async #pass(request, response) {
    const begun = this.#now++;
    const exchange = new Exchange(request, await whole(request), begun);
    this.exchanges.push(exchange);
    try {
      const { status, rawHeaders, body } = await this.#forward(request, exchange.body);
      Object.assign(exchange, { status, answer: body.toString("utf8"), ended: this.#now++ });
      this.changed();
      await this.beforeAnswer(exchange);
      response.writeHead(status, rawHeaders).end(body);
    } catch {
      // The gateway is gone, and so is the connection of the SDK.
      exchange.ended = this.#now++;
      request.socket.destroy();
    }
  }

  #forward({ method, url, rawHeaders }, body) {
    const { hostname, port } = this.#gateway;
    const options = { agent: this.#agent, hostname, port, method, path: url, headers: rawHeaders };
    return new Promise((settle, fail) => {
      const outgoing = send(options, (answer) => {
        const { statusCode: status, rawHeaders: headers } = answer;
        whole(answer).then((text) => settle({ status, rawHeaders: headers, body: text }), fail);
      });
      outgoing.on("error", fail);
      outgoing.end(body);
    });
  }
}
