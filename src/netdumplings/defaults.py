"""Every default that both the Python API and a command line know, written once."""

HUB_ADDRESS = "localhost"
HUB_IN_PORT = 11347
HUB_OUT_PORT = 11348
KITCHEN_HUB = f"{HUB_ADDRESS}:{HUB_IN_PORT}"
EATER_HUB = f"{HUB_ADDRESS}:{HUB_OUT_PORT}"
#: Seconds between two status dumplings of a hub.
STATUS_FREQ = 5

KITCHEN_NAME = "default_kitchen"
EATER_NAME = "nameless_eater"
#: Every interface this host has.
ALL_INTERFACES = "all"
PACKET_FILTER = "tcp or udp or arp"
#: Seconds between two calls of a chef's interval handler.
POKE_INTERVAL = 5.0
CHEF_MODULE = "netdumplings.dumplingchefs"

#: Bytes kept of a packet: libpcap's own maximum, which cuts nothing off.
SNAPLEN = 262_144
#: Bytes of kernel buffer an interface. libpcap's own 2 MiB holds 20 ms of a busy link.
CAPTURE_BUFFER = 16 * 1024 * 1024

#: Bytes of one message on the wire.
MAX_MESSAGE = 1024 * 1024
#: Bytes of dumplings a kitchen keeps while its hub is away.
OUTBOX_BYTES = 64 * 1024 * 1024
#: Bytes of dumplings it keeps on disk, if it is told to.
SPOOL_BYTES = 1024 * 1024 * 1024
#: How many kitchens a hub takes, and again how many eaters.
MAX_CONNECTIONS = 5000
#: Bytes the hub holds for an eater that does not read.
EATER_BUFFER = 4 * 1024 * 1024
#: Seconds that an eater may be slow before the hub sends it away.
EATER_GRACE = 30.0
#: Bytes of the latest dumplings that the hub keeps for eaters that come late or come back.
HISTORY_BYTES = 16 * 1024 * 1024
