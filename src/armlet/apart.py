"""What a command writes against what it reads: no output may be, lie in, or hold an input, whatever way leads there.

Places are told apart by what the file system says they are, not by their spelling: `..`, links, another case and
/proc/self/cwd all come to the same device and number.
"""

import os
from collections.abc import Iterable, Iterator
from errno import ELOOP
from pathlib import Path
from typing import TypeAlias

from armlet.errors import InputError

_MOST_LINKS = 40  # behind one another, as the system has it
_Place: TypeAlias = tuple[int, int] | str  # device and number; where nothing is yet, the path it would have


def refuse_overlap(outputs: Iterable[Path], inputs: Iterable[Path | None]) -> None:
    """Raise `InputError` where writing one of `outputs`, files or folders, would touch one of `inputs`.

    Inputs that are None were not given; those that do not exist are the business of who reads them.
    """
    read = [path for path in inputs if path is not None]
    for out in outputs:
        for path in read:
            if problem := overlap(out, path):
                raise InputError(out, problem, "give another place to write to")


def overlap(out: Path, given: Path) -> str:
    """How writing `out` would touch `given`, in words; empty where they are apart."""
    try:
        written, read = _identity(out), _identity(given)
        if written == read:
            return "is what is read" if str(out) == str(given) else f"is {given}, which is read"
        if read in _trail(out):
            return f"lies in {given}, which is read"
        if written in _trail(given):
            return f"holds {given}, which is read"
        shared = _held(out, deep=True) & {read, *_held(given, deep=False)}
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name that no file can have
        return ""  # who opens it says what is wrong
    return f"holds a file of {given}, which is read" if shared else ""


def _identity(path: Path) -> _Place:
    """What a path leads to."""
    try:
        found = path.stat()
    except OSError:
        return str(_resolved(path))
    return found.st_dev, found.st_ino


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _trail(path: Path, links: int = 0) -> set[_Place]:
    """All folders that a path lies in or leads through, with those that its links lead through, and itself."""
    root = Path(path.anchor) if path.is_absolute() else Path.cwd()
    here, passed = root, _above(root)
    for part in path.relative_to(path.anchor).parts if path.is_absolute() else path.parts:
        if part == "..":
            here = _resolved(here).parent
            passed = _above(here)  # what led here is left behind
            continue
        here /= part
        passed.add(_identity(here))
        if here.is_symlink():
            if links == _MOST_LINKS:
                raise OSError(ELOOP, "links in a circle")
            passed |= _trail(here.parent / os.readlink(here), links + 1)
    return passed


def _above(place: Path) -> set[_Place]:
    return {_identity(folder) for folder in (place, *place.parents)}


def _held(path: Path, deep: bool) -> set[_Place]:
    """What lies in a folder, by what it leads to; `deep`, in the folders within too. Nothing for a file."""
    if not path.is_dir():
        return set()
    found = _files(path) if deep else path.iterdir()
    return {_identity(entry) for entry in found}


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        yield from (Path(place) / name for name in (*folders, *files))
