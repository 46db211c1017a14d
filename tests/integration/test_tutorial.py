"""The tutorial, followed word by word."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import sandbox
from support.commands import clean_environment
from support.reachable import make_reachable
from support.tutorial import Wrong, blocks, changed, follow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial" / "a-chef-of-your-own.md"
UNIT = ROOT / "deploy" / "systemd" / "nd-sniff.service"


@pytest.fixture
def directory() -> Iterator[Path]:
    """An empty directory that commands get to that give up root.

    pytest's own are in one that it closes to others whenever it is started, be it by somebody else.
    """
    with tempfile.TemporaryDirectory() as name:
        yield make_reachable(Path(name))


def test_who_follows_the_tutorial_sees_what_it_says(directory: Path) -> None:
    follow(PAGE.read_text(encoding="utf-8"), directory)
    if sandbox.why_not() is None:
        # It ends with a service, which takes root and systemd. But its sandbox can be had.
        done = subprocess.run(
            [sys.executable, sandbox.__file__, UNIT, Path(sys.executable).with_name("nd-sniff"),
             "--stdout", "--read", "office.pcap", "--chef-module", "failed_lookup_chef.py"],
            cwd=directory, capture_output=True, text=True, check=False, env=clean_environment(),
        )  # fmt: skip
        assert '"latest":"wpad.corp.example"' in done.stdout, done.stderr


def test_what_is_not_followed_is_installing_before_it_and_as_a_service() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * len(list(blocks(text))) + 2  # and a picture
    left = [block.body.split()[:4] for block in blocks(text) if not block.followed]
    assert left == [["$", "python3", "-m", "venv"], ["#", "install", "-m", "0644"]]


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ echo 1\n2\n```\n",
        "```console\n$ echo 1; echo 2\n1\n```\n",
        "```console\n$ echo 1\n```\n",
        "```console\n$ false\n```\n",
        "```{code-block} console\n:class: figures\n\n$ echo it has 1\nit had 2\n```\n",
        "```{code-block} console\n:caption: Terminal 2\n\n$ echo 1\n2\n```\n",
        "```{code-block} console\n:caption: Terminal 2\n\n$ sleep 60\n^C\nbye\n```\n",
        "```text\nwhatever\n```\n",
    ],
)
def test_a_page_that_is_wrong_is_found_out(text: str, tmp_path: Path) -> None:
    with pytest.raises(Wrong, match="the block in line 1: "):
        follow(text, tmp_path)


def test_a_page_that_is_right_is_not(tmp_path: Path) -> None:
    text = (
        "```{code-block} text\n:caption: a.txt\n\none\ntwo\n```\n"
        "```{code-block} diff\n:caption: a.txt\n\n-two\n+3\n```\n"
        "```{code-block} console\n:class: figures\n\n$ cat a.txt; X=4\n...\n5\n$ echo $X\n44\n```\n"
        "```{code-block} console\n:caption: Terminal 2\n\n$ tail -f a.txt\none\n^C\n```\n"
    )
    follow(text, tmp_path)


@pytest.mark.parametrize("text", ["one\n", "two\ntwo\n"])
def test_a_diff_is_of_one_place(text: str) -> None:
    with pytest.raises(Wrong, match="times in the file"):
        changed(text, "-two\n+three\n")
