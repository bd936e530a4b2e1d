// The Go SDK where the gateway or its endpoint is in trouble. It tries ten times, over most of a
// minute, whatever Retry-After says; what waits when it is closed is dropped, and told.

import { GO } from "./lib/clients.mjs";
import { hungEndpoint, outage, restarted } from "./lib/situations.mjs";

outage(GO, "tries again, and delivers all");
restarted(GO, "tries again, and delivers all");
hungEndpoint(GO);
