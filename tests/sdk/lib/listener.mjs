// What receiver and wire have in common: an HTTP server on any port of this machine.

import { createServer } from "node:http";
import { Changing } from "./wait.mjs";

/** Longer than any test: nobody must ever meet a connection that closes by itself. */
const KEEP_ALIVE_MS = 600_000;

export class Listener extends Changing {
  #server;

  /** `serve(request, response)` answers. */
  constructor(serve) {
    super();
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, serve);
  }

  async listen() {
    await new Promise((settle) => this.#server.listen(0, "127.0.0.1", settle));
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  async close() {
    const closed = new Promise((settle) => this.#server.close(settle));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** All that a request or an answer holds. */
export async function whole(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
