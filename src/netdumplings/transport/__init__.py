"""asyncio shells around `netdumplings.wire`: WebSocket connections, made and accepted.

- `address`: the address of a hub, as users write it.
- `client`: connections to a hub, for kitchens and eaters.
- `server`: the peers that come in by a hub's ports.
- `peer_connection`: one of them, whatever it sends; `room`: how many there may be; `refusals`: what
  the log says of those who may not stay.
- `ports`: the sockets of those ports; `open_files`: how many sockets the system allows.
- `closing`: how either side ends a connection.
- `quiet`: what the WebSocket library may write to the log.
"""

from __future__ import annotations

from .address import HubAddress
from .client import ConnectionClosed, HubConnection, connections

__all__ = [
    "ConnectionClosed",
    "HubAddress",
    "HubConnection",
    "connections",
]
