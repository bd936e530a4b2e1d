// A browser's SDK over HTTPS: HTTP/2 is agreed on, and every event arrives exactly once.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { siteOf } from "./lib/browser.mjs";
import { story } from "./lib/world.mjs";

const site = siteOf("rudderstack");

const EVENTS = 40;

/** A certificate that nobody has vouched for, and its key. */
async function selfSigned() {
  const directory = mkdtempSync(join(tmpdir(), "certificate-"));
  const [certificate, key] = ["certificate.pem", "key.pem"].map((name) => join(directory, name));
  const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  words.push("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate);
  await promisify(execFile)("openssl", words);
  return { POSTRIDER_INTAKE_TLS_CERTIFICATE: certificate, POSTRIDER_INTAKE_TLS_KEY: key };
}

/**
 * The protocol of each answer that a script gets from `origin`. Chromium does not say it of the
 * questions it asks by itself before.
 */
async function protocolsOf(visitor, origin) {
  const protocols = [];
  const session = await visitor.context.newCDPSession(visitor.page);
  await session.send("Network.enable");
  session.on("Network.responseReceived", ({ response, type }) => {
    if (type === "XHR" && response.url.startsWith(origin)) protocols.push(response.protocol);
  });
  return protocols;
}

story(
  "the JavaScript SDK over HTTPS and HTTP/2, all calls at once",
  { needs: "browser", settings: await selfSigned() },
  async ({ server, receiver }) => {
    assert.match(server.gateway, /^https:/);
    const visitor = await site.visitor("ada", { ignoreHTTPSErrors: true });
    try {
      await visitor.visit();
      const protocols = await protocolsOf(visitor, server.gateway);
      await visitor.come(server.gateway);
      await visitor.track(EVENTS);
      await receiver.until(
        () => receiver.taken.length >= EVENTS,
        () => `${receiver.taken.length} of ${EVENTS} events arrive`,
      );
      await server.idle();
      const steps = receiver.taken.map(({ properties }) => properties.n);
      assert.deepEqual(
        steps.sort((one, other) => one - other),
        Array.from({ length: EVENTS }, (_, n) => n),
      );
      assert.deepEqual([...new Set(protocols)], ["h2"]);
    } finally {
      await visitor.close();
    }
  },
);
