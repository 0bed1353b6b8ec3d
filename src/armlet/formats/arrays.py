"""Arrays out of files that nobody vouches for: .npy and .npz without pickle, bounded before they are read."""

import io
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from armlet.errors import InputError, one_line
from armlet.formats.npy_header import read_header
from armlet.storage import open_input, read_up_to

LARGEST = 1 << 30  # bytes of one array; ten million float32 weights take 40 MB
_MOST_WORDS = 10_000  # in an array of text: names of layers' activations
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_BROKEN_ARCHIVE = (ValueError, EOFError, LookupError, TypeError, MemoryError, OverflowError, zipfile.BadZipFile)
_BROKEN_ARCHIVE = (*_BROKEN_ARCHIVE, zlib.error, struct.error, OSError)
_BROKEN_ARCHIVE = (*_BROKEN_ARCHIVE, AttributeError, AssertionError, RuntimeError)  # zipfile raises them all


def read_npy(path: Path) -> NDArray[Any]:
    """The array of numbers in a .npy file. Raises `InputError`."""
    with open_input(path) as file:
        return _read_array(file, path, path.name)


def read_npz(path: Path, names: Collection[str] | None = None) -> Mapping[str, NDArray[Any]]:
    """Arrays of numbers in a .npz file, by name: those of `names`, or every one. Raises `InputError`."""
    with open_archive(path) as archive:
        members = {_name(member): member for member in archive.infolist()}
        return {name: _member(archive, m, path) for name, m in members.items() if names is None or name in names}


def read_npz_words(path: Path, name: str) -> tuple[str, ...]:
    """The words in an array of text of a .npz file. Raises `InputError`."""
    with open_archive(path) as archive, archive.open(f"{name}.npy") as file:
        try:
            header = read_header(file, words=True)
            count = header.shape[0] if len(header.shape) == 1 else 0
            if not 0 < count <= _MOST_WORDS:
                raise ValueError(f"has shape {header.shape}, not a list of words")
            data, size = bytes(read_up_to(file, count * header.dtype.itemsize)), header.dtype.itemsize
            coding = "utf-32-le" if header.dtype.kind == "U" else "utf-8"
            words = tuple(data[k * size : (k + 1) * size].decode(coding).rstrip("\0") for k in range(count))
        except ValueError as broken:  # a letter that is none, too
            raise InputError(path, f"{name} {one_line(str(broken))}", "write such as relu, relu, linear") from broken
        return words


def npz_names(path: Path) -> list[str]:
    """What the arrays of a .npz file are called, in the file's order. Raises `InputError`."""
    with open_archive(path) as archive:
        return [*dict.fromkeys(map(_name, archive.infolist()))]


def npz_shapes(path: Path) -> Mapping[str, tuple[int, ...]]:
    """The shapes of the arrays of numbers in a .npz file, none of which is read. Raises `InputError`."""
    shapes = dict[str, tuple[int, ...]]()
    with open_archive(path) as archive:
        for member in archive.infolist():
            with archive.open(member) as file, suppress(ValueError):  # no array, or one of no numbers
                shapes[_name(member)] = read_header(file).shape
    return shapes


@contextmanager
def open_archive(
    path: Path, what: str = ".npz archive", writer: str = "numpy.savez", packer: str = "numpy"
) -> Iterator[zipfile.ZipFile]:
    """A zip archive that is bounded; what is broken in it while it is open is an `InputError`."""
    with open_input(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                most = most_unpacked(path.stat().st_size)
                if len(members) > 10_000 or sum(m.file_size for m in members) > most:
                    raise InputError(path, "unpacks to more than armlet reads", f"keep it under {most} bytes")
                if odd := [m.filename for m in members if m.compress_type not in _PACKINGS]:
                    raise InputError(path, f"packs {odd[0][:40]!r} in a way that {packer} does not", f"use {writer}")
                yield archive
        except _BROKEN_ARCHIVE as broken:
            raise InputError(path, f"is not a readable {what}", f"write it again with {writer}") from broken


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def most_unpacked(size: int) -> int:
    """Bytes that a packed file of `size` bytes may hold: real arrays shrink a hundredfold at most, or are small."""
    return min(2 * LARGEST, max(64 << 20, 100 * size))


def write_npy(array: NDArray[Any]) -> bytes:
    """The bytes of a .npy file."""
    buffer = io.BytesIO()
    npy.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def write_npz(arrays: Mapping[str, NDArray[Any]], packed: bool = True) -> bytes:
    """The bytes of a .npz file, the same for the same arrays: no times, and a fixed order.

    Unless it is `packed`, which is zlib's to do in its own way, they are the same everywhere.
    """
    packing = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, write_npy(array), packing, 6 if packed else None)
    return buffer.getvalue()


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    with archive.open(member) as file:
        return _read_array(file, path, member.filename)


def _read_array(file: IO[bytes], path: Path, name: str) -> NDArray[Any]:
    try:
        header = read_header(file)
    except ValueError as broken:
        raise InputError(path, f"{name} {broken}", "write it again with numpy.save, plain numbers") from broken
    count = 1
    for extent in header.shape:
        count *= extent
    size = count * header.dtype.itemsize
    if len(header.shape) > 8 or size > LARGEST:
        problem = f"{name} has shape {header.shape}, more than armlet reads"
        raise InputError(path, problem, f"keep it under {LARGEST} bytes")
    data = bytes(read_up_to(file, size))
    if len(data) != size:
        raise InputError(path, f"{name} ends early", "write it again with numpy.save")
    try:
        return np.frombuffer(data, header.dtype).reshape(header.shape, order="F" if header.by_columns else "C")
    except ValueError as broken:  # no bytes, or more extents than numpy takes
        raise InputError(path, f"{name} has shape {header.shape}, which numpy does not take") from broken
