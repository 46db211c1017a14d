"""What a client shows a hub, and knows it by."""

from __future__ import annotations

import os
import ssl

from ..exceptions import TlsError, TokenError
from .address import HubAddress
from .tls import client_context
from .tokens import Token, token_of

PathLike = str | os.PathLike[str]


class HubAccess:
    """How a client gets into a hub.

    Args:
        hub: which.
        token: what the hub lets the client in by; None for that of the environment, if there is
            one, and empty for none.
        tls_ca: a file with the authorities that the hub's certificate may be of, or with that
            certificate itself; None for the authorities that the system knows.
        tls_cert: a file with the client's own certificate; None for none.
        tls_key: a file with its key; None if that is in the same file.
        insecure: send the token without TLS, to another host than this one.

    Attributes:
        context: what TLS is spoken with; None for without.
        token: what is sent; None for none.

    Raises:
        TlsError: a file is of no use, or the hub's address says that there is no TLS.
        TokenError: the token is none, or whoever is on the way could read it.
    """

    def __init__(
        self,
        hub: HubAddress,
        *,
        token: Token | str | None = None,
        tls_ca: PathLike | None = None,
        tls_cert: PathLike | None = None,
        tls_key: PathLike | None = None,
        insecure: bool = False,
    ) -> None:
        self.token = token_of(token)
        self.context: ssl.SSLContext | None = None
        if hub.secure:
            self.context = client_context(tls_ca, tls_cert, tls_key)
        elif tls_ca or tls_cert or tls_key:
            raise TlsError(f"certificates are for hubs that speak TLS; is it wss://{hub}?")
        if self.token and not (hub.secure or hub.is_loopback or insecure):
            raise TokenError(
                f"the token is not sent to {hub} in the clear, where others could read it: "
                "have the hub speak TLS (wss://...), or say --insecure if that is meant"
            )

    @property
    def headers(self) -> dict[str, str]:
        """What the handshake has besides."""
        # RFC 6750, section 2.1.
        return {"Authorization": f"Bearer {self.token.reveal()}"} if self.token else {}
