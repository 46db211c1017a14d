"""Make the screens that the documentation shows: ``./dev screens``.

Everything is real: a hub, two kitchens that replay made-up traffic, and the commands on terminals
of tmux. Only the third kitchen is told what it lost.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

# As the tests have it: what they share lies in `support`, beside this package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from netdumplings.capture import write_pcap
from netdumplings.packets.sample import sample_packets
from support.commands import Command
from support.hubs import Hub, counting_kitchen
from support.terminal import Terminal

INTO = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "screens"
#: Seconds of traffic before a screen is kept.
WATCHED = 40


def main() -> None:
    """Make them."""
    INTO.mkdir(exist_ok=True)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sample = directory / "sample.pcap"
        write_pcap(sample, sample_packets(time.time()))
        # At its usual ports and pace, as the screens shall show them.
        hub = stack.enter_context(Hub(11347, 11348, "-f", "1"))
        for name, speed in (("cellar", "1"), ("attic", "3")):
            replaying = ("--read", str(sample), "--loop", "--speed", speed, "-n", name)
            stack.enter_context(Command("sniff", *replaying, "-p", "2"))
        ended = stack.enter_context(_a_kitchen_that_loses(hub))
        places = []
        for name, module, columns, lines in (
            ("nd-top-80x24", "top", 80, 24),
            ("nd-top-140x40", "top", 140, 40),
            ("nd-hubstatus", "hubstatus", 100, 8),
        ):
            place = directory / name
            place.mkdir()
            terminal = Terminal(place, module, columns=columns, lines=lines)
            places.append((name, stack.enter_context(terminal)))
        time.sleep(WATCHED)
        for name, terminal in places:
            screen = terminal.screen()
            if name == "nd-hubstatus":
                # What was typed is of no interest, nor is the path of this Python.
                screen = screen[screen.index("\n20") + 1 :]
            _keep(name, screen)
        ended.set()


def _keep(name: str, screen: str) -> None:
    path = INTO / f"{name}.txt"
    text = "\n".join(line.rstrip() for line in screen.rstrip("\n").splitlines())
    path.write_text(f"{text}\n", encoding="utf-8")
    print(f"{path}\n{text}\n")


class _a_kitchen_that_loses:  # noqa: N801  # reads as a function
    """Have a kitchen tell every second that the kernel drops some of its packets."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> threading.Event:
        self._thread.start()
        return self._ended

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with counting_kitchen(self._hub, "busy-link") as kitchen:
            handled = lost = 0
            while not self._ended.wait(1):
                handled += 9000
                lost += 120
                kitchen.tell(
                    packets_received=handled + lost,
                    packets_handled=handled,
                    packets_dropped_by_kernel=lost,
                    bytes_handled=700 * handled,
                    traffic={"TCP": [handled, 700 * handled]},
                )


if __name__ == "__main__":
    main()
