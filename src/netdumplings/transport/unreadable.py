"""What to say of a file that cannot be read."""

from __future__ import annotations

import os


def cannot_be_read(error: OSError) -> str:
    """Say why a file cannot be read; and who cannot, for who was root may be so no longer."""
    reason = f"cannot be read: {error.strerror}"
    if not isinstance(error, PermissionError) or not hasattr(os, "geteuid"):
        return reason
    return f"{reason} for the user {_name(os.geteuid())}: give it to that user, or see --user"


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
