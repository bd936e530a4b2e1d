// The Node SDKs where the gateway or its endpoint is in trouble. RudderStack's tries four times,
// within two seconds where nobody asks it to wait longer, and tells its error handler and the
// callback of the event.

import { NODE, SEGMENT_NODE } from "./lib/clients.mjs";
import { hungEndpoint, outage, outageWithoutEnd, restarted } from "./lib/situations.mjs";

outage(NODE, "waits as it is asked to, and delivers all");
outageWithoutEnd(NODE, { attempts: 4, told: "Request failed with status code 503" });
restarted(NODE, "tries again, and delivers all");
hungEndpoint(NODE);

outage(SEGMENT_NODE, "tries again, and delivers all");
restarted(SEGMENT_NODE, "tries again, and delivers all");
hungEndpoint(SEGMENT_NODE);
