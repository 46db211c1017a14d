"""Every error netdumplings raises on purpose, each carrying the data it is about.

::

    NetDumplingsError
    ├── InvalidDumpling            a text that is not a dumpling
    ├── InvalidDumplingPayload     a payload that JSON cannot hold
    ├── InvalidAddress             a HOST:PORT that is neither
    ├── CaptureError               packets cannot be had
    │   ├── NotACapture            not a pcap or pcapng file
    │   ├── TruncatedCapture       a capture file that ends, or goes wrong, in mid-packet
    │   ├── InvalidFilter          libpcap refuses the filter
    │   ├── NoSuchInterface        no interface of that name on this host
    │   └── NotPermitted           the system does not let us sniff
    ├── ChefError                  chefs cannot be loaded
    │   ├── ChefModuleError        a module that does not import
    │   ├── BrokenChef             a chef that cannot be made
    │   ├── DuplicateChef          two chefs of one name
    │   ├── NoChefs                nothing left to run
    │   ├── UnknownChef            a chef that was asked for and not found
    │   └── StuckChef              a chef that did not return when its kitchen was to stop
    ├── TlsError                   a certificate or key that cannot be used
    ├── TokenError                 a token, or a file of tokens, that cannot be used
    ├── HubUnavailable             a hub that cannot be reached
    ├── NoPackets                  a hub that gives no packets to who asked for them
    ├── Undelivered                dumplings that no hub took
    ├── SpoolUnavailable           a kitchen's file of dumplings that cannot be used
    ├── RecordingUnavailable       a recording that cannot be written, or read
    ├── DamagedRecording           something in a recording that is no dumpling
    ├── BackboneError              a backbone that cannot be used
    ├── CannotListen               a port the hub cannot have
    ├── Unprotected                a hub that would let in whoever reaches it
    └── CannotGiveUpRoot           privileges that cannot be given up

The text of each says what is wrong and what to do next, in one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class NetDumplingsError(Exception):
    """The base of every error here: catch it to catch them all."""


class InvalidDumpling(NetDumplingsError):
    """A text is not a dumpling: bad JSON, not an object, a key missing, an unknown driver."""


class InvalidDumplingPayload(NetDumplingsError):
    """A payload cannot be held by JSON.

    Attributes:
        key: where in the payload, as Python would write it (``payload['hosts'][3]``).
        problem: what is wrong there (``bytes cannot be held by JSON``).
    """

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        self.problem = problem
        super().__init__(f"{key}: {problem}")


class InvalidAddress(NetDumplingsError):
    """A hub's address is not ``HOST:PORT``.

    Attributes:
        address: what was given.
    """

    def __init__(self, address: str, problem: str) -> None:
        self.address = address
        super().__init__(
            f"{address!r} is not a hub's address ({problem}): "
            "give HOST:PORT, as in localhost:11348 or [::1]:11348, or wss://HOST:PORT for TLS"
        )


class CaptureError(NetDumplingsError):
    """Packets cannot be had from a source."""


class NotACapture(CaptureError):
    """A file is neither pcap nor pcapng.

    Attributes:
        source: the file's name, or ``standard input``.
    """

    def __init__(self, source: str, problem: str) -> None:
        self.source = source
        super().__init__(f"{source}: not a capture: {problem}")


class TruncatedCapture(CaptureError):
    """A capture file ends in the middle of a packet, or goes wrong after some.

    Everything before that point was delivered.

    Attributes:
        source: the file's name, or ``standard input``.
        offset: bytes into the (decompressed) file where the trouble starts.
        packets: how many packets came before it.
    """

    def __init__(self, source: str, problem: str, *, offset: int, packets: int) -> None:
        self.source = source
        self.offset = offset
        self.packets = packets
        super().__init__(
            f"{source}: {problem} at byte {offset}; the {packets} packets before it were read"
        )


class InvalidFilter(CaptureError):
    """libpcap refuses a filter.

    Attributes:
        filter: the filter, in pcap-filter(7) language.
        reason: libpcap's own message.
        chef: the name of the chef whose ``packet_filter`` it is; None for a kitchen's own.
    """

    def __init__(self, filter: str, reason: str, chef: str | None = None) -> None:
        self.filter = filter
        self.reason = reason
        self.chef = chef
        what = f"the packet_filter of chef {chef}," if chef else "the filter"
        comma = "," if chef else ""
        super().__init__(f"{what} {filter!r}{comma} is refused by libpcap: {reason}")


class NoSuchInterface(CaptureError):
    """This host has no interface of that name.

    Attributes:
        interface: the name that was asked for.
        available: the names there are.
    """

    def __init__(self, interface: str, available: Sequence[str]) -> None:
        self.interface = interface
        self.available = tuple(available)
        super().__init__(
            f"there is no interface {interface!r} on this host; it has: {', '.join(available)}"
        )


class NotPermitted(CaptureError):
    """The system does not let this process sniff.

    Attributes:
        interface: the interface that was tried.
    """

    def __init__(self, interface: str) -> None:
        self.interface = interface
        super().__init__(
            f"not allowed to sniff on {interface}: run it with sudo, give it the capability "
            "CAP_NET_RAW, or replay a capture file with --read"
        )


class ChefError(NetDumplingsError):
    """Chefs cannot be loaded."""


class ChefModuleError(ChefError):
    """A chef module does not import.

    Attributes:
        module: the module or file, as it was given.
        problem: what went wrong, in one line.
        traceback: the module's own traceback, without this package's frames; empty where there
            is none to show (a module that does not exist).
    """

    def __init__(self, module: str, problem: str, traceback: str = "") -> None:
        self.module = module
        self.problem = problem
        self.traceback = traceback
        super().__init__(f"chef module {module}: {problem}")


class BrokenChef(ChefError):
    """A chef's class raises when it is called.

    Attributes:
        chef: the class name.
        problem: what it raised, in one line.
        traceback: the chef's own traceback, without this package's frames.
    """

    def __init__(self, chef: str, problem: str, traceback: str = "") -> None:
        self.chef = chef
        self.problem = problem
        self.traceback = traceback
        super().__init__(f"chef {chef} cannot be made: {problem}")


class NoChefs(ChefError):
    """There is no chef left to run.

    Attributes:
        modules: the modules that were looked into.
        by_request: the names of chefs that are there, and run only where they are asked for.
    """

    def __init__(self, modules: Sequence[str], by_request: Sequence[str] = ()) -> None:
        self.modules = tuple(modules)
        self.by_request = tuple(by_request)
        why = (
            f"{', '.join(by_request)} must be asked for, with --chef or --menu all"
            if by_request
            else "a chef is a subclass of netdumplings.DumplingChef that the module itself defines"
        )
        super().__init__(f"no chef to run in {', '.join(modules)}: {why}")


class DuplicateChef(ChefError):
    """Two modules define a chef of the same name.

    Attributes:
        chef: the class name.
        modules: the modules, as they were given.
    """

    def __init__(self, chef: str, modules: Sequence[str]) -> None:
        self.chef = chef
        self.modules = tuple(modules)
        super().__init__(
            f"two chefs are named {chef} (in {' and in '.join(modules)}): "
            "a dumpling names its chef by class name, so rename one of them"
        )


class UnknownChef(ChefError):
    """A chef was asked for that no module has.

    Attributes:
        chef: the name that was asked for.
        available: the names that were found.
    """

    def __init__(self, chef: str, available: Sequence[str]) -> None:
        self.chef = chef
        self.available = tuple(available)
        near = get_close_matches(chef, self.available, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        found = ", ".join(self.available) or "none"
        super().__init__(f"there is no chef {chef!r} (found: {found}){hint}")


class StuckChef(ChefError):
    """A kitchen was told to stop, and a chef's handler did not return.

    Attributes:
        chef: the chef's name; None if nobody knows.
        handler: the name of its handler; None likewise.
    """

    def __init__(self, chef: str | None = None, handler: str | None = None) -> None:
        self.chef = chef
        self.handler = handler
        who = f"chef {chef}: its {handler}" if chef else "some chef's handler"
        super().__init__(
            f"{who} did not return when the kitchen was told to stop: what it was making is lost"
        )


class TlsError(NetDumplingsError):
    """TLS cannot be had: a file is missing, no certificate, or of another key.

    Attributes:
        path: the file; None where it is not about one.
    """

    def __init__(self, problem: str, path: str | None = None) -> None:
        self.path = path
        super().__init__(f"TLS: {path}: {problem}" if path else f"TLS: {problem}")


class TokenError(NetDumplingsError):
    """A token, or a file of tokens, cannot be used. The text never has the token.

    Attributes:
        path: the file; None where it is not about one.
    """

    def __init__(self, problem: str, path: str | None = None) -> None:
        self.path = path
        super().__init__(f"token file {path}: {problem}" if path else problem)


class HubUnavailable(NetDumplingsError):
    """A hub cannot be reached, and we were asked not to wait for it.

    Attributes:
        hub: its address; of several, with commas between them.
        reason: why, in a few words.
    """

    def __init__(self, hub: str, reason: str) -> None:
        self.hub = hub
        self.reason = reason
        super().__init__(f"no hub at {hub}: {reason}")


class NoPackets(NetDumplingsError):
    """A hub has no packets for who asked for them.

    Attributes:
        hub: its address.
        reason: why, as it says.
    """

    def __init__(self, hub: str, reason: str) -> None:
        self.hub = hub
        self.reason = reason
        super().__init__(f"no packets from the hub at {hub}: {reason}")


class Undelivered(NetDumplingsError):
    """A kitchen was stopped while it had dumplings that no hub had taken.

    Attributes:
        hub: the hub's address; of several, with commas between them.
        dumplings: how many there were.
    """

    def __init__(self, hub: str, dumplings: int) -> None:
        self.hub = hub
        self.dumplings = dumplings
        whose = (
            f"none of the hubs at {hub} took" if "," in hub else f"the hub at {hub} did not take"
        )
        super().__init__(f"{dumplings} dumplings are lost: {whose} them in time")


class SpoolUnavailable(NetDumplingsError):
    """The file in which a kitchen is to keep its dumplings cannot be used.

    Attributes:
        path: the file.
        problem: why not, and what to do.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"the spool {path} cannot be used: {problem}")


