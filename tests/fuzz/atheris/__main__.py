"""Fuzz what takes the network's bytes, led by what they reach: ``./dev fuzz TARGET``.

It ends when the time is over, or at the first bug: then the input lies in the corpus beside the
others, and the exit status is not 0. Give that file as --input to see it again.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

# As the tests have it: what they share lies in `support`.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

#: Bytes of an input, seconds it may take, MiB of memory the fuzzing may take.
LONGEST, SLOWEST, MEMORY = 65_536, 20, 2048


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("target", metavar="TARGET", help="its name, or all")
    parser.add_argument("--seconds", type=int, default=60, help="of each target (60)")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="inputs to begin with and keep")
    parser.add_argument("--input", type=Path, metavar="FILE", help="run this one input, and end")
    parser.add_argument("--seed", type=int, default=0, help="of chance; 0 for another each time")
    options = parser.parse_args()
    if why_not := _why_not():
        print(f"fuzz: left out: {why_not}")
        return 0
    return _all(options) if options.target == "all" else _fuzz(options)


def _why_not() -> str | None:
    """Why there is no fuzzing here; None if there is."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return f"atheris has no wheel for {sys.platform} on {platform.machine()}"
    if sys.version_info >= (3, 15):
        return f"atheris has no wheel for Python {platform.python_version()}"
    return None


def _all(options: argparse.Namespace) -> int:
    """Fuzz each target in a process of its own, as atheris never gives one back."""
    from .targets import TARGETS

    statuses = []
    for name in TARGETS:
        arguments = ["--seconds", str(options.seconds), "--seed", str(options.seed)]
        if options.corpus:
            arguments += ["--corpus", str(options.corpus / name)]
        command = [sys.executable, "-m", "tests.fuzz.atheris", name, *arguments]
        statuses.append(subprocess.call(command))
        print(f"fuzz: {name}: {'good' if not statuses[-1] else 'BAD'}", flush=True)
    return int(any(statuses))


def _fuzz(options: argparse.Namespace) -> int:
    import atheris

    with atheris.instrument_imports(include=["netdumplings"]):
        from .targets import TARGETS
    from .seeds import SEEDS

    if options.target not in TARGETS:
        print(f"fuzz: no target {options.target!r}; there are: all, {', '.join(TARGETS)}")
        return 2
    target = TARGETS[options.target]
    if options.input:
        target(options.input.read_bytes())
        print(f"fuzz: {options.input}: good")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        corpus = options.corpus or Path(temporary)
        corpus.mkdir(parents=True, exist_ok=True)
        seeds = Path(temporary) / "seeds"
        seeds.mkdir()
        for number, seed in enumerate(SEEDS[options.target]):
            (seeds / str(number)).write_bytes(seed)
        found = corpus if options.corpus else Path.cwd()
        atheris.Setup(
            [
                sys.argv[0],
                f"-max_total_time={options.seconds}",
                f"-max_len={LONGEST}",
                f"-timeout={SLOWEST}",
                f"-rss_limit_mb={MEMORY}",
                f"-seed={options.seed}",
                f"-artifact_prefix={found}/",
                "-print_final_stats=1",
                "-verbosity=1",
                str(corpus),
                str(seeds),
            ],
            target,
        )
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
