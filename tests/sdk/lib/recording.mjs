// Reads the recordings, see recordings/README.md, and replays them over a raw socket.

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { within } from "./wait.mjs";

const RECORDINGS = join(import.meta.dirname, "../recordings");
const HEAD_END = "\r\n\r\n";

/** One request as an SDK makes it. */
class Recorded {
  #head;
  #body;
  #isGzip;
  #chunk;

  constructor(text) {
    const lines = text.split("\n");
    const first = lines.findIndex((line) => line !== "" && !line.startsWith("#"));
    const how = /^# @body(?<gzip> gzip)?(?: chunked (?<chunk>\d+))?$/m.exec(text)?.groups ?? {};
    this.#isGzip = how.gzip !== undefined;
    this.#chunk = Number(how.chunk ?? 0);
    const blank = lines.indexOf("", first);
    const end = blank < 0 ? lines.length : blank;
    this.#head = lines.slice(first, end);
    this.#body = lines
      .slice(end)
      .map((line) => line.trimStart())
      .join("");
  }

  /** A header of it, as recorded. */
  header(name) {
    const found = this.#head.find((line) => line.startsWith(`${name}: `));
    return found?.slice(name.length + 2);
  }

  get path() {
    return this.#head[0].split(" ")[1];
  }

  /** The body before it is compressed. */
  text(writeKey) {
    return this.#body.replaceAll("<write key>", writeKey);
  }

  get events() {
    return JSON.parse(this.#body).batch;
  }

  /** The same request with other events. */
  with(events) {
    const changed = new Recorded("");
    changed.#head = this.#head;
    changed.#isGzip = this.#isGzip;
    changed.#chunk = this.#chunk;
    changed.#body = JSON.stringify({ ...JSON.parse(this.#body), batch: events });
    return changed;
  }

  #bytes(host, writeKey) {
    const plain = Buffer.from(this.text(writeKey));
    const body = this.#isGzip ? gzipSync(plain) : plain;
    const head = `${this.#head.join("\r\n")}${HEAD_END}`
      .replace("<host>", host)
      .replace("<write key>", writeKey)
      .replace("<basic>", Buffer.from(`${writeKey}:`).toString("base64"))
      .replace("<length>", `${body.length}`);
    return Buffer.concat([Buffer.from(head), this.#chunk > 0 ? chunked(body, this.#chunk) : body]);
  }

  /** Sends it, and answers `{ status, headers, text }`. */
  replay(gateway, writeKey) {
    const { host, hostname, port } = new URL(gateway);
    const socket = connect(Number(port), hostname);
    const answered = new Promise((settle, fail) => {
      let received = "";
      socket.setEncoding("utf8");
      socket.on("data", (part) => {
        received += part;
        const answer = whole(received);
        if (answer) settle(answer);
      });
      socket.once("error", fail);
      socket.once("close", () => fail(new Error(`closed after ${JSON.stringify(received)}`)));
      socket.write(this.#bytes(host, writeKey));
    });
    return within(answered, `${this.#head[0]} is answered`).finally(() => socket.destroy());
  }
}

function chunked(body, size) {
  const parts = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from(`0${HEAD_END}`)]);
}

/** The answer, where all of it is there; ours are short and come with their length. */
function whole(received) {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const [first, ...lines] = received.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const text = received.slice(end + HEAD_END.length);
  if (Buffer.byteLength(text) < Number(headers["content-length"])) return undefined;
  return { status: Number(first.split(" ")[1]), headers, text };
}

/** The requests of a recording, by their names. */
export function recording(name) {
  const [, ...requests] = readFileSync(join(RECORDINGS, `${name}.http`), "utf8").split(/^### /m);
  return Object.fromEntries(
    requests.map((request) => {
      const end = request.indexOf("\n");
      return [request.slice(0, end), new Recorded(request.slice(end + 1).trimEnd())];
    }),
  );
}
