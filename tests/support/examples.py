"""How many examples hypothesis tries of each claim.

In every run of the tests they are few, and others each time, so that many runs see many;
``--hypothesis-profile thorough`` tries forty times as many in one. What takes long without
hypothesis asks `thorough`.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

#: Of these says nothing how good the code is: they are about how fast the machine is.
_ABOUT_TIME = [HealthCheck.too_slow]


def register_profiles() -> None:
    """Tell hypothesis of both profiles, and use the one of every run."""
    for name, count in (("suite", 25), ("thorough", 1000)):
        settings.register_profile(
            name, max_examples=count, deadline=None, suppress_health_check=_ABOUT_TIME
        )
    settings.load_profile("suite")


def thorough() -> bool:
    """Whether there is time for everything."""
    return settings().max_examples > 100


def examples(times: float, **more: Any) -> settings:
    """Settings for so many times as many examples as other claims get, and what else there is."""
    return settings(max_examples=round(times * settings().max_examples), **more)
