"""From a hub into a recording, and back: what ``nd-record`` and ``nd-replay`` do.

- `recorder`: an eater that records; `writing`: the thread that writes what it eats.
"""
