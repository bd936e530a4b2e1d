"""Standard Webhooks' own library for Python, as a receiver uses it; driven by lib/line-client.mjs.

The first line of stdin holds the settings, every other one a go: a list of requests, each its headers
and its body in base64. A go is answered by one line: for each request null where it is genuine, else
what the library says.
"""

import base64
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

settings = json.loads(sys.stdin.readline())
webhook = Webhook(settings["secret"])


def check(headers, body):
    try:
        webhook.verify(base64.b64decode(body), headers, json_parse=False)
    except WebhookVerificationError as error:
        return str(error)
    return None


for line in sys.stdin:
    print(json.dumps([check(*one) for one in json.loads(line)]), flush=True)
