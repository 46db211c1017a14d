"""An eater: of ten dumplings about DNS, which names were looked up how often.

Start a hub and a kitchen first, as ``nd-up`` does.
"""

import sys
from collections import Counter

from netdumplings import DumplingEater


class LookupEater(DumplingEater):
    """Counts host names as they are looked up."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.names = Counter()

    async def on_connect(self, hub_uri, websocket):
        print("connected to", hub_uri, flush=True)

    async def on_dumpling(self, dumpling):
        if "lookup" in dumpling.payload:
            self.names[dumpling.payload["lookup"]["hostname"]] += 1

    async def on_gap(self, gap):
        print(gap)

    async def on_connection_lost(self, exc):
        print(f"the hub is gone: {exc!r}")


eater = LookupEater("lookups", *sys.argv[1:2], chef_filter=["DNSLookupChef"])
eater.run(dumpling_count=10)
for name, count in eater.names.most_common():
    # A name may hold what acts on a terminal: whoever asked for it chose it.
    print(count, name if name.isprintable() else ascii(name))
