"""Every default that both the Python API and a command line know, written once."""

HUB_ADDRESS = "localhost"
HUB_IN_PORT = 11347
HUB_OUT_PORT = 11348
KITCHEN_HUB = f"{HUB_ADDRESS}:{HUB_IN_PORT}"
EATER_HUB = f"{HUB_ADDRESS}:{HUB_OUT_PORT}"
#: Seconds between two status dumplings of a hub.
STATUS_FREQ = 5
#: The same of a hub that ``nd-up`` starts: somebody is looking.
STATUS_FREQ_UP = 1

#: The environment variable from which kitchens and eaters take the token for their hub.
TOKEN_VARIABLE = "NETDUMPLINGS_TOKEN"  # noqa: S105  # its name

KITCHEN_NAME = "default_kitchen"
EATER_NAME = "nameless_eater"
#: Every interface this host has.
ALL_INTERFACES = "all"
PACKET_FILTER = "tcp or udp or arp"
#: Seconds between two calls of a chef's interval handler.
POKE_INTERVAL = 5.0
CHEF_MODULE = "netdumplings.dumplingchefs"
#: Which chefs of the modules are run if none is named: those that need not be asked for, or all.
MENU = "usual"
MENU_OF_ALL = "all"
MENUS = (MENU, MENU_OF_ALL)
#: Seconds that one call of a chef's handler may take.
CHEF_BUDGET = 10.0
#: Bytes of memory that the process that runs the chefs may have.
CHEF_MEMORY = 2 * 1024 * 1024 * 1024

#: Bytes kept of a packet: libpcap's own maximum, which cuts nothing off.
SNAPLEN = 262_144
#: Bytes of kernel buffer an interface. libpcap's own 2 MiB holds 20 ms of a busy link.
CAPTURE_BUFFER = 16 * 1024 * 1024

#: Bytes of the first message of a kitchen or an eater, and seconds that it may take to come.
FIRST_MESSAGE = 16 * 1024
FIRST_MESSAGE_TIMEOUT = 5.0
#: Bytes of a dumpling; this is the most, too, as every eater of ours must take it.
MAX_MESSAGE = 1024 * 1024
#: How deep lists and objects may be nested in a dumpling's payload.
JSON_DEPTH = 64
#: What the two may be set to at most. (Python's JSON fails at about a thousand levels.)
MOST_FIRST_MESSAGE = 1024 * 1024
MOST_JSON_DEPTH = 512
#: What packets and bytes are counted by, in scapy's names where it has one. Every packet is one of
#: the first four; those of IP and IPv6 may be one of the last four besides.
TRAFFIC_LAYERS = ("IP", "IPv6", "ARP", "other", "TCP", "UDP", "ICMP", "ICMPv6")
#: The name of the hub's own chef, which no other may have.
STATUS_CHEF = "SystemStatusChef"
#: Bytes of dumplings a kitchen keeps while its hub is away.
OUTBOX_BYTES = 64 * 1024 * 1024
#: Bytes of dumplings it keeps on disk, if it is told to.
SPOOL_BYTES = 1024 * 1024 * 1024
#: How many kitchens a hub takes, and again how many eaters.
MAX_CONNECTIONS = 5000
#: How many of each may come from one address.
MAX_PER_ADDRESS = 2000
#: Bytes the hub holds for an eater that does not read.
EATER_BUFFER = 4 * 1024 * 1024
#: How many dumplings may wait there.
EATER_MESSAGES = 100_000
#: Seconds that an eater may be slow before the hub sends it away.
EATER_GRACE = 30.0
#: Seconds in which a peer must take something of what waits in its connection.
WRITE_DEADLINE = 30.0
#: Bytes of the latest dumplings that the hub keeps for eaters that come late or come back.
HISTORY_BYTES = 16 * 1024 * 1024

#: The environment variable that may have the password of a hub's backbone.
BACKBONE_PASSWORD_VARIABLE = "NETDUMPLINGS_BACKBONE_PASSWORD"  # noqa: S105  # its name
#: The stream that all hubs of a backbone share.
BACKBONE_STREAM = "dumplings"
#: Seconds that a dumpling stays there, and bytes of all.
BACKBONE_MAX_AGE = 7 * 24 * 3600.0
BACKBONE_MAX_BYTES = 1024 * 1024 * 1024
#: Bytes of dumplings that a hub holds while its backbone does not take them.
BACKBONE_BUFFER = 64 * 1024 * 1024
