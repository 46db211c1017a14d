"""Certificates and keys: what a hub and its peers know each other by (TLS, RFC 8446).

Both sides take TLS 1.2 or later, and the ciphers that Python and OpenSSL think well of.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Final

from ..exceptions import TlsError
from .unreadable import cannot_be_read

PathLike = str | os.PathLike[str]

#: What the reasons of OpenSSL (X509_verify_cert_error_string(3)) mean to whoever runs a client.
_UNTRUSTED: Final = {
    10: "its certificate has expired",
    9: "its certificate is not valid yet: are the clocks right?",
    18: "its certificate is signed by itself: if it is the hub's, give it with --tls-ca",
    19: "the authority of its certificate is not known here: see --tls-ca",
    20: "the authority of its certificate is not known here: see --tls-ca",
    21: "the authority of its certificate is not known here: see --tls-ca",
}
_NAMES: Final = (62, 64)  # of a host, of an address
#: Likewise of alerts (RFC 8446, section 6.2).
_ALERTS: Final = {
    "CERTIFICATE_REQUIRED": "it wants a certificate of us: see --tls-cert",
    "HANDSHAKE_FAILURE": "it finds no way of TLS that both know, or wants a certificate of us",
    "UNKNOWN_CA": "it does not know the authority of our certificate",
    "BAD_CERTIFICATE": "it does not like our certificate",
    "CERTIFICATE_EXPIRED": "our certificate has expired",
    "UNSUPPORTED_CERTIFICATE": "our certificate is of a kind that it does not take",
}


class ServerTls:
    """What a hub shows those who connect, and wants to be shown.

    Args:
        cert: a file with the hub's certificate, and those of the authorities between it and one
            that is known, in PEM.
        key: a file with its key; None if that is in the same file.
        client_ca: a file with the authorities of those who may connect, who then need a
            certificate, too; None takes anybody.

    Attributes:
        cert: as given.
        context: for connections that come from now on.

    Raises:
        TlsError: the files are of no use.
    """

    def __init__(
        self, cert: PathLike, key: PathLike | None = None, client_ca: PathLike | None = None
    ) -> None:
        self.cert = cert
        self._files = cert, key, client_ca
        self.context = self._load()

    def reload(self) -> None:
        """Read the files again; connections that are there stay as they are.

        Raises:
            TlsError: they are of no use; what was read before holds.
        """
        self.context = self._load()

    def look(self) -> None:
        """See that the files could be read again.

        Raises:
            TlsError: one cannot.
        """
        for path in self._files:
            if path is not None:
                _look_at(path)

    def _load(self) -> ssl.SSLContext:
        cert, key, client_ca = self._files
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Of TLS 1.2: whoever connects could keep the hub busy with it.
        context.options |= ssl.OP_NO_RENEGOTIATION
        _load_certificate(context, cert, key)
        if client_ca is not None:
            _load_authorities(context, client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def client_context(
    ca: PathLike | None = None, cert: PathLike | None = None, key: PathLike | None = None
) -> ssl.SSLContext:
    """Make what a client checks a hub's certificate with.

    Args:
        ca: a file with the only authorities to believe; None for those of the system.
        cert: a file with the client's own certificate; None for none.
        key: a file with its key; None if that is in the same file.

    Raises:
        TlsError: a file is of no use.
    """
    if key is not None and cert is None:
        raise TlsError("a key without a certificate: see --tls-cert", os.fspath(key))
    if ca is None:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load_authorities(context, ca)
        # The hub's own certificate may be all there is in it, whoever signed that.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert is not None:
        _load_certificate(context, cert, key)
    return context


def tls_problem(error: BaseException | None) -> str | None:
    """Say in a few words why a connection through TLS could not be made, and what helps.

    Args:
        error: what was raised, or None; TLS may have been the cause of it.

    Returns:
        None if it has nothing to do with TLS.
    """
    cause = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    if isinstance(cause, ssl.SSLCertVerificationError):
        if cause.verify_code in _NAMES:
            return f"its certificate is of another host: {cause.verify_message}"
        known = _UNTRUSTED.get(cause.verify_code)
        return known or f"its certificate is not trusted: {cause.verify_message}"
    reason = cause.reason or ""
    for alert, meaning in _ALERTS.items():
        if reason.endswith(f"ALERT_{alert}"):
            return meaning
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE"):
        return "it does not speak TLS: is it a hub without --tls-cert?"
    return f"TLS failed ({reason.lower().replace('_', ' ') or 'no reason given'})"


def _load_certificate(context: ssl.SSLContext, cert: PathLike, key: PathLike | None) -> None:
    _look_at(cert)
    if key is not None:
        _look_at(key)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        where = os.fspath(cert if key is None else key)
        if error.reason == "KEY_VALUES_MISMATCH":
            problem = f"it is not the key of the certificate in {os.fspath(cert)}"
        elif key is None:
            problem = "no certificate with its key, in PEM, is in it: see --tls-key"
        else:
            problem = f"no certificate is in {os.fspath(cert)}, or no key in it, in PEM"
        raise TlsError(problem, where) from None
    except ValueError as error:
        raise TlsError(str(error), os.fspath(key or cert)) from None


def _load_authorities(context: ssl.SSLContext, path: PathLike) -> None:
    _look_at(path)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise TlsError("no certificate, in PEM, is in it", os.fspath(path)) from None


def _look_at(path: PathLike) -> None:
    """See that a file can be read: of the library's own error, nobody knows which it means."""
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise TlsError(cannot_be_read(error), os.fspath(path)) from None


def _no_password() -> str:
    # OpenSSL would ask on the terminal, of a service that has none.
    raise ValueError("its key has a password: take that off (openssl pkey -in KEY -out NEW)")
