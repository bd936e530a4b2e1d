// The endpoint that webhooks are delivered to: records every request as it came, and answers what
// the test says.

import { Listener, whole } from "./listener.mjs";

/** One request, as it came. */
class Arrival {
  /** What it was answered with; undefined while it waits. */
  status = undefined;
  #event;

  constructor(request, body) {
    const at = request.url.indexOf("?");
    this.method = request.method;
    this.path = at < 0 ? request.url : request.url.slice(0, at);
    /** Still encoded; undefined where there is no question mark. */
    this.query = at < 0 ? undefined : request.url.slice(at + 1);
    this.headers = request.headers;
    this.body = body;
  }

  get text() {
    return this.body.toString("utf8");
  }

  get event() {
    this.#event ??= JSON.parse(this.text);
    return this.#event;
  }
}

export class Receiver extends Listener {
  /** In the order in which they came, complete with their bodies. */
  arrivals = [];
  #answer;

  /** `answer(arrival)` says the status, at once or later. */
  constructor(answer = () => 200) {
    super((request, response) => this.#take(request, response));
    this.#answer = answer;
  }

  /** The arrivals at a path. */
  at(path) {
    return this.arrivals.filter((one) => one.path === path);
  }

  /** The events that were answered 200, in the order of their arrival. */
  get taken() {
    return this.arrivals.filter((one) => one.status === 200).map((one) => one.event);
  }

  async #take(request, response) {
    let body;
    try {
      body = await whole(request);
    } catch {
      // Cut off in the middle: the server was killed, and this is no arrival.
      return;
    }
    const arrival = new Arrival(request, body);
    this.arrivals.push(arrival);
    this.changed();
    arrival.status = await this.#answer(arrival);
    response.writeHead(arrival.status).end();
    this.changed();
  }
}
