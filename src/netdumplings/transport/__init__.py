"""asyncio shells around `netdumplings.wire`: WebSocket connections, made and accepted.

- `address`: the addresses of hubs, as users write them.
- `client`: connections to a hub, for kitchens and eaters; `access`: what they show it;
  `hub_diary`: what the log says of it.
- `server`: the peers that come in by a hub's ports.
- `peer_connection`: one of them, whatever it sends; `room`: how many there may be; `refusals`: what
  the log says of those who may not stay.
- `answers`: to those who ask for a page instead of a WebSocket.
- `origins`: by what name, and from which web pages, a hub may be asked at all.
- `admission`: who is let in; `tokens`: what is shown for that; `tokens_file`, `tokens_kept`: what a
  hub knows of them; `tokens_delays`: how long those wait who have none.
- `tls`: certificates and keys; `tls_transport`: a peer's connection through TLS.
- `ports`: the sockets of those ports; `open_files`: how many sockets the system allows.
- `closing`: how either side ends a connection.
- `quiet`: what the WebSocket library may write to the log.
"""

from __future__ import annotations

from .access import HubAccess
from .address import HubAddress, HubAddresses
from .client import ConnectionClosed, HubConnection, connections
from .tokens import Token

__all__ = [
    "ConnectionClosed",
    "HubAccess",
    "HubAddress",
    "HubAddresses",
    "HubConnection",
    "Token",
    "connections",
]
