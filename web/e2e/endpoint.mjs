// An endpoint of ours for deliveries: it answers as it is told, and remembers what came.
import { once } from "node:events";
import { createServer } from "node:http";

/**
 * @typedef {object} Answers
 * @property {number | ((body: string) => number)} status may be chosen by what came
 * @property {string | ((body: string) => string)} [body] may be made of what came
 * @property {Record<string, string>} [headers]
 *
 * @typedef {object} Endpoint
 * @property {string} url
 * @property {Answers} answers how it answers from now on; may be changed at any time
 * @property {string[]} bodies what it took with a status of 2xx
 * @property {() => void} stop
 */

/** @returns {Promise<Endpoint>} */
export async function startEndpoint(status = 200) {
  /** @type {Answers} */
  const answers = { status };
  /** @type {string[]} */
  const bodies = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const { headers = {}, body: told = "<b>as told</b>" } = answers;
    const status = typeof answers.status === "number" ? answers.status : answers.status(body);
    if (status < 300) bodies.push(body);
    response.writeHead(status, headers).end(typeof told === "string" ? told : told(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${address.port}/`, answers, bodies, stop };
}
