"""An eater of netdumplings.v2 with a WebSocket library alone: what it misses, it knows of.

It begins with the last hundred dumplings of the past, and goes on where it was when a connection is
lost. Batches come compressed.
"""

import json
import sys
import time
import zlib

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

HUB = sys.argv[1] if sys.argv[1:] else "ws://localhost:11348"
HELLO = {
    "type": "hello",
    "announcement": {"eater_name": "v2_eater"},
    "chefs": ["*Chef"],
    "drivers": ["interval"],
    "compression": ["deflate"],
}
LARGEST = 2_228_224  # bytes of a message, when it is no longer compressed
#: With these the hub says that the same again would end the same way.
FINAL = (1002, 1003, 1007, 1008, 1009)


def eat(message):
    """Take a message of the hub's, and return what its first line says."""
    if isinstance(message, bytes):
        message = zlib.decompressobj().decompress(message, LARGEST).decode()
    line, *dumplings = message.split("\n")
    told = json.loads(line)
    if told["type"] == "batch":
        for dumpling in dumplings:
            # What acts on a terminal, or is not seen there, stays in the form JSON has for it.
            shown = dumpling if dumpling.isprintable() else json.dumps(json.loads(dumpling))
            print(shown, flush=True)
    elif told["type"] == "gap":
        print(f"missed {told['missed']} ({told['reason']!a})", file=sys.stderr, flush=True)
    return told


def advance(cursor, told):
    """Note how far we have come, and keep the 1024 streams that were heard of last."""
    if told["type"] in ("welcome", "batch", "cursor", "gap"):
        for stream, number in told.get("cursor", {}).items():
            cursor[stream] = max(number, cursor.pop(stream, 0))
        while len(cursor) > 1024:
            del cursor[next(iter(cursor))]


past = {"last": 100}  # what we want of the past
cursor = {}  # of each stream, the number of the last dumpling that we were offered
pause = 0.5
while True:
    try:
        with connect(
            HUB, subprotocols=["netdumplings.v2"], compression=None, max_size=LARGEST
        ) as hub:
            if hub.subprotocol is None:
                sys.exit("this hub speaks the plain protocol only")
            hub.send(json.dumps(HELLO | past))
            while True:
                told = eat(hub.recv())
                advance(cursor, told)
                if told["type"] == "welcome":
                    past = {"resume": cursor}  # the next time
                    pause = 0.5
    except ConnectionClosed as closed:
        if closed.rcvd and closed.rcvd.code in FINAL:
            sys.exit(f"the hub sent us away: {closed!r}")
    except (OSError, InvalidHandshake) as error:
        print("no hub:", error, file=sys.stderr, flush=True)
    time.sleep(pause)
    pause = min(2 * pause, 10)
