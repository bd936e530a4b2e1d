// Stands between an SDK and the gateway, passes everything on unchanged, and records what the SDK
// put on the wire, when, and what it was answered. During an outage it answers calls itself, and
// where the gateway is gone, so is the connection of the SDK.

import { Agent, request as send } from "node:http";
import { gunzipSync } from "node:zlib";
import { Listener, whole } from "./listener.mjs";

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

  /** Whether it ended without an answer. */
  get isCut() {
    return this.status === undefined && this.ended !== Number.POSITIVE_INFINITY;
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

/** What the gateway answers to a call that it has no room for. */
export function noRoom({ origin }, retryAfter) {
  const readable = {
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "Retry-After, Postrider-Reason",
  };
  return {
    status: 503,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      "postrider-reason": "storage_full",
      ...(retryAfter && { "retry-after": retryAfter }),
      vary: "Origin",
      ...(origin && readable),
    },
    body: Buffer.from("service unavailable\n"),
  };
}

export class Wire extends Listener {
  /** In the order in which they came. */
  exchanges = [];
  /** Called before an answer is passed on, which waits for it. */
  beforeAnswer = async () => {};
  #gateway;
  #now = 0;
  #agent = new Agent({ keepAlive: true });
  #outage;

  constructor(gateway) {
    super((request, response) => this.#pass(request, response));
    this.#gateway = new URL(gateway);
  }

  async close() {
    await super.close();
    this.#agent.destroy();
  }

  /**
   * From the next call on, and for so long, calls are answered as by a gateway without room.
   * Without `lastsMs` it goes on until `recover`.
   */
  beginOutage({ lastsMs = Number.POSITIVE_INFINITY, retryAfter } = {}) {
    this.#outage = { lastsMs, retryAfter };
  }

  recover() {
    this.#outage = undefined;
  }

  /** The answer that an outage has for a call. */
  #refusal({ method, headers }) {
    if (!this.#outage || method !== "POST") return undefined;
    this.#outage.ends ??= Date.now() + this.#outage.lastsMs;
    return Date.now() < this.#outage.ends ? noRoom(headers, this.#outage.retryAfter) : undefined;
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
      const passed = this.#refusal(exchange) ?? (await this.#forward(request, exchange.body));
      const { status, headers, body } = passed;
      Object.assign(exchange, { status, answer: body.toString("utf8"), ended: this.#now++ });
      this.changed();
      await this.beforeAnswer(exchange);
      response.writeHead(status, headers).end(body);
    } catch {
      exchange.ended = this.#now++;
      request.socket.destroy();
      this.changed();
    }
  }

  #forward({ method, url, rawHeaders }, body) {
    const { hostname, port } = this.#gateway;
    const options = { agent: this.#agent, hostname, port, method, path: url, headers: rawHeaders };
    return new Promise((settle, fail) => {
      const outgoing = send(options, (answer) => {
        const { statusCode: status, rawHeaders: headers } = answer;
        whole(answer).then((text) => settle({ status, headers, body: text }), fail);
      });
      outgoing.on("error", fail);
      outgoing.end(body);
    });
  }
}
