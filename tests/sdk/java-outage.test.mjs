// The Java SDK where the gateway or its endpoint is in trouble. It tries four times, and waits up to
// 30 s before the second and up to a minute before the third, whatever Retry-After says.

import { JAVA } from "./lib/clients.mjs";
import { hungEndpoint, outage } from "./lib/situations.mjs";

outage(JAVA, "tries again, and delivers all");
hungEndpoint(JAVA);
