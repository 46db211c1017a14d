"""Privilege separation: what may sniff runs no user code, and what runs user code may do nothing.

A command that sniffs is two processes. The one that was started opens the interfaces, keeps of all
privileges only CAP_NET_RAW (capabilities(7)), and goes on capturing; it also looks after the other
one. That other one is forked from it before anything of the user's is loaded, gives up everything,
and then runs chefs, hub and all. Packets go from one to the other through shared memory.

- `linux`: the system calls; `privileges`: who to become, and giving up the rest.
- `reach`: what was opened beforehand, for who may not open it any more.
- `ring`: the shared memory; `messages`: what the two say to each other; `channel`: over what.
- `listener`, `feeder`: the capturing side; `source`, `side`: the side of the chefs.
- `supervisor`: the fork, signals, and what to do when the process of the chefs is no more;
  `culprit`: which chef it was.
"""

from __future__ import annotations
