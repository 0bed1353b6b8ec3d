"""Functions compiled by Numba, and a place to keep their machine code for a user who has neither of the usual two.

Numba keeps it beside the source, else in the user's cache folder, and refuses to compile where neither can be written.
Then it goes to a folder of the user's own among the temporary files. What lies there is executed, so the folder is used
only if no other user can have put anything into it; failing that, each run compiles anew.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numba

_NUMBA: Any = numba  # its types tell neither of its settings nor of options that come as a mapping
_Function = TypeVar("_Function", bound=Callable[..., Any])


def njit(**options: Any) -> Callable[[_Function], _Function]:
    """`numba.njit`, which needs no place to keep what it compiles."""

    def compile(function: _Function) -> _Function:
        if options.get("cache") and not _NUMBA.config.CACHE_DIR and _is_homeless():
            return _in_private_folder(function, options)
        try:
            return _NUMBA.njit(**options)(function)
        except RuntimeError:  # no locator available
            if not options.get("cache"):
                raise
        return _in_private_folder(function, options)

    return compile


def _in_private_folder(function: _Function, options: Mapping[str, Any]) -> _Function:
    """Compiled with another place for the machine code, or without one."""
    place = private_folder(Path(tempfile.gettempdir()))
    if place is None or _NUMBA.config.CACHE_DIR:
        return _NUMBA.njit(**{**options, "cache": False})(function)
    _NUMBA.config.CACHE_DIR = str(place)  # of this process, for all that follow
    return njit(**options)(function)


def kept_in(compiled: Any) -> Path | None:
    """The folder that keeps the machine code of a compiled function; nothing where each run compiles anew."""
    place = compiled.stats.cache_path
    return Path(place) if place else None


def private_folder(parent: Path) -> Path | None:
    """A folder in `parent` that only this user can write to; nothing where there can be none."""
    if not hasattr(os, "getuid"):
        return None
    folder = parent / f"armlet-{os.getuid()}"
    try:
        around = parent.stat()
        if around.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not around.st_mode & stat.S_ISVTX:
            return None  # others could put another folder in its place
        with suppress(FileExistsError):
            folder.mkdir(mode=stat.S_IRWXU)
        found = folder.lstat()
    except OSError:
        return None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if ours and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO) else None


def _is_homeless() -> bool:
    """Whether Numba would take a folder called ~ for the user's own."""
    return not os.path.isabs(os.path.expanduser("~"))
