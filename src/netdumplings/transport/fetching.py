"""Gets something from a hub by HTTP, at its port for eaters."""

from __future__ import annotations

import http.client
import os
import socket
from typing import Final, NamedTuple

from ..exceptions import HubUnavailable
from .access import HubAccess
from .address import HubAddress
from .tls import tls_problem

#: Bytes that are read of an answer that says why there is no other.
_MAX_PROBLEM: Final = 4096


class Fetched(NamedTuple):
    """An answer.

    Attributes:
        status: as in 200.
        headers: by name, whose case does not matter.
        body: all of it; of any status but 200, its beginning.
    """

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def fetch(
    hub: HubAddress,
    access: HubAccess,
    target: str,
    *,
    open_timeout: float,
    timeout: float,
    most: int,
) -> Fetched:
    """Ask a hub for something; blocks.

    Args:
        hub: its port for eaters.
        access: what to show the hub, and to know it by.
        target: a path, and perhaps a query (RFC 9112, section 3.2.1).
        open_timeout: seconds to connect.
        timeout: seconds in which something must come.
        most: bytes that an answer may have.

    Raises:
        HubUnavailable: there is none there, or none that answers.
        TokenError: the token must not be sent to it.
    """
    headers = {**access.headers_for(hub), "Accept-Encoding": "identity"}
    context = access.context_for(hub)
    connection = (
        http.client.HTTPConnection(hub.host, hub.port, timeout=open_timeout)
        if context is None
        else http.client.HTTPSConnection(hub.host, hub.port, timeout=open_timeout, context=context)
    )
    try:
        connection.connect()
        assert connection.sock is not None
        connection.sock.settimeout(timeout)
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        good = response.status == http.client.OK
        body = response.read(most + 1 if good else _MAX_PROBLEM)
        if len(body) > most:
            raise HubUnavailable(str(hub), f"its answer has more than {most} bytes")
        if good and response.length:
            raise HubUnavailable(str(hub), "its answer breaks off")
        return Fetched(response.status, response.headers, body)
    except (OSError, http.client.HTTPException) as error:
        raise HubUnavailable(str(hub), _reason(error)) from error
    finally:
        connection.close()


def _reason(error: Exception) -> str:
    problem = tls_problem(error)
    if problem is not None:
        return problem
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    if isinstance(error, http.client.RemoteDisconnected):
        return "it hangs up: does it speak TLS (wss://...)?"
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno else ascii(str(error))[:200]
    return f"it is no hub: {ascii(str(error))[:200]}"
