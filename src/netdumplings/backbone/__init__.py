"""Many hubs as one, on NATS with JetStream.

Importing this imports no NATS client; that is done by whoever connects.
"""

from __future__ import annotations

from .settings import BackboneSettings
from .state import BackboneState

__all__ = ["BackboneSettings", "BackboneState"]
