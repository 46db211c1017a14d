"""What a kitchen or an eater says first is what the hub expects."""

from __future__ import annotations

import json

import pytest

from netdumplings.wire import (
    EaterHello,
    EaterPeer,
    KitchenHello,
    KitchenPeer,
    eater_hello,
    kitchen_hello,
)


def test_a_kitchens_hello_has_the_keys_of_the_contract() -> None:
    text = kitchen_hello("k", ["eth0", "eth1"], "tcp", ["mod.MyChef"], 5.0, version="1.0")
    assert json.loads(text) == {
        "kitchen_name": "k",
        "interface": ["eth0", "eth1"],
        "filter": "tcp",
        "chefs": ["mod.MyChef"],
        "poke_interval": 5.0,
        "version": "1.0",
    }
    assert KitchenPeer().receive(text) == [KitchenHello("k", text.encode())]


def test_an_eaters_hello_has_its_name() -> None:
    text = eater_hello("my eater")
    assert json.loads(text) == {"eater_name": "my eater"}
    assert EaterPeer().receive(text) == [EaterHello("my eater", text.encode())]


def test_a_name_that_the_hub_would_refuse_is_refused_here() -> None:
    with pytest.raises(ValueError, match="eater_name is over 256 characters"):
        eater_hello("x" * 257)
    with pytest.raises(ValueError, match="kitchen_name is over 256 characters"):
        kitchen_hello("x" * 257, "all", "", [], 5.0)
