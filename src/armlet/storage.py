"""Whole files or none: everything armlet writes goes to a temporary name first and is renamed when complete.

What it reads has a limit, so that no file takes all memory.
"""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, TypeVar

from armlet.errors import InputError

_Kind = TypeVar("_Kind")

_CHUNK = 1 << 20  # bytes
# A key of many dots, plain or quoted: tomllib's time grows with the square of their number.
_DEEP_KEY = re.compile(rb"""(?:\.[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*){101}""")


def read_file(path: Path, most: int) -> bytes:
    """All of `path`. Raises `InputError` where it cannot be read or holds more than `most` bytes."""
    with open_input(path) as file:
        try:
            data = bytes(read_up_to(file, most + 1))
        except OSError as refused:
            raise unreadable(path, refused) from refused
    if len(data) > most:
        raise InputError(path, f"is longer than {most} bytes")
    return data


def open_input(path: Path) -> IO[bytes]:
    """`path` opened for reading, at once or not at all: every file that a caller names is opened here.

    A pipe would wait for its writer, a device may never end, and neither can be read twice. Raises `InputError`.
    """
    try:
        _require_regular(path, os.stat(path).st_mode)  # before it is opened, which alone may set a device off
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as refused:  # ValueError: a name that no file can have
        raise unreadable(path, refused) from refused
    try:
        _require_regular(path, os.fstat(handle).st_mode)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def open_text(path: Path) -> IO[str]:
    """`path` as `open_input` gives it, for reading as UTF-8 text with or without a mark at its start."""
    return TextIOWrapper(open_input(path), encoding="utf-8-sig")


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise InputError(path, "cannot be read: is a folder, not a file", "check the path")
    kinds = {"a pipe": stat.S_ISFIFO, "a socket": stat.S_ISSOCK, "a device": stat.S_ISCHR}
    kind = next((name for name, test in kinds.items() if test(mode)), "a device")
    raise InputError(path, f"is {kind}, not a file", "write what it gives to a file first, and give that")


def read_toml(path: Path, most: int) -> dict[str, Any]:
    """The tables of a TOML file of up to `most` bytes. Raises `InputError`."""
    return parse_toml(path, read_file(path, most))


def parse_toml(path: Path, data: bytes) -> dict[str, Any]:
    """The tables of the TOML in `data`, which came from `path`. Raises `InputError`."""
    import tomllib

    if _DEEP_KEY.search(data):
        raise InputError(path, "is not TOML that armlet reads: a key has more than 100 dots")
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as broken:  # ValueError: no TOML, no UTF-8, or a number of 5,000 digits
        raise InputError(path, f"is not TOML: {broken}") from broken


def parse_json(source: Path, data: bytes, kind: type[_Kind], what: str, hint: str) -> _Kind:
    """A `kind` out of the JSON in `data`, which came from `source`. Raises `InputError`: it is not `what`, `hint`."""
    import msgspec

    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as broken:
        raise InputError(source, f"is not {what}: {broken}", hint) from broken


def read_up_to(file: IO[bytes], count: int) -> bytearray:
    """The next `count` bytes or as many as there are; memory grows with what is there, not with what is asked for."""
    data = bytearray()
    while len(data) < count and (chunk := file.read(min(count - len(data), _CHUNK))):
        data += chunk
    return data


def unreadable(path: Path, refused: Exception) -> InputError:
    """What to raise where the system refuses to give `path`, with its reason."""
    return InputError(path, f"cannot be read: {_reason(refused)}", "check the path")


def write_file(path: Path, content: bytes | str) -> None:
    """Replace `path` by `content` in one step. Raises `InputError` where the folder cannot be written."""
    data = content.encode() if isinstance(content, str) else content
    with _writing(path), _alone(path):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                _write(file, data)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_folder(folder: Path, files: Mapping[str, bytes | str], owns: Sequence[str]) -> None:
    """Replace `folder` by one that holds exactly `files`, by name; a name with slashes lies in folders within.

    The new folder is complete before the old one moves aside. No system call that Python has swaps two folders: between
    two renames, for some microseconds, neither has the name. A run that is killed there leaves the old one aside, and
    the next run that writes here puts it back first. `owns` lists the name patterns that this kind of folder may hold:
    an existing folder with anything else in it is somebody's work and is refused.
    """
    with _writing(folder), _alone(folder):
        refuse_foreign(folder, owns)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".part"))
        try:
            for name, content in files.items():
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                with (fresh / name).open("wb") as file:
                    _write(file, content.encode() if isinstance(content, str) else content)
            fresh.chmod(0o755)
            _swap(fresh, folder)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise


def _write(file: IO[bytes], data: bytes) -> None:
    """On the disk when it returns: a name that outlives a power cut must not outlive what it names."""
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One run at a time writes beside `path`, and first undoes what a killed one left; its lock ended with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.parent) as locked:
        if locked:
            _undo(path)
        yield


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the lock of `folder`, where the system has locks for folders; whether it has."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _undo(path: Path) -> None:
    """Put back what a killed run moved aside, and remove what it had not finished. Only with the lock held."""
    ours = re.compile(re.escape(f".{path.name}.") + r"[a-z0-9_]{8}\.(part|old)")
    for left in [entry for entry in path.parent.iterdir() if ours.fullmatch(entry.name)]:
        if (left / "was").is_dir() and not path.exists():
            os.rename(left / "was", path)
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def refuse_foreign(folder: Path, owns: Sequence[str]) -> None:
    """Raise `InputError` if `write_folder` would: for long work to ask before it begins."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(folder, "exists and is not a folder", "give another output folder")
    for entry in _entries(folder):
        name = entry.relative_to(folder).as_posix()
        if entry.is_dir() or not any(_matches(name, pattern) for pattern in owns):
            raise InputError(folder, f"holds {name}, which armlet did not write", "give another output folder")


def _entries(folder: Path) -> Iterator[Path]:
    """What lies in `folder`, in order: files, links, empty folders, and what lies in the others."""
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() or not entry.is_dir() or not any(entry.iterdir()):
            yield entry
        else:
            yield from _entries(entry)


def _matches(name: str, pattern: str) -> bool:
    """Part by part, so that a star stands for no slash."""
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatch, parts, patterns))


def _swap(fresh: Path, folder: Path) -> None:
    if not folder.exists():
        os.rename(fresh, folder)
        return
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".old"))
    os.rename(folder, old / "was")
    try:
        os.rename(fresh, folder)
    except BaseException:
        os.rename(old / "was", folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refused:
        raise InputError(path, f"cannot be written: {_reason(refused)}", "choose another place") from refused


def _reason(refused: Exception) -> str:
    return (getattr(refused, "strerror", None) or str(refused)).lower()
