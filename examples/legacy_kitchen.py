"""A kitchen in ten lines and a WebSocket library: it announces itself, then counts."""

import json
import sys
import time

from websockets.sync.client import connect

with connect(sys.argv[1] if sys.argv[1:] else "ws://localhost:11347") as hub:
    about = {"interface": "none", "filter": "", "chefs": ["legacy.CountChef"], "poke_interval": 1}
    hub.send(json.dumps({"kitchen_name": "legacy_kitchen", **about}))
    for count in range(int(sys.argv[2]) if sys.argv[2:] else 10):
        metadata = {"chef": "CountChef", "kitchen": "legacy_kitchen", "driver": "interval"}
        metadata["creation_time"] = time.time()
        hub.send(json.dumps({"metadata": metadata, "payload": {"count": count}}))
