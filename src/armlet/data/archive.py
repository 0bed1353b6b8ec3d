"""Images and labels in one .npz: X and y, to be split, or x_train, y_train, x_test, y_test, kept as they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from armlet.data.images import Images, Source, as_pixels, white_of
from armlet.data.split import hold_out
from armlet.data.table import as_labels
from armlet.errors import InputError
from armlet.formats.arrays import read_npz

TEST_SHARE = 0.2  # of a source that comes without a test set
_PAIRS = {  # names in lower case, first that fits wins
    "all": (("x", "y"), ("images", "labels"), ("data", "target")),
    "train": (("x_train", "y_train"), ("train_images", "train_labels")),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
}
_HINT = "name the arrays X and y, or x_train, y_train, x_test and y_test"


def read_archive(path: Path, classes: int, seed: int) -> Source:
    """The images of an .npz file; `seed` decides the split where the file has none. Raises `InputError`."""
    arrays = {name.lower(): array for name, array in read_npz(path).items()}
    train, test = (_images(arrays, part, classes, path) for part in ("train", "test"))
    if train is not None and test is not None:
        return Source(str(path), train, test, white_of(train.pixels, test.pixels))
    whole = _images(arrays, "all", classes, path)
    if whole is None:
        raise InputError(path, f"holds {sorted(arrays)[:8]}", _HINT)
    return split(whole, str(path), seed)


def split(whole: Images, name: str, seed: int) -> Source:
    """A fifth of each class held out for the test. Raises `InputError` where there are too few."""
    kept, held = hold_out(whole.labels, TEST_SHARE, seed)
    if not len(held):
        raise InputError(name, f"has {len(whole.labels)} images, no class has two", "give more images")
    return Source(name, whole.take(kept), whole.take(held), white_of(whole.pixels))


def _images(arrays: Mapping[str, NDArray[Any]], part: str, classes: int, path: Path) -> Images | None:
    for images, labels in _PAIRS[part]:
        if images in arrays and labels in arrays:
            pixels = as_pixels(arrays[images], path, images)
            numbers = as_labels(arrays[labels], classes, path)
            if len(pixels) != len(numbers):
                raise InputError(path, f"{images} has {len(pixels)} images, {labels} has {len(numbers)}", _HINT)
            return Images(pixels, numbers)
    return None
