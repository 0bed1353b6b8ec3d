"""Inputs and labels for a network out of .npz or .csv: every X and Y argument of the command line comes through here.

.npz holds the inputs as `X` and the labels as `y`, or one array alone, or one alone that fits; .npy is one array; .csv
has one row per sample and no header. Labels are class numbers, or one-hot rows; targets may be real values besides.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.data.text import read_numbers, require_file
from armlet.errors import InputError
from armlet.formats.arrays import npz_names, npz_shapes, read_npy, read_npz
from armlet.network.frozen import F32
from armlet.network.layers import extents

I64 = NDArray[np.int64]

_NAMES = {"inputs": ("X", "x"), "labels": ("y", "Y")}
_ONE_HOT = "write class numbers, or a row for each image with a single 1"


def read_inputs(path: Path, inputs: int | None, shape: tuple[int, ...] = ()) -> F32:
    """Raw inputs, (samples, inputs), as many a row as there are where `inputs` is None.

    Tensors of a network that takes `shape`, channels first, may have their channels last. Raises `InputError` with the
    file, row and column.
    """
    return as_inputs(_channels_first(_read(path, "inputs", inputs), shape, path), inputs, path)


def _channels_first(table: NDArray[Any], shape: tuple[int, ...], path: Path) -> NDArray[Any]:
    """Tensors (samples, ...) in the network's order; rows and other tables as they are."""
    if table.shape in (shape, (*shape[1:], *shape[:1])) and len(shape) > 1:
        table = table[None]  # one sample, which is no batch of itself
    if len(shape) != 3 or table.ndim < 3:
        return table
    words = "channels x height x width"
    if 1 in shape[1:] and table.ndim == 3:
        shape, words = (shape[0], shape[1] * shape[2]), "channels x time"
    if table.ndim != len(shape) + 1 or table.shape[1:] == shape:
        return table
    if table.shape[1:] == (*shape[1:], shape[0]):
        return np.moveaxis(table, -1, 1)
    problem = f"holds tensors {extents(table.shape[1:])}"
    raise InputError(path, problem, f"give {words}, {extents(shape)}, or channels last")


def read_targets(path: Path, outputs: int, classes: bool | None, tell: Callable[[str], None]) -> NDArray[Any]:
    """What each sample's outputs should be: class numbers (samples,), or float64 values (samples, outputs).

    `classes` says which of them is meant; None lets the file tell: class numbers and one-hot rows are classes, all
    else is values. Classes may be counted from 1, which `tell` hears of. Raises `InputError`.
    """
    table = _read(path, "labels")
    if table.ndim == 2 and table.shape[1] == 1:
        table = table[:, 0]
    if classes is False or (classes is None and not _are_classes(table, outputs)):
        return _as_values(table, outputs, path)
    if table.ndim == 1 and outputs > 1 and table.min() >= 1 and table.max() == outputs:
        tell(f"{path}: classes are counted from 1 to {outputs}")
        table = table - 1
    elif table.ndim == 1 and outputs > 1 and table.min() >= 1:
        tell(f"{path}: no row has class 0; classes are taken as counted from 0: subtract 1 if they are not")
    return as_labels(table, max(outputs, 2), path)


def _are_classes(table: NDArray[Any], outputs: int) -> bool:
    """Whether a table looks like class numbers, from 0 or from 1, or like one-hot rows."""
    if table.ndim == 2 and table.shape[1] == outputs:
        return bool(np.isin(table, (0, 1)).all() and (table.sum(axis=1) == 1).all())
    if table.ndim == 1 and outputs > 1:  # no list of values can be meant
        return True
    whole = table.ndim == 1 and bool((np.floor(table.astype(np.float64)) == table).all())
    return whole and table.min() >= 0 and table.max() <= 1


def _as_values(table: NDArray[Any], outputs: int, path: Path) -> NDArray[np.float64]:
    values = table.astype(np.float64).reshape(len(table), -1)
    if values.shape[1] != outputs:
        problem = f"has {values.shape[1]} values a row, the network gives {outputs}"
        raise InputError(path, problem, "give a row of targets for each sample, or class numbers")
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise InputError(path, f"row {row + 1}, column {column + 1} is not finite")
    return values


