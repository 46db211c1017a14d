"""Parts of the filters of chefs, in pcap-filter(7) language."""

from __future__ import annotations

from typing import Final

#: Packets with a VLAN tag, whatever is behind it. (``vlan`` would be refused by link types that
#: have none, and then nothing of them gets through.)
TAGGED: Final = "ether proto 0x8100 or ether proto 0x88a8"
