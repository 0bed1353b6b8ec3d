"""Images and labels in one CSV: a row for each image, its label in the first or the last column.

With a header, the column called label, class, target or y holds the labels. Without one it is the first column where
that holds exactly the whole numbers 0, 1, ... of the topology's classes, each at least once; otherwise the last, under
the same condition. A constant border of black pixels is therefore never taken for labels.
"""

from pathlib import Path

import numpy as np

from armlet.data.archive import split
from armlet.data.images import Images, Source, as_pixels
from armlet.data.table import as_labels
from armlet.data.text import first_words, read_numbers, require_file
from armlet.errors import InputError
from armlet.network.frozen import F32

_CALLED = ("label", "class", "target", "y")


def read_sheet(path: Path, classes: int, seed: int) -> Source:
    """The images of a CSV file, split by `seed`. Raises `InputError`."""
    require_file(path)
    header = [word.strip("\"' ").lower() for word in first_words(path)]
    table = read_numbers(path, header=True)
    if table.shape[1] < 2:
        raise InputError(path, "has one column, it needs a label and pixels", "write one row per image")
    if header and len(header) != table.shape[1]:
        problem = f"its header names {len(header)} columns, the rows have {table.shape[1]}"
        raise InputError(path, problem, "name every column once")
    column = _label_column(table, header, classes, path)
    labels = as_labels(table[:, column], classes, path)
    pixels = as_pixels(np.delete(table, column, axis=1), path, "a row")
    return split(Images(pixels, labels), str(path), seed)


def _label_column(table: F32, header: list[str], classes: int, path: Path) -> int:
    for name in _CALLED:
        if name in header:
            return header.index(name)
    for column in (0, table.shape[1] - 1):
        if np.array_equal(np.unique(table[:, column]), np.arange(classes)):
            return column
    problem = f"has no label column: neither the first nor the last holds each of 0 to {classes - 1}"
    raise InputError(path, problem, "add a header that calls one column label")
