"""A receiver of signed webhooks, with what Python brings along.

Usage: WEBHOOK_SECRET=whsec_… python3 receiver.py
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# How far the clocks of both sides may be apart.
TOLERANCE_SECONDS = 5 * 60
BODY_BYTES_MAX = 32 * 1024 * 1024
IDS_MAX = 10_000

SECRET = base64.b64decode(os.environ.get("WEBHOOK_SECRET", "").removeprefix("whsec_"))


def is_genuine(headers, body):
    """Whether a request is the sender's, whole, and new. `body` are its bytes as they came."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not message_id or not (timestamp.isascii() and timestamp.isdigit()):
        return False
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    wanted = hmac.new(SECRET, signed, hashlib.sha256).digest()
    # There are several while one secret takes the place of another.
    for signature in headers.get("webhook-signature", "").split(" "):
        version, _, encoded = signature.partition(",")
        try:
            given = base64.b64decode(encoded)
        except binascii.Error:
            continue
        if version == "v1" and hmac.compare_digest(given, wanted):
            return True
    return False


# Ids of events that are dealt with, the oldest first. An application keeps them in its database.
seen = OrderedDict()
lock = threading.Lock()


def take(message_id, event):
    """An event may come more than once: after a lost answer, or a crash of either side."""
    with lock:
        if message_id in seen:
            return
        print(f"received {event['type']} {message_id}", flush=True)
        seen[message_id] = True
        if len(seen) > IDS_MAX:
            seen.popitem(last=False)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            self.answer(400, b"too large\n")
            return
        body = self.rfile.read(length)
        if not is_genuine(self.headers, body):
            self.answer(400, b"not genuine\n")
            return
        take(self.headers["webhook-id"], json.loads(body))
        self.answer(200, b"ok\n")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


if len(SECRET) < 24:
    sys.exit("WEBHOOK_SECRET must be the secret of the destination: whsec_…")
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 9000))), Receiver)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
