"""Arrays out of an HDF5 file that nobody vouches for: held in memory, links followed inside it only, sizes bounded.

The library is given the bytes, not a path. Objects are reached by hard links alone, so that no external or soft link
leads elsewhere. A dataset that is virtual, keeps its values in other files, or is packed by anything but zlib is
refused before it is read: unknown filters are plugins, which would be code. The library allocates whatever a header
claims; the process is held to what the arrays of a whole file can take.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError, one_line
from armlet.formats.arrays import most_unpacked
from armlet.formats.keras.hdf5.memory import at_most

if TYPE_CHECKING:
    import h5py

_FILTERS = (1, 2, 3)  # zlib, shuffle, checksum, all of HDF5 itself
_MOST_LINKS = 10_000  # looked at in one file
_ROOM = 3  # times the bytes of all arrays: one that is read, its copy, and what is packed
_BROKEN = (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError, MemoryError, UnicodeDecodeError)


@contextmanager
def _guard(source: str) -> Iterator[None]:
    """What the library finds broken is an `InputError`."""
    try:
        yield
    except _BROKEN as broken:
        problem = f"is not HDF5 that can be read: {one_line(str(broken))[:100]}"
        raise InputError(source, problem, "save it again with model.save") from broken


class Hdf5:
    """An open file. Whatever is broken in it, or more than armlet reads, is an `InputError`."""

    def __init__(self, source: str, file: "h5py.File", size: int) -> None:
        self.source, self._file, self._left, self._links = source, file, _most_arrays(size), _MOST_LINKS
        self._most = _ROOM * self._left

    def array(self, *path: str) -> NDArray[Any] | None:
        """The numbers of the dataset at the end of a path of links, or None where there is none."""
        import h5py

        with _guard(self.source), at_most(self._most):
            found = self._open(path)
            return self._read(found, "/".join(path)) if isinstance(found, h5py.Dataset) else None

    def _open(self, path: tuple[str, ...]) -> Any:
        import h5py

        held: Any = self._file
        for name in path:
            held = self._follow(held, name) if isinstance(held, h5py.Group) else None
        return held

    def _follow(self, group: Any, name: str) -> Any:
        """What a hard link leads to; None where there is no link of that name, or another kind."""
        import h5py

        self._links -= 1
        if self._links < 0:
            raise InputError(self.source, f"has more than {_MOST_LINKS} links on the way to its weights")
        link = group.get(name, getlink=True) if "/" not in name and name not in ("", ".") else None
        if link is not None and not isinstance(link, h5py.HardLink):
            raise InputError(self.source, f"holds the link {one_line(name)[:60]!r}, which leads elsewhere")
        return None if link is None else group[name]

    def _read(self, dataset: "h5py.Dataset", name: str) -> NDArray[Any]:
        place, kind, shape = f"{self.source}: {one_line(name)[:80]}", dataset.dtype, dataset.shape
        if kind.kind != "f" or kind.itemsize not in (2, 4, 8) or shape is None:
            raise InputError(place, f"holds {kind}, not real numbers"[:120], "save a model that is not quantised")
        size, chunk = int(np.prod([1.0, *shape])) * kind.itemsize, np.prod([1.0, *(dataset.chunks or ())])
        if len(shape) > 8 or size > self._left or chunk * kind.itemsize > self._left:
            raise InputError(place, f"has shape {shape}, more than armlet reads of a file of this size"[:200])
        if dataset.is_virtual or dataset.external:
            raise InputError(place, "keeps its values in other files", "save the model again, in one file")
        plan = dataset.id.get_create_plist()
        if any(plan.get_filter(i)[0] not in _FILTERS for i in range(plan.get_nfilters())):
            raise InputError(place, "is packed in a way that armlet does not read", "save the model again")
        self._left -= size
        return np.asarray(dataset[()])


@contextmanager
def open_hdf5(source: str, data: bytes) -> Iterator[Hdf5]:
    """An HDF5 file out of its bytes. Raises `InputError`."""
    file = _opened(source, data)
    try:
        yield Hdf5(source, file, len(data))
    finally:
        with suppress(*_BROKEN):  # of what is broken only on the way out nothing was taken
            file.close()


def _most_arrays(size: int) -> int:
    """Bytes of all arrays in a file of `size` bytes: Keras packs none, and others not a hundredfold."""
    return min(most_unpacked(size), max(8 << 20, 100 * size))


def _opened(source: str, data: bytes) -> "h5py.File":
    import h5py

    with _guard(source), at_most(_ROOM * _most_arrays(len(data))):
        return h5py.File.in_memory(data)
