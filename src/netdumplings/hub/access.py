"""Who may connect to a hub, and how."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection

from ..exceptions import TlsError
from ..transport.admission import Admission
from ..transport.origins import Doorman
from ..transport.tls import ServerTls
from ..transport.tokens_delays import FailureDelays
from ..transport.tokens_kept import TokensKept

logger = logging.getLogger("netdumplings.hub")

PathLike = str | os.PathLike[str]


class Access:
    """What a hub checks before it listens to anybody; `DumplingHub` says what each means.

    Attributes:
        tokens: those that are known; None where none is wanted.
        kitchen_admission: who is let in as a kitchen; None for everybody.
        eater_admission: who is let in as an eater; likewise.
        tls: how peers are spoken to; None for without TLS.
        kitchens: who is answered on the port for kitchens.
        eaters: who is answered on the port for eaters.

    Raises:
        TlsError: a certificate or key is of no use.
        TokenError: the file of tokens is of no use.
        ValueError: an argument that makes no sense.
    """

    def __init__(
        self,
        *,
        tokens: PathLike | None = None,
        tls_cert: PathLike | None = None,
        tls_key: PathLike | None = None,
        tls_client_ca: PathLike | None = None,
        allow_hosts: Collection[str] = (),
        allow_origins: Collection[str] = (),
        allow_kitchen_origins: Collection[str] = (),
        insecure: bool = False,
    ) -> None:
        if tls_cert is None and (tls_key is not None or tls_client_ca is not None):
            raise ValueError("without a certificate there is no TLS: see --tls-cert")
        self.tls = None if tls_cert is None else ServerTls(tls_cert, tls_key, tls_client_ca)
        self.kitchens = Doorman(allow_hosts, allow_kitchen_origins, pages=False)
        self.eaters = Doorman(allow_hosts, allow_origins, pages=True)
        self.tokens = None if tokens is None else TokensKept(tokens)
        self.kitchen_admission: Admission | None = None
        self.eater_admission: Admission | None = None
        if self.tokens is not None:
            delays = FailureDelays()
            self.kitchen_admission = Admission(self.tokens, delays, "kitchen")
            self.eater_admission = Admission(self.tokens, delays, "eater", "status")
        self._insecure = insecure

    @property
    def missing(self) -> tuple[str, ...]:
        """What is missing for everybody to be let near who has the right to."""
        have = {"tokens": self.tokens, "TLS": self.tls}
        return tuple(what for what, is_there in have.items() if is_there is None)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is missing, unless we were told that this is meant."""
        return () if self._insecure else self.missing

    @property
    def can_reload(self) -> bool:
        """Whether there is anything to read again."""
        return self.tls is not None or self.tokens is not None

    def begin(self) -> None:
        """See that every file can be read again, now that the hub is who it will be.

        Raises:
            TokenError: the tokens cannot: nobody could be sent away.
        """
        if self.tokens is not None:
            self.tokens.begin()
        if self.tls is not None:
            try:
                self.tls.look()
            except TlsError as error:
                logger.warning("the certificate cannot be renewed while the hub runs: %s", error)

    def refresh(self) -> None:
        """Read the tokens again if their file has changed."""
        if self.tokens is not None:
            self.tokens.refresh()

    def reload(self) -> None:
        """Read every file again; one that is of no use leaves things as they were."""
        if self.tokens is not None:
            self.tokens.reload()
        if self.tls is not None:
            try:
                self.tls.reload()
            except TlsError as error:
                logger.error("the certificate stays as it was: %s", error)
            else:
                logger.info("the certificate was read again; it is for new connections")
