"""Whole files or none: everything armlet writes goes to a temporary name first and is renamed when complete.

What it reads has a limit, so that no file takes all memory.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from armlet.errors import InputError


def read_file(path: Path, most: int) -> bytes:
    """All of `path`. Raises `InputError` where it cannot be read or holds more than `most` bytes."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as refused:  # ValueError: a name that no file can have
        raise unreadable(path, refused) from refused
    if len(data) > most:
        raise InputError(path, f"is longer than {most} bytes")
    return data


def unreadable(path: Path, refused: Exception) -> InputError:
    """What to raise where the system refuses to give `path`, with its reason."""
    return InputError(path, f"cannot be read: {_reason(refused)}", "check the path")


def write_file(path: Path, content: bytes | str) -> None:
    """Replace `path` by `content` in one step. Raises `InputError` where the folder cannot be written."""
    data = content.encode() if isinstance(content, str) else content
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_folder(folder: Path, files: Mapping[str, bytes | str], owns: Sequence[str]) -> None:
    """Replace `folder` by one that holds exactly `files`.

    The new folder is complete before the old one moves aside, so a killed run leaves the old one or the new one.
    `owns` lists the name patterns that this kind of folder may hold: an existing folder with anything else in it is
    somebody's work and is refused.
    """
    with _writing(folder):
        _refuse_foreign(folder, owns)
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".part"))
        try:
            for name, content in files.items():
                data = content.encode() if isinstance(content, str) else content
                (fresh / name).write_bytes(data)
            fresh.chmod(0o755)
            _swap(fresh, folder)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise


def _refuse_foreign(folder: Path, owns: Sequence[str]) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(folder, "exists and is not a folder", "give another output folder")
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() or not any(fnmatch(entry.name, pattern) for pattern in owns):
            raise InputError(folder, f"holds {entry.name}, which armlet did not write", "give another output folder")


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
        raise InputError(path, f"cannot be written: {_reason(refused)}", "choose another place with --out") from refused


def _reason(refused: Exception) -> str:
    return (getattr(refused, "strerror", None) or str(refused)).lower()
