"""What the how-to says of Prometheus, with a real one where there is one."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from netdumplings import DumplingHub
from netdumplings.backbone import BackboneSettings
from netdumplings.hub.reports import SumTold
from netdumplings.transport.ports import bind_all
from netdumplings.transport.tokens_file import add_token
from support.fleets import hear, report
from support.http import ask
from support.hub_peers import PATIENCE, kitchen, running_hub

pytestmark = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="Prometheus is not here (apt-get install prometheus)",
)

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/netdumplings.rules.yml"
YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
HELLO = '{"kitchen_name": "k", "interface": "eth0", "counts": {"packets_received": 41}}'


async def promtool(*arguments: str, given: bytes = b"") -> tuple[int, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "promtool", *arguments, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate(given)
    assert process.returncode is not None
    return process.returncode, said.decode()


def configurations() -> list[str]:
    """Every configuration that the how-to shows."""
    return YAML.findall((ROOT / "docs/how-to/prometheus.md").read_text())


async def test_its_own_tool_finds_nothing_wrong_with_what_is_scraped() -> None:
    nowhere = BackboneSettings(servers=["nats://127.0.0.1:1"])
    async with running_hub(backbone=nowhere) as hub, kitchen(hub, HELLO):
        assert hub._service is not None
        assert hub._service._joined is not None
        hear(hub._service._joined.fleet, report(sums=[SumTold("k")]))
        answer = await ask(hub.out_port, "/metrics")
    assert b"fleet_kitchen" in answer.body
    assert await promtool("check", "metrics", given=answer.body) == (0, "")


async def test_its_own_tool_takes_the_rules_and_the_configurations(tmp_path: Path) -> None:
    status, said = await promtool("check", "rules", str(RULES))
    assert (status, "7 rules found" in said) == (0, True), said
    assert len(configurations()) == 3
    for text in configurations():
        path = tmp_path / "prometheus.yml"
        path.write_text(text.replace("/etc/prometheus/netdumplings.token", str(path)))
        status, said = await promtool("check", "config", str(path))
        assert status == 0, said


@asynccontextmanager
async def prometheus(directory: Path, configuration: str) -> AsyncIterator[int]:
    """Run Prometheus, and yield its port."""
    [sock] = bind_all([(2, ("127.0.0.1", 0))], 0)
    port = sock.getsockname()[1]
    sock.close()
    (directory / "prometheus.yml").write_text(configuration)
    process = await asyncio.create_subprocess_exec(
        "prometheus", f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data", f"--web.listen-address=127.0.0.1:{port}",
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield port
        assert process.returncode is None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def until(port: int, path: str, wanted: Any) -> None:
    """Ask Prometheus until it says what is wanted."""

    def asked() -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}") as answer:
            return json.load(answer)["data"]

    told = None
    async with asyncio.timeout(3 * PATIENCE):
        while not wanted(told):
            await asyncio.sleep(0.1)
            try:
                told = await asyncio.to_thread(asked)
            except OSError:
                continue


def job(name: str, text: str, hub: DumplingHub, token: Path) -> str:
    """One job, of a configuration of the how-to."""
    text = text.partition("scrape_configs:\n")[2]
    text = text.replace("job_name: netdumplings", f"job_name: {name}")
    text = text.replace("localhost:11348", f"localhost:{hub.out_port}")
    text = text.replace("/etc/prometheus/netdumplings.token", str(token))
    return re.sub(r"scrape_interval: .*", "scrape_interval: 1s", text)


async def test_it_scrapes_hubs_as_the_how_to_says_and_has_their_numbers(tmp_path: Path) -> None:
    tokens, token = tmp_path / "tokens.json", tmp_path / "netdumplings.token"
    token.write_text(add_token(tokens, "prometheus", ["status"]).reveal())
    plain, _, with_token = configurations()
    async with running_hub() as hub, running_hub(tokens=tokens) as wary, kitchen(hub, HELLO):
        jobs = [
            job("plain", plain, hub, token),
            job("token", with_token, wary, token),
            job("without", plain, wary, token),
        ]
        settings = f"global: {{scrape_interval: 1s}}\nscrape_configs:\n{''.join(jobs)}"
        async with prometheus(tmp_path, settings) as port:
            await until(port, "targets", lambda told: healths(told) == EXPECTED)
            await until(
                port,
                "query?query=netdumplings_packets_received_total",
                lambda told: told and [one["value"][1] for one in told["result"]] == ["41"],
            )


EXPECTED = {
    "plain": ("up", ""),
    "token": ("up", ""),
    "without": ("down", "server returned HTTP status 401 Unauthorized"),
}


def healths(told: Any) -> dict[str, tuple[str, str]]:
    """How each job's target is, and what is wrong with it."""
    targets = told["activeTargets"] if told else ()
    return {one["labels"]["job"]: (one["health"], one["lastError"]) for one in targets}
