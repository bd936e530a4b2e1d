// Secrets of a signing destination, and Standard Webhooks' own libraries, which check what it sends.

import { Webhook } from "standardwebhooks";
import { LineClient } from "./line-client.mjs";

export const OLD_SECRET = "whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQt";
export const NEW_SECRET = "whsec_bmV3LW5ldy1uZXctbmV3LW5ldy1uZXct";

/** What a destination has in the workspace file that signs with these keys. */
export const signing = (...keys) => ({ signing: { keys } });

/** What Node's library says of each request; null where it is genuine. */
function checkByNode(secret, requests) {
  const webhook = new Webhook(secret);
  return requests.map(({ headers, body }) => {
    try {
      webhook.verify(body, headers, { jsonParse: false });
      return null;
    } catch (error) {
      return error.message;
    }
  });
}

/** What Python's library says of each request; null where it is genuine. */
async function checkByPython(secret, requests) {
  const client = new LineClient("python-webhooks", { secret });
  const answers = await client.send(
    requests.map(({ headers, body }) => [headers, body.toString("base64")]),
  );
  await client.close();
  return answers;
}

/** What both say. */
export async function check(secret, requests) {
  return [checkByNode(secret, requests), await checkByPython(secret, requests)];
}
