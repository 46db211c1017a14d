"""How many files, which sockets are, this process may have open."""

from __future__ import annotations

from typing import Final

try:
    import resource
except ImportError:  # Windows counts no sockets
    resource = None  # type: ignore[assignment]

#: Files of a process that are not peers: its modules', its log, the event loop's, other sockets.
OTHER_FILES: Final = 64


def allow_open_files(wanted: int) -> int:
    """Raise the limit of open files of this process, as far as needed and allowed.

    Systems often give a process 1 024 files at first, and let it ask for more (``getrlimit`` of
    POSIX.1-2017).

    Args:
        wanted: how many files.

    Returns:
        how many there may be: at least ``wanted``, unless the system will not have it.
    """
    if resource is None:
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _at_least(soft, wanted):
        return wanted if soft == resource.RLIM_INFINITY else soft
    higher = wanted if _at_least(hard, wanted) else hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (higher, hard))
    except (OSError, ValueError):  # some systems have a lower limit still, and tell it of nobody
        return soft
    return higher


def _at_least(limit: int, wanted: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= wanted
