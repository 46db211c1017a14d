"""What a client shows hubs, and knows them by."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence

from ..exceptions import TlsError, TokenError
from .address import HubAddress, HubAddresses
from .tls import client_context
from .tokens import Token, token_of

PathLike = str | os.PathLike[str]


class HubAccess:
    """How a client gets into hubs: what holds for one of them holds for each.

    Args:
        hubs: which: one, or several.
        token: what the hubs let the client in by; None for that of the environment, if there is
            one, and empty for none.
        tls_ca: a file with the authorities that the hubs' certificates may be of, or with those
            certificates themselves; None for the authorities that the system knows.
        tls_cert: a file with the client's own certificate; None for none.
        tls_key: a file with its key; None if that is in the same file.
        insecure: do without TLS where it should be: send the token without it to another host than
            this one, or have some hubs with it, and some on other hosts without.

    Attributes:
        token: what is sent; None for none.

    Raises:
        TlsError: a file is of no use, or a hub's address says that there is no TLS.
        TokenError: the token is none, or whoever is on the way could read it.
    """

    def __init__(
        self,
        hubs: HubAddress | Sequence[HubAddress],
        *,
        token: Token | str | None = None,
        tls_ca: PathLike | None = None,
        tls_cert: PathLike | None = None,
        tls_key: PathLike | None = None,
        insecure: bool = False,
    ) -> None:
        several = HubAddresses.of(hubs)
        self.token = token_of(token)
        self._insecure = insecure
        self._context: ssl.SSLContext | None = None
        secure = [hub for hub in several if hub.secure]
        if secure:
            self._context = client_context(tls_ca, tls_cert, tls_key)
        elif tls_ca or tls_cert or tls_key:
            raise TlsError(f"certificates are for hubs that speak TLS; is it wss://{several[0]}?")
        for hub in several:
            self._check(hub)
            if secure and not (hub.secure or hub.is_loopback or insecure):
                raise TlsError(
                    f"{hub} is without TLS, and {secure[0]} is with it: write wss:// before each "
                    "address, or say --insecure if that is meant"
                )

    def context_for(self, hub: HubAddress) -> ssl.SSLContext | None:
        """What TLS is spoken with, with this hub; None for without."""
        return self._context if hub.secure else None

    def headers_for(self, hub: HubAddress) -> dict[str, str]:
        """What the handshake with this hub has besides.

        Raises:
            TokenError: the token must not be sent to it.
        """
        self._check(hub)
        # RFC 6750, section 2.1.
        return {"Authorization": f"Bearer {self.token.reveal()}"} if self.token else {}

    def _check(self, hub: HubAddress) -> None:
        """See that nobody on the way to a hub can read the token."""
        if self.token and not (hub.secure or hub.is_loopback or self._insecure):
            raise TokenError(
                f"the token is not sent to {hub} in the clear, where others could read it: "
                "have the hub speak TLS (wss://...), or say --insecure if that is meant"
            )
