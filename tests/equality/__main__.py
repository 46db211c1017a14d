"""``python -m tests.equality DIRECTORY``: print each disagreement with scapy, and a summary."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from .captures import batches_of, captures_in
from .compare import disagreements

#: How many disagreements of one capture are printed in full.
_MOST_SHOWN = 20


def main() -> int:
    """Compare; the result is the exit status: 1 if there was any disagreement."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print("usage: python -m tests.equality DIRECTORY", file=sys.stderr)
        return 2
    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    seen: set[tuple[int, int]] = set()
    captures = packets = found = malformed = 0
    for path in captures_in(Path(sys.argv[1])):
        captures += 1
        first = shown = 0
        for batch in batches_of(path):
            for each in disagreements(batch, seen):
                if each.malformed:
                    malformed += 1
                    continue
                found += 1
                shown += 1
                if shown <= _MOST_SHOWN:
                    print(
                        f"{path}: packet {first + each.index + 1}: {each.what}: "
                        f"ours {each.ours!r}, scapy's {each.scapys!r}"
                    )
            first += len(batch)
        packets += first
    print(
        f"{packets} packets of {captures} captures: {found} disagreements; "
        f"{malformed} values absent for headers that are cut off or untrue"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
