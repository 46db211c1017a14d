"""Many hubs as one, on NATS with JetStream.

Importing this imports no NATS client; that is done by whoever connects.
"""

from __future__ import annotations

from .addresses import parse_servers
from .settings import BackboneLogin, BackboneSettings
from .state import BackboneState

__all__ = ["BackboneLogin", "BackboneSettings", "BackboneState", "parse_servers"]
