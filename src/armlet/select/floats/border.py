"""Writes the border around a tensor: what lies before its first row, beside all rows, and behind the last."""

import numpy as np

from armlet.isa.operation import Operation
from armlet.select.floats.frame import BLOCK, COLUMNS, RESULT, VALUES
from armlet.select.floats.lines import Writer
from armlet.tensors.floats.planes import PlacedPlanes
from armlet.tensors.rows import WORD

_AT_ONCE = 16  # words of a trip


def write_border(writer: Writer, tensor: PlacedPlanes, number: float = 0.0) -> None:
    """All words of the border, in the order of their places."""
    layout, value = tensor.layout, VALUES[0]
    before, beside, behind = (
        layout.top * layout.row + layout.left,
        layout.pitch - layout.width,
        layout.bottom * layout.row,
    )
    if not before + beside + behind:
        return
    writer.number(value, int(np.float32(number).view(np.uint32)))
    writer.move(RESULT, tensor.start, BLOCK)
    _fill(writer, before)
    rows = layout.height * layout.channels
    if beside:
        writer.move(RESULT, layout.width * WORD)
        label = writer.begin(COLUMNS, rows)
        for k in range(beside):
            writer.add(Operation.GPR_STORE, core=value, base=RESULT, offset=k * WORD)
        writer.move(RESULT, layout.pitch * WORD)
        writer.end(COLUMNS, label, rows)
        writer.move(RESULT, -layout.width * WORD)
    else:
        writer.move(RESULT, rows * layout.pitch * WORD)
    _fill(writer, behind)


def _fill(writer: Writer, words: int) -> None:
    """So many words from the pointer on, which moves behind them."""
    trips, rest = divmod(words, _AT_ONCE)
    if trips:
        label = writer.begin(COLUMNS, trips)
        _store(writer, _AT_ONCE)
        writer.end(COLUMNS, label, trips)
    if rest:
        _store(writer, rest)


def _store(writer: Writer, words: int) -> None:
    for k in range(words):
        writer.add(Operation.GPR_STORE, core=VALUES[0], base=RESULT, offset=k * WORD)
    writer.move(RESULT, words * WORD)
