"""What a kitchen or an eater says first is what the hub expects."""

from __future__ import annotations

import json

import pytest

from netdumplings.wire import (
    EaterHello,
    EaterPeer,
    KitchenHello,
    KitchenPeer,
    V2KitchenPeer,
    eater_hello,
    kitchen_hello,
    kitchen_hello_message,
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


def test_a_kitchen_with_too_many_chefs_names_as_many_as_there_is_room_for() -> None:
    chefs = [f"module.Chef{number}" for number in range(5000)]
    with pytest.raises(ValueError, match="over 16384 bytes"):
        kitchen_hello("k", "all", "tcp", chefs, 5.0)
    text = kitchen_hello("k", "all", "tcp", chefs, 5.0, cut=True, counts={"made": 1})
    told = json.loads(text)
    assert told["chefs"] == chefs[: len(told["chefs"])]
    assert len(told["chefs"]) + told["chefs_left_out"] == 5000
    assert len(told["chefs"]) > 500
    assert (told["counts"], told["filter"]) == ({"made": 1}, "tcp")
    # In either protocol, a hub takes it.
    assert isinstance(KitchenPeer().receive(text)[0], KitchenHello)
    message = kitchen_hello_message("x" * 128, 2**53 - 1, text)
    assert isinstance(V2KitchenPeer().receive(message)[0], KitchenHello)


def test_a_long_list_of_files_and_a_long_filter_are_cut_too() -> None:
    hosts = [f"host 192.0.2.{n}" for n in range(256)] * 9
    text = kitchen_hello("k", hosts, " or ".join(hosts), ["m.Chef"], 5.0, cut=True)
    told = json.loads(text)
    assert told["interface"] == ", ".join(hosts)[:1000] + "..."
    assert told["filter"] == " or ".join(hosts)[:1000] + "..."
    assert (told["chefs"], told["chefs_left_out"]) == (["m.Chef"], 0)


def test_what_else_is_announced_is_left_out_before_the_kitchen_is_kept_out() -> None:
    text = kitchen_hello("k", "all", "", ["m.Chef"] * 9, 5.0, cut=True, a="x" * 20_000, b=1)
    told = json.loads(text)
    assert told["b"] == 1
    assert "a" not in told
    assert (told["chefs"], told["chefs_left_out"]) == (["m.Chef"] * 9, 0)
