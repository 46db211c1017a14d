"""What to say of a file that cannot be read, or by too many."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def cannot_be_read(error: OSError) -> str:
    """Say why a file cannot be read; and who cannot, for who was root may be so no longer."""
    reason = f"cannot be read: {error.strerror}"
    if not isinstance(error, PermissionError) or not hasattr(os, "geteuid"):
        return reason
    return f"{reason} for the user {_name(os.geteuid())}: give it to that user, or see --user"


def is_shared(path: str, status: os.stat_result) -> bool:
    """Tell whether others than its owner can read or write a file.

    Args:
        path: where it is.
        status: what fstat(2) says of it.
    """
    if os.name != "posix":
        return False
    shared = stat.S_IRWXO | stat.S_IRWXG
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and Path(path).parent == Path(credentials):
        # systemd's own (systemd.exec(5), LoadCredential): there the bits of the group show what
        # the access control list lets the service's user do.
        shared = stat.S_IRWXO
    return bool(status.st_mode & shared)


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
