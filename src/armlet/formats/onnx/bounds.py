"""How many parts an ONNX file has, counted before the parser makes an object of each.

An empty part takes two bytes in the file and a hundred in memory. Nothing is read here but lengths, by the format's own
description of itself.
"""

from collections.abc import Iterator

import onnx

_MOST_FIELDS = 1_000_000  # of all parts together; a network of a thousand nodes has some ten thousand


def has_few_parts(data: bytes) -> bool:
    """Whether the file has no more parts than a real one. Raises `ValueError` or `IndexError` where it is broken."""
    waiting = [(0, len(data), onnx.ModelProto.DESCRIPTOR)]
    count = 0
    while waiting:
        start, end, kind = waiting.pop()
        for number, first, last in _lengths(data, start, end):
            if (count := count + 1) > _MOST_FIELDS:
                return False
            field = kind.fields_by_number.get(number)
            if first != last and field is not None and field.message_type is not None:
                waiting.append((first, last, field.message_type))
    return True


def _lengths(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The number of each field of a part, and where its content begins and ends; empty for a plain number."""
    while at < end:
        tag, at = _varint(data, at)
        first = last = at
        match tag & 7:
            case 0:
                _, at = _varint(data, at)
            case 1:
                at += 8
            case 2:
                size, first = _varint(data, at)
                at = last = first + size
            case 5:
                at += 4
            case _:
                raise ValueError("a group")
        if at > end:
            raise ValueError("a part that leaves its place")
        yield tag >> 3, first, last


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("a number without an end")