class RecordingUnavailable(NetDumplingsError):
    """A recording cannot be written, or not be read at all.

    Attributes:
        path: the file.
        problem: why not, and what to do.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"the recording {path} cannot be used: {problem}")


class DamagedRecording(NetDumplingsError):
    """Something in a recording is no dumpling, and should be one.

    Attributes:
        path: the file, or ``standard input``.
        where: where in it, such as ``line 17``.
        problem: what is wrong there.
    """

    def __init__(self, path: str, where: str, problem: str) -> None:
        self.path = path
        self.where = where
        self.problem = problem
        super().__init__(f"{path}, {where}: {problem}")


class CannotListen(NetDumplingsError):
    """The hub cannot have a port.

    Attributes:
        address: the host it was to listen on.
        port: the port.
        reason: the system's reason.
    """

    def __init__(self, address: str, port: int, reason: str) -> None:
        self.address = address
        self.port = port
        self.reason = reason
        hint = (
            "is another hub running? Choose other ports with --in-port and --out-port"
            if "in use" in reason
            else "give a name or address of this host with --address, and ports it may have"
        )
        super().__init__(f"cannot listen on {address}:{port}: {reason}; {hint}")


class Unprotected(NetDumplingsError):
    """A hub is to listen where others reach it, and would let in whoever does.

    Attributes:
        address: where it was to listen.
        missing: what it lacks, of ``tokens`` and ``TLS``.
    """

    def __init__(self, address: str, missing: Sequence[str]) -> None:
        self.address = address
        self.missing = tuple(missing)
        make = {
            "tokens": "nd-token --file tokens.json make NAME --role kitchen --role eater "
            "(then --token-file tokens.json)",
            "TLS": "openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=hub "
            f"-addext subjectAltName={_alternative_name(address)} -keyout hub.key -out hub.crt "
            "(then --tls-cert hub.crt --tls-key hub.key)",
        }
        super().__init__(
            f"a hub on {address} is open to whoever reaches it, without "
            f"{' and '.join(missing)}; run {', and '.join(make[lack] for lack in missing)}; "
            "or say --insecure if that is meant"
        )


def _alternative_name(address: str) -> str:
    """Write an address as openssl-req(1) wants it; where it is every address, an example."""
    from ipaddress import ip_address

    try:
        found = ip_address(address)
    except ValueError:
        return f"DNS:{address}"
    return "DNS:hub.example.org" if found.is_unspecified else f"IP:{found}"


class CannotGiveUpRoot(NetDumplingsError):
    """A command that must not go on as root cannot become another user.

    Attributes:
        user: whom it was to become.
        reason: why not, and what to do.
    """

    def __init__(self, user: str, reason: str) -> None:
        self.user = user
        self.reason = reason
        super().__init__(f"cannot give up root to become the user {user}: {reason}")


class BackboneError(NetDumplingsError):
    """The backbone of a hub cannot be used, and waiting would not help.

    Attributes:
        problem: what is wrong, and what to do.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"the backbone cannot be used: {problem}")
