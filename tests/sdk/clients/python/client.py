"""A Python SDK, RudderStack's or Segment's, as an application uses it; driven by lib/line-client.mjs.

The first line of stdin holds the settings, every other one a go: a list of calls, each its name and
its arguments. A go is answered by one line: what the SDK reported as failed since the last one.
"""

import importlib
import json
import logging
import sys
from datetime import datetime

failures = []


def on_error(error, batch):
    status = getattr(error, "status", None)
    ids = [event["messageId"] for event in batch]
    failures.append({"status": status, "text": str(error), "ids": ids})


def call(name, arguments):
    if "timestamp" in arguments:
        arguments["timestamp"] = datetime.fromisoformat(arguments["timestamp"])
    getattr(analytics, name)(**arguments)


# What fails is told by `on_error`; the SDK would also log it.
logging.disable()
settings = json.loads(sys.stdin.readline())
analytics = importlib.import_module(settings["module"])
analytics.write_key = settings["writeKey"]
setattr(analytics, settings["urlSetting"], settings["url"])
analytics.on_error = on_error
for line in sys.stdin:
    for one in json.loads(line):
        call(*one)
    analytics.flush()
    print(json.dumps(failures), flush=True)
    failures.clear()
analytics.shutdown()
