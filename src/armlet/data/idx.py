"""MNIST's idx files, plain or gzip, to arrays of bytes: bounded, and checked against their own header."""

import gzip
import zlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from armlet.data.images import Images, Source, as_pixels, white_of
from armlet.data.table import as_labels
from armlet.data.text import require_file
from armlet.errors import InputError
from armlet.formats.arrays import most_unpacked
from armlet.storage import open_input, read_up_to, unreadable

_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTES = 8  # the type code in the third byte
_HINT = "give the folder that holds MNIST's four idx files"
PARTS = ("train-images", "train-labels", "t10k-images", "t10k-labels")  # how the four names begin


def read_idx_folder(folder: Path, classes: int) -> Source:
    """The images of a folder with MNIST's four files. Raises `InputError`."""
    paths = [_find(folder, part) for part in PARTS]
    groups: list[Images] = []
    for image_path, label_path in (paths[:2], paths[2:]):
        pixels = as_pixels(read_idx(image_path, 3), image_path, "the file")
        labels = as_labels(read_idx(label_path, 1), classes, label_path)
        if len(pixels) != len(labels):
            raise InputError(label_path, f"has {len(labels)} labels, {image_path.name} has {len(pixels)} images")
        groups.append(Images(pixels, labels))
    train, test = groups
    return Source(str(folder), train, test, white_of(train.pixels, test.pixels))


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array in one idx file of unsigned bytes. Raises `InputError`."""
    require_file(path)
    try:
        with open_input(path) as file:
            zipped = file.read(2) == _GZIP
            file.seek(0)
            if not zipped:
                return _parse(file, path, dimensions)
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _parse(cast(IO[bytes], unzipped), path, dimensions)
    except (EOFError, zlib.error, gzip.BadGzipFile) as broken:
        raise InputError(path, "is not a whole gzip file", "fetch it again") from broken
    except OSError as refused:
        raise unreadable(path, refused) from refused


def _parse(file: IO[bytes], path: Path, dimensions: int) -> NDArray[Any]:
    head = file.read(4)
    if head != bytes((0, 0, _UNSIGNED_BYTES, dimensions)):
        raise InputError(path, f"is not an idx file of bytes in {dimensions} dimensions", _HINT)
    extents = file.read(4 * dimensions)
    if len(extents) != 4 * dimensions:
        raise InputError(path, "ends early", "fetch it again")
    shape = [int(extent) for extent in np.frombuffer(extents, ">u4")]
    count = 1
    for extent in shape:
        count *= extent
    most = most_unpacked(path.stat().st_size)
    if not 0 < count <= most:
        raise InputError(path, f"says its shape is {shape}", f"armlet reads from 1 to {most} bytes here")
    data = bytes(read_up_to(file, count + 1))
    if len(data) != count:
        problem = "ends early" if len(data) < count else "goes on after its last value"
        raise InputError(path, f"{problem}: its header says {shape}", "fetch it again")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _find(folder: Path, part: str) -> Path:
    found = sorted(path for path in folder.iterdir() if path.name.startswith(part))
    if not found:
        raise InputError(folder, f"holds no {part}-idx{3 if 'images' in part else 1}-ubyte", _HINT)
    return found[0]
