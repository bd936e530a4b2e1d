// The Java SDK where the gateway is restarted. A file of its own, because the SDK waits so long; see
// java-outage.test.mjs.

import { JAVA } from "./lib/clients.mjs";
import { restarted } from "./lib/situations.mjs";

restarted(JAVA, "tries again, and delivers all");
