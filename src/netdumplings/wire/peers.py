"""The hub's side of a conversation with one peer, as a state machine.

A peer first says hello; a kitchen then sends dumplings, an eater sends whatever it likes. Anything
else ends the conversation::

    state      what happens                  events               next state
    HELLO      a hello                       a hello              TALK
    HELLO      anything else, or nothing     Refusal              REFUSED
    TALK       kitchen: dumplings            DumplingsReceived    TALK
    TALK       kitchen: anything else        Refusal              REFUSED
    TALK       eater: anything               (none)               TALK
    REFUSED    anything                      (none)               REFUSED

After a `Refusal` the caller closes the connection with its code and reason.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from typing import Any

from .codec import decode_eater_hello, decode_kitchen_hello
from .dumplings import read_dumpling
from .events import DumplingsReceived, EaterHello, Event, KitchenHello
from .limits import LIMITS, Limits
from .refusals import Refusal, no_hello, not_text, not_unicode


class State(enum.Enum):
    """How far a conversation has come."""

    HELLO = "waiting for its first message"
    TALK = "talking"
    REFUSED = "refused"


class Peer(ABC):
    """What the conversations with kitchens and with eaters have in common.

    Args:
        limits: how much is taken from it.

    Attributes:
        state: how far the conversation has come.
    """

    #: What it is, for messages and logs.
    kind = "peer"
    #: Whether it takes messages as bytes, be they text or binary.
    raw = False

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.state = State.HELLO
        self._limits = limits

    def receive(self, message: str | bytes) -> list[Event]:
        """Take one message from the peer.

        Args:
            message: a text message as str, a binary one as bytes; any as bytes if `raw`.

        Returns:
            what it means, or nothing.
        """
        if self.state is State.REFUSED:
            return []
        event = self._read(message)
        if event is None:
            return []
        self.state = State.REFUSED if isinstance(event, Refusal) else State.TALK
        return [event]

    def time_out(self, seconds: float) -> list[Event]:
        """Note that the peer has been silent since it connected, so many seconds ago.

        Returns:
            a `Refusal`, or nothing if it has in fact said hello.
        """
        if self.state is not State.HELLO:
            return []
        self.state = State.REFUSED
        return [no_hello(seconds)]

    @abstractmethod
    def _read(self, message: Any) -> Event | None:
        """Read a message; bytes if `raw`."""


class KitchenPeer(Peer):
    """A kitchen of the plain protocol: it announces itself, then sends one dumpling a message."""

    kind = "kitchen"

    def _read(self, message: str | bytes) -> Event:
        if self.state is State.HELLO:
            text = _text(message, "the first message")
            if isinstance(text, Refusal):
                return text
            who = decode_kitchen_hello(text, limits=self._limits)
            if isinstance(who, Refusal):
                return who
            return KitchenHello(who.name, who.announcement, token=who.token)
        text = _text(message, "a dumpling")
        if isinstance(text, Refusal):
            return text
        metadata = read_dumpling(text, self._limits)
        if isinstance(metadata, Refusal):
            return metadata
        # Between two tokens a newline says nothing (RFC 8259, section 2), and elsewhere JSON has
        # none; but in a batch it would end the dumpling.
        return DumplingsReceived(None, text.replace(b"\n", b" "), [metadata])


class EaterPeer(Peer):
    """An eater of the plain protocol: it gives its name, and is listened to no further."""

    kind = "eater"

    def _read(self, message: str | bytes) -> Event | None:
        if self.state is State.TALK:
            return None
        text = _text(message, "the first message")
        if isinstance(text, Refusal):
            return text
        who = decode_eater_hello(text, limits=self._limits)
        if isinstance(who, Refusal):
            return who
        return EaterHello(who.name, who.announcement, token=who.token)


def _text(message: str | bytes, what: str) -> bytes | Refusal:
    """Give a text message as UTF-8."""
    if isinstance(message, bytes):
        return not_text(what)
    try:
        return message.encode()
    except UnicodeEncodeError:
        return not_unicode(what)
