"""What ``nd-replay`` writes to standard output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from netdumplings.console.replay import main
from support.recordings import line


@pytest.mark.parametrize("charset", ["utf-8", "ascii", "latin-1"])
def test_whatever_the_output_can_hold_it_is_the_same_json(tmp_path: Path, charset: str) -> None:
    path = tmp_path / "theirs.jsonl"
    payloads = ["é", "\U0001f600", "\x85", "a\tb"]
    # Others put spaces of all kinds between the parts.
    path.write_bytes(b"".join(line(one).replace(b":", b":\t\r") + b"\n" for one in payloads))
    runner = CliRunner(charset=charset, env={"NETDUMPLINGS_CONFIG": ""})
    result = runner.invoke(main, ["--stdout", str(path)])
    assert result.exit_code == 0
    lines = result.stdout_bytes.decode().splitlines()
    assert [json.loads(one)["payload"] for one in lines] == payloads
