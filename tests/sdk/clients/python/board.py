"""Reads a board as Grafana's own library does, and writes it again: what is not of its schema is lost or changed.

In comes a board on standard input, out goes what came of it.
"""

import json
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

plugins.register_default_plugins()
board = Dashboard.from_json(json.load(sys.stdin))
print(JSONEncoder(sort_keys=True).encode(board))
