"""Frames are those of the WebSocket library, byte for byte."""

from __future__ import annotations

import pytest
from websockets.protocol import State
from websockets.server import ServerProtocol

from netdumplings.wire import binary_frame_header, text_frame_header


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 1024 * 1024])
def test_a_frame_is_what_a_server_of_the_websocket_library_writes(length: int) -> None:
    text = b"x" * length
    server = ServerProtocol(state=State.OPEN)
    server.send_text(text)
    assert text_frame_header(length) + text == b"".join(server.data_to_send())
    server.send_binary(text)
    assert binary_frame_header(length) + text == b"".join(server.data_to_send())
