"""A Python SDK, RudderStack's or Segment's, as an application uses it; driven by python-client.mjs.

The first line of stdin holds the settings, every other one a call: its name and its arguments.
The one line on stdout tells what the SDK reported as failed.
"""

import importlib
import json
import logging
import sys
from datetime import datetime

failures = []


def on_error(error, batch):
    status = getattr(error, "status", None)
    failures.append({"status": status, "text": str(error), "events": len(batch)})


def call(name, arguments):
    if "timestamp" in arguments:
        arguments["timestamp"] = datetime.fromisoformat(arguments["timestamp"])
    getattr(analytics, name)(**arguments)


# What fails is told by `on_error`; the SDK would also log it.
logging.disable()
settings = json.loads(sys.stdin.readline())
analytics = importlib.import_module(settings["module"])
analytics.write_key = settings["write_key"]
setattr(analytics, settings["url_setting"], settings["url"])
analytics.on_error = on_error
for line in sys.stdin:
    call(*json.loads(line))
analytics.shutdown()
print(json.dumps(failures))
