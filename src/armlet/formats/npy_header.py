"""The head of a .npy file to a shape and a type of numbers, without evaluating the Python literal that it is.

numpy's own reader parses the literal as Python source, which takes longer than the array does, at any depth. Only what
plain numbers need is read here: three keys in any order, one type, extents, in the spelling of any Python.
"""

import re
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

_MAGIC = b"\x93NUMPY"
_LENGTHS = {b"\x01\x00": 2, b"\x02\x00": 4}  # bytes of the header's length, by version
_LONGEST = 10_000  # bytes, as numpy has it
_ENTRY = re.compile(
    rb"""\s*(['"])(?P<key>descr|fortran_order|shape)\1\s*:\s*
    (?:(['"])(?P<type>[^'"\\]{1,40})\3 | (?P<flag>True|False) | \((?P<extents>[\s\dL,]*)\))\s*(?:,|$)""",
    re.VERBOSE,
)
_EXTENT = re.compile(rb"\s*(\d{1,19})L?\s*")  # long numbers of Python 2 end in L
_NUMBERS = re.compile(r"[<>|=]?[biuf]\d{1,2}")
_WORDS = re.compile(r"<U\d{1,3}|\|S\d{1,3}")


@dataclass(frozen=True, slots=True)
class Header:
    """What the bytes after it mean."""

    shape: tuple[int, ...]
    by_columns: bool
    dtype: np.dtype[Any]


def read_header(file: IO[bytes], words: bool = False) -> Header:
    """Read as far as the first byte of an array of numbers, or of `words`.

    Raises `ValueError` that says what is wrong.
    """
    start = file.read(len(_MAGIC) + 2)
    if not start.startswith(_MAGIC) or len(start) < len(_MAGIC) + 2:
        raise ValueError("is not a .npy array")
    if (version := start[len(_MAGIC) :]) not in _LENGTHS:
        raise ValueError(f"is .npy version {version[0]}.{version[1]}, armlet reads 1.0 and 2.0")
    length = int.from_bytes(file.read(_LENGTHS[version]), "little")
    text = file.read(min(length, _LONGEST + 1))
    if len(text) != length:
        raise ValueError("ends early or has a header beyond all measure")
    return _parse(text.strip(), words)


def _parse(text: bytes, words: bool) -> Header:
    inside, at, found = text[1:-1].rstrip(), 0, dict[bytes, re.Match[bytes]]()
    while text[:1] + text[-1:] == b"{}" and (entry := _ENTRY.match(inside, at)):
        found[entry["key"]], at = entry, entry.end()
    if at != len(inside) or len(found) != 3:
        raise ValueError("has no header of plain numbers")
    kind, flag, extents = found[b"descr"]["type"], found[b"fortran_order"]["flag"], found[b"shape"]["extents"]
    if kind is None or flag is None or extents is None:
        raise ValueError("has no header of plain numbers")
    return Header(_shape(extents), flag == b"True", _type(kind.decode("latin-1"), words))


def _type(text: str, words: bool) -> np.dtype[Any]:
    if not (_WORDS if words else _NUMBERS).fullmatch(text):
        raise ValueError(f"holds {text}, not {'words' if words else 'numbers'}")
    try:
        return np.dtype(text)
    except TypeError:
        raise ValueError(f"holds {text}, which is no type of numpy") from None


def _shape(text: bytes) -> tuple[int, ...]:
    """A tuple's text; as in Python, one extent alone needs its comma."""
    parts = text.split(b",")
    matches = [_EXTENT.fullmatch(part) for part in (parts[:-1] if not parts[-1].strip() else parts)]
    if not all(matches) or (len(parts) == 1 and matches):
        raise ValueError("has no shape")
    return tuple(int(match[1]) for match in matches if match)
