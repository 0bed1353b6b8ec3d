"""Writes what fills the border of a tensor: constants beside its columns, and rows that come from its other half.

A row of words is made of two rows of a plane, one for each lane: of a row of words that is there already, in either
lane, or of the border. The same lays a tensor out anew whose halves shall lie further apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.constants import write_constant
from armlet.select.integer.writer import Writer
from armlet.select.tensors.frame import write_place, write_trips
from armlet.tensors.layout import LIFT, UPPER, UPPER_BYTE, LaneLayout
from armlet.tensors.rows import WORD

_RESULT, _LOWER, _UPPER, _FIRST, _SECOND, _VALUE = 0, 4, 5, 6, 7, 12  # registers


@dataclass(frozen=True, slots=True)
class PlacedTensor:
    """A layout, and where it begins in the block."""

    layout: LaneLayout
    start: int


@dataclass(frozen=True, slots=True)
class RowOfWords:
    """Where the two lanes of a row of words come from: (offset in the block, lane); None is the border."""

    to: int
    sources: tuple[tuple[int, int] | None, tuple[int, int] | None]


def border_word(value: int) -> int:
    """Both lanes of the border."""
    return (value + LIFT & 0xFF) | (value & 0xFF) << UPPER


def write_columns(writer: Writer, tensor: PlacedTensor, border: int) -> None:
    """The border beside all columns of all rows of words that hold values."""
    layout = tensor.layout
    count, each = layout.split * layout.channels, layout.pitch - layout.width
    if not each:
        return
    write_constant(writer, _VALUE, border_word(border))
    write_place(writer, _RESULT, tensor.start + layout.at(0, 0, -layout.left))
    for k in range(layout.left):
        writer.add(Does.STORE, _VALUE, _RESULT, number=k * WORD)
    places = [(layout.left + layout.width + k) * WORD for k in range(each)]

    def write(at: int) -> None:
        for place in places:
            writer.add(Does.STORE, _VALUE, _RESULT, number=at + place)

    write_trips(writer, count, (_RESULT,), write, layout.pitch * WORD)


def border_rows(tensor: PlacedTensor) -> Iterator[RowOfWords]:
    """The rows of words above and below, and those whose lane 1 is beyond the last row of the plane."""
    layout = tensor.layout
    short = range(layout.height - layout.split, layout.split)
    for row in (*short, *range(-layout.top, 0), *range(layout.split, layout.split + layout.bottom)):
        yield _row(tensor, tensor, row)


def laid_rows(source: PlacedTensor, made: PlacedTensor) -> Iterator[RowOfWords]:
    """All rows of words of a tensor that is laid out anew."""
    for row in range(-made.layout.top, made.layout.split + made.layout.bottom):
        yield _row(source, made, row)


def _row(source: PlacedTensor, made: PlacedTensor, row: int) -> RowOfWords:
    lanes = [_place(source, row), _place(source, row + made.layout.split)]
    return RowOfWords(made.start + made.layout.at(row, 0, -made.layout.left), (lanes[0], lanes[1]))


def _place(tensor: PlacedTensor, row: int) -> tuple[int, int] | None:
    if not 0 <= row < tensor.layout.height:
        return None
    word_row, lane = tensor.layout.lane(row)
    return tensor.start + tensor.layout.at(word_row, 0, -tensor.layout.left), lane


def write_row(writer: Writer, row: RowOfWords, words: int, border: int) -> None:
    """All words of a row of words."""
    if row.sources == (None, None):
        _write_constant_row(writer, row.to, words, border)
        return
    if row.sources[0] == (row.to, 0) and row.sources[1] is None:
        _write_lane(writer, row.to, words, border)
        return
    match row.sources:
        case (None, (place, 0)):
            value = (border + LIFT & 0xFF) | 1 << 31
            _write_other_lane(writer, (row.to, place), words, (Does.ADD_LEFT, value))
            return
        case ((place, 1), None):
            value = LIFT | (border & 0xFF) << UPPER
            _write_other_lane(writer, (row.to, place), words, (Does.ADD_SIGNED_RIGHT, value))
            return
        case _:
            pass
    write_place(writer, _RESULT, row.to)
    pointers = {source[0]: register for source, register in zip(row.sources, (_LOWER, _UPPER)) if source}
    for place, register in pointers.items():
        write_place(writer, register, place)
    if row.sources[0] is None:
        write_constant(writer, _VALUE, border + LIFT & 0xFF)
    step = (_RESULT, *pointers.values())
    write_trips(writer, words, step, lambda at: _write_word(writer, row, pointers, at, border))


def _write_word(writer: Writer, row: RowOfWords, pointers: dict[int, int], at: int, border: int) -> None:
    lower, upper = row.sources
    if lower is not None:
        writer.add(Does.LOAD_BYTE, _FIRST, pointers[lower[0]], number=at + lower[1] * UPPER_BYTE)
        if lower[1]:
            writer.add(Does.FLIP, _FIRST, _FIRST, number=LIFT)
    if upper is not None:
        writer.add(Does.LOAD_BYTE, _SECOND, pointers[upper[0]], number=at + upper[1] * UPPER_BYTE)
        if not upper[1]:
            writer.add(Does.FLIP, _SECOND, _SECOND, number=LIFT)
        writer.add(Does.OR_LEFT, _FIRST, _VALUE if lower is None else _FIRST, _SECOND, by=UPPER)
    elif border & 0xFF:
        writer.add(Does.OR_NUMBER, _FIRST, _FIRST, number=(border & 0xFF) << UPPER)
    writer.add(Does.STORE, _FIRST, _RESULT, number=at)


def _write_other_lane(writer: Writer, places: tuple[int, int], words: int, added: tuple[Does, int]) -> None:
    """What words have in one lane, in the other, beside the border: by one addition of a number that has the rest."""
    (to, source), (op, value) = places, added
    write_place(writer, _RESULT, to)
    write_place(writer, _LOWER, source)
    write_constant(writer, _VALUE, value)

    def write(at: int) -> None:
        writer.add(Does.LOAD, _FIRST, _LOWER, number=at)
        writer.add(op, _FIRST, _VALUE, _FIRST, by=UPPER)
        writer.add(Does.STORE, _FIRST, _RESULT, number=at)

    write_trips(writer, words, (_RESULT, _LOWER), write)


def _write_constant_row(writer: Writer, to: int, words: int, border: int) -> None:
    write_constant(writer, _VALUE, border_word(border))
    write_place(writer, _RESULT, to)
    write_trips(writer, words, (_RESULT,), lambda at: writer.add(Does.STORE, _VALUE, _RESULT, number=at))


def _write_lane(writer: Writer, to: int, words: int, border: int) -> None:
    """The border in lane 1 of words that are there."""
    write_constant(writer, _VALUE, border & 0xFF)
    write_place(writer, _RESULT, to)
    write_trips(
        writer, words, (_RESULT,), lambda at: writer.add(Does.STORE_BYTE, _VALUE, _RESULT, number=at + UPPER_BYTE)
    )
