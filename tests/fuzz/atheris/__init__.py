"""Coverage-guided fuzzing: what takes any bytes of the network's, and what it must hold to.

Each of `targets.TARGETS` is a function of some bytes that returns, or else has found a bug. ``./dev
fuzz`` has atheris feed them; the suite calls them without it.
"""
