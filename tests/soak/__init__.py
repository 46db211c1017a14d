"""Faults, one after the other, against real processes: does every dumpling arrive, or is it told?

``./dev soak`` (``python -m tests.soak``) does what ``tests/integration/test_faults.py`` does, but
for as long as one likes, and lets eaters come and go for an hour.

- `faults`: the faults.
- `floods`: peers that send what they should not, or nothing. `malformed`: what they send.
- `autobahn`: the fuzzing client of Autobahn|Testsuite.
- `churn`: eaters that come and go, and the memory of the hub meanwhile.
- `recorder`: a recorder that is killed again and again.
- `lives`: the kitchen, hub and eater that all this befalls.
- `books`: what has been eaten, what was missed, and whether that is everything.
- `number_chef`: a chef that numbers its dumplings. `witness`: an eater that keeps books.
- `impatient`: commands that give a dead connection up soon.
"""
