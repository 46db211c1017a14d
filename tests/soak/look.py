"""Print what a hub says of itself, as JSON: ``python look.py ws://localhost:11348``.

With the WebSocket library alone, as it is done several times for every fault.
"""

from __future__ import annotations

import json
import sys

from websockets.sync.client import connect

if __name__ == "__main__":
    settings = {"compression": None, "proxy": None, "max_size": None, "close_timeout": 0.1}
    with connect(sys.argv[1], **settings) as hub:  # type: ignore[arg-type]
        hub.send('{"eater_name": "look"}')
        while True:
            dumpling = json.loads(hub.recv())
            if dumpling["metadata"]["chef"] == "SystemStatusChef":
                print(json.dumps(dumpling["payload"]))
                break