def read_samples(path: Path, inputs: int, classes: int) -> tuple[F32, I64]:
    """Inputs and labels out of one .npz that holds X and y, as many of each. Raises `InputError`."""
    require_file(path)
    values = as_inputs(_named(path, "inputs"), inputs, path)
    labels = as_labels(_named(path, "labels"), classes, path)
    if len(values) != len(labels):
        raise InputError(path, f"holds {len(values)} rows of inputs and {len(labels)} labels", "give one label a row")
    return values, labels


def as_inputs(table: NDArray[Any], inputs: int | None, path: Path) -> F32:
    """`table` as (samples, inputs) float32. Raises `InputError` that names `path`, row and column."""
    if table.ndim == 1:
        table = table[:, None] if inputs == 1 else table[None, :]
    table = table.reshape(len(table), -1)
    if inputs is not None and table.shape[1] != inputs:
        raise InputError(
            path, f"has {table.shape[1]} columns, the network takes {inputs} inputs", "give a column for each input"
        )
    with np.errstate(over="ignore"):
        values = table.astype(np.float32)
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise InputError(path, f"X[{row}, {column}] is {table[row, column]}, not a finite float32")
    return values


def as_labels(table: NDArray[Any], classes: int, path: Path | str) -> I64:
    """`table`, class numbers or one-hot rows, as class numbers. Raises `InputError` that names `path` and the row."""
    if table.ndim == 2 and table.shape[1] == 1 and (classes > 1 or not (table == 1).all()):
        table = table[:, 0]
    if table.ndim == 1:
        return _class_numbers(table, classes, path)
    if table.ndim != 2 or table.shape[1] != classes:
        raise InputError(path, f"has labels of shape {table.shape} for {classes} classes", _ONE_HOT)
    marked = table == 1
    wrong = ((table != 0) & ~marked).any(axis=1) | (marked.sum(axis=1) != 1)
    if wrong.any():
        raise InputError(path, f"row {int(np.argmax(wrong)) + 1} is not one-hot", _ONE_HOT)
    return marked.argmax(axis=1)


def _read(path: Path, what: str, inputs: int | None = None) -> NDArray[Any]:
    require_file(path)
    kind = path.suffix.lower()
    if kind == ".csv":
        return read_numbers(path)
    if kind == ".npy":
        return _filled(read_npy(path), path.name, what, path)
    if kind != ".npz":
        raise InputError(path, f"is not a file of {what} that armlet reads", "give .npz, .npy or .csv")
    return _named(path, what, inputs)


def _named(path: Path, what: str, inputs: int | None = None) -> NDArray[Any]:
    """The array of an .npz that is called as `what` is, or its only one, or the only one of rows of `inputs` values."""
    there = npz_names(path)
    names = [name for name in _NAMES[what] if name in there] or (there if len(there) == 1 else [])
    if not names:
        names = [] if inputs is None else _fitting(path, inputs)
        if len(names) != 1:
            fitting = f", of which {len(names)} have rows of {inputs} values" if names else ""
            problem = f"holds {', '.join(name[:40] for name in sorted(there)[:8]) or 'no array'}{fitting}"
            raise InputError(path, problem, f"name the {what} {_NAMES[what][0]}")
    return _filled(read_npz(path, names[:1])[names[0]], names[0], what, path)


def _fitting(path: Path, inputs: int) -> list[str]:
    """The arrays of an .npz that hold rows, or tensors, of as many values."""
    shapes = npz_shapes(path)
    return [name for name, shape in shapes.items() if len(shape) > 1 and math.prod(shape[1:]) == inputs]


def _filled(table: NDArray[Any], name: str, what: str, path: Path) -> NDArray[Any]:
    if table.ndim == 0 or table.size == 0:
        raise InputError(path, f"{name} has shape {table.shape}, it holds no {what}")
    return table


def _class_numbers(table: NDArray[Any], classes: int, path: Path | str) -> I64:
    wrong = ~((table >= 0) & (table < classes) & (np.floor(table.astype(np.float64)) == table))
    if wrong.any():
        row = int(np.argmax(wrong))
        problem = f"row {row + 1}: {table[row]} is not a class from 0 to {classes - 1}"
        from_one = table.min() >= 1 and table.max() == classes
        raise InputError(path, problem, "the classes are counted from 1: subtract 1" if from_one else _ONE_HOT)
    return table.astype(np.int64)
