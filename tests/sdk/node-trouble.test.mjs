// The Node SDKs where the gateway or its endpoint is in trouble. RudderStack's tries four times,
// within two seconds where nobody asks it to wait longer, and tells its error handler and the
// callback of the event.

import assert from "node:assert/strict";
import { NODE, SEGMENT_NODE } from "./lib/clients.mjs";
import { hungEndpoint, outage, outageWithoutEnd, restarted } from "./lib/situations.mjs";

outage(NODE, "waits as it is asked to, and delivers all");
outageWithoutEnd(NODE, { attempts: 4, told: "Request failed with status code 503" });
restarted(NODE, "delivers all that it does not say it gave up", (failures) => {
  // None, where the restart takes less than its four tries.
  for (const one of failures) assert.match(one, /socket hang up|ECONNRESET/);
});
hungEndpoint(NODE);

outage(SEGMENT_NODE, "tries again, and delivers all");
restarted(SEGMENT_NODE, "tries again, and delivers all");
hungEndpoint(SEGMENT_NODE);
