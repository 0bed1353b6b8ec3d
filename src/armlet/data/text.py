"""Numbers out of a CSV file that nobody vouches for: a rectangle of finite float32, or one line that says where not.

numpy reads the file at the speed of C; only when it refuses is the file walked again, line by line, to name the place.
"""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from armlet.errors import InputError
from armlet.network.frozen import F32
from armlet.storage import open_input, open_text, unreadable

LONGEST = 1 << 29  # bytes of text; MNIST's 60,000 training images take 110 MB
_BEYOND = float.fromhex("0x1.ffffffp127")  # the least number that float32 rounds to infinity
_HINT = "write one row per sample, numbers with commas between"


def read_numbers(path: Path, header: bool = False) -> F32:
    """The rows of a CSV file, (rows, columns). A first line that `header` allows to be words is left out.

    Raises `InputError` with line and column.
    """
    require_file(path)
    if path.stat().st_size > LONGEST:
        raise InputError(path, f"is longer than {LONGEST} bytes", "save it as .npz")
    skip = int(header and first_words(path) != ())
    try:
        with open_text(path) as file, warnings.catch_warnings(), np.errstate(over="ignore"):
            warnings.simplefilter("ignore")  # "input contained no data" is said below, with the file's name
            rows = np.loadtxt(file, np.float32, comments=None, delimiter=",", skiprows=skip, ndmin=2)
    except OSError as refused:
        raise unreadable(path, refused) from refused
    except UnicodeDecodeError as broken:
        raise InputError(path, "is not UTF-8 text", _HINT) from broken
    except (ValueError, OverflowError, MemoryError) as broken:
        raise _misread(path, skip) from broken
    if rows.size == 0:
        raise InputError(path, "holds no numbers", _HINT)
    if not np.isfinite(rows).all():
        raise _misread(path, skip)
    return rows


def first_words(path: Path) -> tuple[str, ...]:
    """The entries of the first line where at least one is not a number, otherwise nothing. Raises `InputError`."""
    for _, entries in _lines(path):
        return tuple(entries) if any(_number(entry) is None for entry in entries) else ()
    return ()


def require_file(path: Path) -> None:
    """Refuse what is not a regular file: a folder, a pipe, a device, nothing at all."""
    if not path.exists():
        raise InputError(path, "does not exist", "check the path")
    open_input(path).close()


def _misread(path: Path, skip: int) -> InputError:
    """The first place that makes the file unreadable."""
    width = 0
    for number, entries in _lines(path):
        if number <= skip:
            continue
        for column, entry in enumerate(entries, 1):
            value = _number(entry)
            if value is None:
                problem = f"line {number}, column {column}: {entry[:40]!r} is not a number"
                return InputError(path, problem, _likely(number, entries, column))
            if not abs(value) < _BEYOND:
                return InputError(path, f"line {number}, column {column}: {entry[:40]} is not a finite float32")
        width = width or len(entries)
        if len(entries) != width:
            return InputError(path, f"line {number} has {len(entries)} columns, the lines before have {width}", _HINT)
    return InputError(path, "is not a readable CSV file", _HINT)


def _likely(number: int, entries: list[str], column: int) -> str:
    """The likely mistake behind an entry that is no number, and what to do about it."""
    entry = entries[column - 1]
    if ";" in entry or "\t" in entry:
        sign, called = (";", "semicolons") if ";" in entry else ("\t", "tabs")
        if any(re.fullmatch(r"\d*;?[+-]?\d+", part) for part in entries) and len(entries) > 1:
            return f"it has {called} between numbers and decimal commas: write commas between, and decimal points"
        return f"it has {called} between numbers: write commas" if sign == ";" else f"it has {called}: write commas"
    if number == 1 and all(_number(other) is None for other in entries):
        return "the first line is a header: leave it out"
    if not entry:
        return "an entry is empty: write a number for each column"
    return _HINT


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not blank, with its number from 1."""
    try:
        with open_text(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip("\r\n"):
                    yield number, [entry.strip() for entry in line.split(",")]
    except OSError as refused:
        raise unreadable(path, refused) from refused
    except UnicodeDecodeError as broken:
        raise InputError(path, "is not UTF-8 text", _HINT) from broken


def _number(entry: str) -> float | None:
    try:
        return float(entry) if "_" not in entry else None
    except ValueError:
        return None
