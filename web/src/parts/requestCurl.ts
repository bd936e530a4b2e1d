// A request as a curl line: what is secret has to be filled in by whoever runs it.
import type { ShownRequest } from "../api/testEvents";
import { shellQuoted } from "./curl";

/** Headers that curl sets by itself. */
const OWN = ["host", "content-length"];
/** What curl would take for patterns in a URL. */
const PATTERN = /[[\]{}]/;

export function requestCurl({ method, url, headers, body, body_bytes, cut }: ShownRequest): string {
  const words = [`curl -i${PATTERN.test(url) ? " -g" : ""} -X ${method} ${shellQuoted(url)}`];
  for (const { name, value, secret } of headers) {
    if (OWN.includes(name)) continue;
    // With nothing behind its colon a header would be left out.
    const line = secret ? `${name}: <${name}>` : value === "" ? `${name};` : `${name}: ${value}`;
    words.push(`-H ${shellQuoted(line)}`);
  }
  if (cut) words.push("--data-binary @body.json");
  else if (body_bytes > 0) words.push(`--data-raw ${shellQuoted(body)}`);
  return words.join(" \\\n  ");
}
