// The Python SDKs where the gateway or its endpoint is in trouble. They try eleven times, at growing
// distances, RudderStack's whatever Retry-After says.

import { PYTHON, SEGMENT_PYTHON } from "./lib/clients.mjs";
import { hungEndpoint, outage, restarted } from "./lib/situations.mjs";

for (const sdk of [PYTHON, SEGMENT_PYTHON]) {
  outage(sdk, "tries again, and delivers all");
  restarted(sdk, "tries again, and delivers all");
  hungEndpoint(sdk);
}
