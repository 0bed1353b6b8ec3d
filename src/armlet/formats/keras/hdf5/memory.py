"""How much memory a library may take that allocates what a broken file claims, before it looks whether it is there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no limits of this kind
    resource = None

_USED = Path("/proc/self/statm")  # pages; the sixth number is what the process may write to
_DATA = 5


@contextmanager
def at_most(more: int) -> Iterator[None]:
    """Let the process take up to `more` bytes beyond what it has, on Linux; beyond, the library's allocation fails."""
    if resource is None or not _USED.exists():
        yield
        return
    used = int(_USED.read_bytes().split()[_DATA]) * os.sysconf("SC_PAGE_SIZE")
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = used + more
    tighter = [limit, *(each for each in (soft, hard) if each != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_DATA, (min(tighter), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
