"""The hub's side of a conversation with one peer, as a state machine.

A peer first says hello; a kitchen then sends dumplings and may say hello anew, an eater sends
whatever it likes. Anything else ends the conversation::

    state      what happens                  events          next state
    HELLO      a hello                       Hello           TALK
    HELLO      anything else, or nothing     Refusal         REFUSED
    TALK       kitchen: a dumpling           DumplingReceived  TALK
    TALK       kitchen: a hello              Hello           TALK
    TALK       kitchen: anything else        Refusal         REFUSED
    TALK       eater: anything               (none)          TALK
    REFUSED    anything                      (none)          REFUSED

After a `Refusal` the caller closes the connection with its code and reason.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod

import msgspec

from .codec import (
    Hello,
    Refusal,
    check_dumpling,
    decode_announcement,
    decode_eater_hello,
    decode_kitchen_hello,
    no_hello,
    not_text,
    not_unicode,
)


class DumplingReceived(msgspec.Struct, frozen=True):
    """A kitchen sent a dumpling.

    Attributes:
        text: its JSON in UTF-8, to the byte as the kitchen wrote it.
    """

    text: bytes


Event = Hello | DumplingReceived | Refusal


class State(enum.Enum):
    """How far a conversation has come."""

    HELLO = "waiting for its first message"
    TALK = "talking"
    REFUSED = "refused"


class Peer(ABC):
    """What the conversations with kitchens and with eaters have in common.

    Attributes:
        state: how far the conversation has come.
    """

    #: What it is, for messages and logs.
    kind = "peer"
    #: Whether it wants the bytes of text messages, too, and sees to it that they are UTF-8.
    raw = False

    def __init__(self) -> None:
        self.state = State.HELLO

    def receive(self, message: str | bytes) -> list[Event]:
        """Take one message from the peer.

        Args:
            message: a text message as str, a binary one as bytes.

        Returns:
            what it means: a `Hello`, `DumplingReceived` or `Refusal`, or nothing.
        """
        if self.state is State.REFUSED:
            return []
        event = self._hello(message) if self.state is State.HELLO else self._talk(message)
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

    def _hello(self, message: str | bytes) -> Hello | Refusal:
        if isinstance(message, bytes):
            return not_text("the first message")
        try:
            text = message.encode()
        except UnicodeEncodeError:
            return not_unicode("the first message")
        return self._decode_hello(text)

    @abstractmethod
    def _decode_hello(self, text: bytes) -> Hello | Refusal:
        """Read the first message, which is Unicode text."""

    @abstractmethod
    def _talk(self, message: str | bytes) -> Event | None:
        """Read any further message."""


class KitchenPeer(Peer):
    """A kitchen: it announces itself, then sends one dumpling a message.

    In between it may announce itself again, with counts that have changed.
    """

    kind = "kitchen"

    def _decode_hello(self, text: bytes) -> Hello | Refusal:
        return decode_kitchen_hello(text)

    def _talk(self, message: str | bytes) -> Event | None:
        if isinstance(message, bytes):
            return not_text("a dumpling")
        try:
            text = message.encode()
        except UnicodeEncodeError:
            return not_unicode("a dumpling")
        refusal = check_dumpling(text)
        if refusal is None:
            return DumplingReceived(text)
        # Few messages are announcements, so dumplings are not made to wait for this.
        return decode_announcement(text) or refusal


class EaterPeer(Peer):
    """An eater: it gives its name, and is listened to no further."""

    kind = "eater"

    def _decode_hello(self, text: bytes) -> Hello | Refusal:
        return decode_eater_hello(text)

    def _talk(self, message: str | bytes) -> Event | None:  # noqa: ARG002
        return None
