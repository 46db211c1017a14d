"""A real browser, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

needs_a_browser = pytest.mark.skipif(
    BROWSER is None, reason="there is no Chromium to show a page in"
)


#: What Chromium is started with: no sandbox, for root has none, and no word to anybody.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
)  # fmt: skip


@contextmanager
def browser(profile: Path, *urls: str, resolver_rules: str = "") -> Iterator[None]:
    """Show pages in headless Chromium.

    Args:
        profile: a directory for what it keeps.
        *urls: the pages.
        resolver_rules: what it is to believe of names, as ``MAP NAME ADDRESS``.
    """
    assert BROWSER is not None
    process = subprocess.Popen(
        [BROWSER, "--headless", *FLAGS, f"--user-data-dir={profile}",
         "--remote-debugging-port=0", f"--host-resolver-rules={resolver_rules}", *urls],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        process.wait()
