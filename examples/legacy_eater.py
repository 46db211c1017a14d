"""An eater in a few lines and a WebSocket library: it prints every dumpling."""

import json
import sys

from websockets.sync.client import connect

with connect(sys.argv[1] if sys.argv[1:] else "ws://localhost:11348") as hub:
    hub.send(json.dumps({"eater_name": "legacy_eater"}))
    for message in hub:
        # What acts on a terminal, or is not seen there, stays in the form that JSON has for it.
        print(message if message.isprintable() else json.dumps(json.loads(message)), flush=True)
