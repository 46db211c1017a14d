"""What ``netdumplings`` exports, and what importing it costs."""

import subprocess
import sys

import pytest

import netdumplings

EXPORTS = {
    "Dumpling",
    "DumplingBatch",
    "DumplingChef",
    "DumplingDriver",
    "DumplingEater",
    "DumplingHub",
    "DumplingKitchen",
    "Gap",
    "InvalidDumpling",
    "InvalidDumplingPayload",
    "NetDumplingsError",
    "__version__",
}


def test_it_exports_exactly_the_documented_names() -> None:
    assert set(netdumplings.__all__) == EXPORTS
    assert set(dir(netdumplings)) >= EXPORTS


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_each_exported_name_can_be_had(name: str) -> None:
    assert getattr(netdumplings, name) is not None


def test_a_name_that_it_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Dumplong"):
        _ = netdumplings.Dumplong


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return set(result.stdout.split())


def test_importing_it_imports_no_library() -> None:
    heavy = {"asyncio", "click", "cypcap", "msgspec", "numpy", "pcapy", "rich", "scapy"}
    heavy.add("websockets")
    assert modules_after("import netdumplings") & heavy == set()


def test_an_eater_waits_for_neither_scapy_nor_numpy() -> None:
    imported = modules_after("from netdumplings import DumplingEater")
    assert imported & {"scapy", "numpy", "cypcap", "pcapy"} == set()
    assert "websockets" in imported
