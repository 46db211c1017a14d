"""A kitchen of netdumplings.v2 with a WebSocket library alone: it counts, and no count is lost.

Every dumpling has a number, and stays in the outbox until the hub has acknowledged it.
"""

import json
import secrets
import sys
import time
from collections import deque

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

HUB = sys.argv[1] if sys.argv[1:] else "ws://localhost:11347"
COUNT = int(sys.argv[2]) if sys.argv[2:] else 1000
ABOUT = {"kitchen_name": "v2_kitchen", "interface": "none", "filter": "", "chefs": ["v2.CountChef"]}
#: With these the hub says that the same again would end the same way.
FINAL = (1002, 1003, 1007, 1008, 1009, 4002)


def message(line, *dumplings):
    """Write a message: a line of JSON, and a line for each dumpling."""
    return "\n".join([json.dumps(line), *dumplings])


class Kitchen:
    """What outlives a connection."""

    def __init__(self):
        self.session = secrets.token_hex(16)  # a secret between this kitchen and its hubs
        self.outbox = deque(maxlen=10_000)  # (number, dumpling); when it is full, the oldest go
        self.made = self.acknowledged = 0

    def make(self, count):
        """Let the chef make dumplings. A real kitchen does so whether or not there is a hub."""
        for number in range(self.made + 1, min(self.made + count, COUNT) + 1):
            metadata = {"chef": "CountChef", "kitchen": "v2_kitchen", "driver": "interval"}
            metadata["creation_time"] = time.time()
            dumpling = json.dumps({"metadata": metadata, "payload": {"count": number}})
            self.outbox.append((number, dumpling))
            self.made = number

    def forget(self, acknowledged):
        """Take what the hub has out of the outbox."""
        self.acknowledged = max(self.acknowledged, acknowledged)
        while self.outbox and self.outbox[0][0] <= acknowledged:
            self.outbox.popleft()

    def talk(self, hub):
        """Send what there is over a new connection; return when the hub has it all."""
        first = self.outbox[0][0] if self.outbox else self.made + 1
        hello = {"type": "hello", "session": self.session, "announcement": ABOUT}
        # What lies between the two, the outbox has dropped; below, some hub has it.
        hub.send(message(hello | {"first": first, "acknowledged": self.acknowledged}))
        awaited = 0  # as yet nothing but the welcome
        while True:
            told = json.loads(hub.recv())
            if told["type"] not in ("welcome", "ack"):
                continue  # of a later version
            self.forget(told["acknowledged"])
            if told["acknowledged"] < awaited:
                continue
            self.make(100)
            if not self.outbox:
                hub.send(message({"type": "counts", "counts": {"dumplings_made": self.made}}))
                return
            # A faster kitchen sends some more before it waits for the first to be acknowledged.
            # If the outbox has dropped some since, there is a hole now, which the hub will count.
            batch = list(self.outbox)[:100]
            lines = [dumpling for _, dumpling in batch]
            hub.send(message({"type": "batch", "first": batch[0][0]}, *lines))
            awaited = batch[-1][0]


kitchen = Kitchen()
pause = 0.5
while True:
    try:
        with connect(HUB, subprotocols=["netdumplings.v2"], compression=None) as hub:
            if hub.subprotocol is None:
                sys.exit("this hub speaks the plain protocol only")
            pause = 0.5
            kitchen.talk(hub)
        break
    except ConnectionClosed as closed:
        if closed.rcvd and closed.rcvd.code in FINAL:
            sys.exit(f"the hub sent us away: {closed}")
    except (OSError, InvalidHandshake) as error:
        print("no hub:", error, file=sys.stderr, flush=True)
    time.sleep(pause)
    pause = min(2 * pause, 10)
print("acknowledged:", kitchen.made)
