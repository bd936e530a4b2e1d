// RudderStack's JavaScript SDK of the API v1.1 where the gateway or its endpoint is in trouble. It
// tries eleven times, 2, 4, 8 s apart and so on, whatever Retry-After says.

import { siteOf } from "./lib/browser.mjs";
import { pageClient } from "./lib/page-client.mjs";
import { hungEndpoint, outage, restarted } from "./lib/situations.mjs";

const SDK = pageClient("the JavaScript SDK of the API v1.1", siteOf("rudderstack-v1"));

outage(SDK, "tries again, and delivers all");
restarted(SDK, "tries again, and delivers all");
hungEndpoint(SDK);
