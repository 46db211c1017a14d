"""How long it takes to start: to import the library, and to ask a command for help.

Baseline: the same Python starting and doing nothing, in the same run. Bias: what the disk cache
holds already costs nothing here, as it does on any machine where the command ran once before; the
best of many runs is taken, which leaves out what else the machine was doing.
"""

from __future__ import annotations

import subprocess
import sys
import time

RUNS = 15
CASES = {
    "python, doing nothing": ["-c", "pass"],
    "import netdumplings": ["-c", "import netdumplings"],
    "from netdumplings import DumplingEater": ["-c", "from netdumplings import DumplingEater"],
    "from netdumplings import DumplingKitchen": ["-c", "from netdumplings import DumplingKitchen"],
    "nd-print --help": ["-m", "netdumplings.console.print", "--help"],
    "nd-sniff --help": ["-m", "netdumplings.console.sniff", "--help"],
    "nd-sniff --chef-list": ["-m", "netdumplings.console.sniff", "--chef-list"],
}
#: What is promised, in milliseconds: beyond Python's own start for the import, in all for the help.
PROMISED = {"import netdumplings": 100, "nd-print --help": 300}


def best(arguments: list[str]) -> float:
    """The shortest of several runs, in milliseconds."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def main() -> None:
    """Time every case and print it beside the baseline."""
    baseline = best(CASES["python, doing nothing"])
    print(f"{'':42} {'in all':>8} {'beyond':>8} {'ratio':>6}   promised")
    for name, arguments in CASES.items():
        took = best(arguments)
        times = f"{took:5.0f} ms {took - baseline:5.0f} ms {took / baseline:6.1f}"
        promised = f"{PROMISED[name]} ms" if name in PROMISED else ""
        print(f"{name:42} {times}   {promised}")


if __name__ == "__main__":
    main()
