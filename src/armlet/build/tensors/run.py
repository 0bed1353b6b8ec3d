"""NAME_run of a build for tensors: loops that pack a C array into the words of the block, and unpack the outputs.

    word = (lower value + 128) + 2^24 upper value        for each channel of each position of the upper half's rows

The C array is walked once from its start for the lower lanes, and once from its middle row for the upper ones.
"""

from collections.abc import Callable

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.network.shapes import Shape
from armlet.select.integer.constants import write_constant
from armlet.select.integer.program import IntegerLines, lines_of
from armlet.select.integer.writer import Writer
from armlet.select.tensors.frame import REACH, add_number
from armlet.select.tensors.program import TensorProgram
from armlet.select.tensors.rows import PlacedTensor
from armlet.tensors.layout import LIFT, UPPER, LaneLayout
from armlet.tensors.rows import WORD

_SOURCE, _ARGUMENT, _OUTPUT, _TO, _MIDDLE, _LINK = 0, 1, 4, 5, 6, 14  # registers
_CHANNELS, _COLUMNS, _ROWS = 7, 2, 3  # counters
_VALUES = (1, 12, 14, 8, 9, 10)
RUN_REGISTERS = frozenset((*range(4, 11), 14))  # that the caller owns; with the way back an even number of words
_PACKED = 3  # words of a trip: as many values of each lane
_STRAIGHT = 24  # outputs that are copied without a loop


def input_lines(program: TensorProgram) -> IntegerLines:
    """The packing of the inputs; the output's address is kept, and the block's is left as the argument."""
    tensor = program.values[0]
    assert tensor is not None
    writer, layout = Writer(program.target, _TO), tensor.layout
    writer.add(Does.MOVE, _OUTPUT, _ARGUMENT)
    writer.add(Does.ADDRESS, _TO)
    _add_far(writer, _TO, tensor.start + layout.at(0, 0, 0))
    both = layout.height - layout.split
    if both:
        writer.add(Does.MOVE, _MIDDLE, _SOURCE)
        _add_far(writer, _MIDDLE, layout.split * layout.width * layout.channels)
        _repeated(writer, _ROWS, both, lambda: _pack_row(writer, tensor, True))
    _repeated(writer, _ROWS, layout.split - both, lambda: _pack_row(writer, tensor, False))
    writer.add(Does.ADDRESS, _SOURCE)
    for register in _VALUES[: 2 * _at_once(tensor)]:
        if register in RUN_REGISTERS and register != _LINK:
            writer.add(
                Does.MOVE, register, _SOURCE
            )  # NAME_core saves it, and nothing of an input shall outlive its loop
    return lines_of(writer.rows)


def output_lines(program: TensorProgram) -> IntegerLines:
    """The copy of the outputs to the array whose address was kept."""
    writer, network = Writer(program.target, _TO), program.network
    writer.add(Does.ADDRESS, _TO)
    _add_far(writer, _TO, program.outputs)
    channels, positions = _planes(network.result_shape)
    size = network.result_format.bytes
    at_once = channels if channels <= _STRAIGHT else _divisor(channels, len(_VALUES))
    while (at_once - 1) * positions * size > REACH:
        at_once = _divisor(channels, at_once - 1)

    def position() -> None:
        _repeated(writer, _CHANNELS, channels // at_once, lambda: _copy(writer, at_once, positions, size))
        if positions > 1:
            add_number(writer, _TO, (1 - channels * positions) * size)

    _repeated(writer, _ROWS, positions, position)
    return lines_of(writer.rows)


def _pack_row(writer: Writer, tensor: PlacedTensor, both: bool) -> None:
    """A row of words, and on to the next."""
    layout = tensor.layout
    step, channels = layout.pitch * WORD, layout.channels
    at_once = _at_once(tensor)

    def column() -> None:
        trips = channels // at_once
        _repeated(writer, _CHANNELS, trips, lambda: _pack(writer, at_once, layout, both, trips > 1))
        add_number(writer, _TO, WORD - (channels * step if trips > 1 else 0))

    _repeated(writer, _COLUMNS, layout.width, column)
    add_number(writer, _TO, (layout.row - layout.width) * WORD)


def _at_once(tensor: PlacedTensor) -> int:
    """Channels whose words are packed in one trip."""
    layout = tensor.layout
    return _divisor(layout.channels, _PACKED if (_PACKED - 1) * layout.pitch * WORD <= REACH else 1)


def _pack(writer: Writer, count: int, layout: LaneLayout, both: bool, moves: bool) -> None:
    """The words of so many channels at one position. A byte has a sign in lane 1 and none in lane 0."""
    step = layout.pitch * WORD
    lower, upper = _VALUES[:count], _VALUES[count : 2 * count]
    for k, register in enumerate(lower):
        writer.add(Does.LOAD_BYTE, register, _SOURCE, number=k)
    for k, register in enumerate(upper if both else ()):
        writer.add(Does.LOAD_BYTE, register, _MIDDLE, number=k)
    for register in lower if layout.above == 0 else upper if both else ():
        writer.add(Does.FLIP, register, register, number=LIFT)
    for one, other in zip(lower, upper if both else ()):
        writer.add(Does.OR_LEFT, one, one, other, by=UPPER)
    for k, register in enumerate(lower):
        writer.add(Does.STORE, register, _TO, number=k * step)
    for pointer, by in ((_SOURCE, count), (_MIDDLE, count * both), (_TO, count * step * moves)):
        add_number(writer, pointer, by)


def _copy(writer: Writer, count: int, positions: int, size: int) -> None:
    """So many outputs, which lie `positions` apart; both pointers move on."""
    load, store = (Does.LOAD_BYTE, Does.STORE_BYTE) if size == 1 else (Does.LOAD, Does.STORE)
    for first in range(0, count, len(_VALUES)):
        held = list(enumerate(_VALUES[: count - first], first))
        for k, register in held:
            writer.add(load, register, _TO, number=k * positions * size)
        for k, register in held:
            writer.add(store, register, _OUTPUT, number=k * size)
    add_number(writer, _TO, count * positions * size)
    add_number(writer, _OUTPUT, count * size)


def _repeated(writer: Writer, counter: int, count: int, write: Callable[[], None]) -> None:
    """`write` so often, in a loop where that is more than once."""
    if count < 1:
        return
    outer, top = writer.runs, writer.here
    if count > 1:
        write_constant(writer, counter, count)
        writer.runs, top = outer * count, writer.here
    write()
    if count > 1:
        writer.repeat(counter, top)
    writer.runs = outer


def _add_far(writer: Writer, register: int, offset: int) -> None:
    """register := register + offset, by a register for values where it is far."""
    if offset <= 2 * REACH:
        add_number(writer, register, offset)
    else:
        write_constant(writer, _VALUES[0], offset)
        writer.add(Does.ADD_TO, register, _VALUES[0])


def _planes(shape: Shape) -> tuple[int, int]:
    """Channels that are brought together, and positions of each; values that lie in one order already are one."""
    if len(shape) == 3 and shape[0] > 1:
        return shape[0], shape[1] * shape[2]
    count = 1
    for extent in shape:
        count *= extent
    return count, 1


def _divisor(number: int, most: int) -> int:
    """The largest that divides `number`, at most `most`."""
    return next(k for k in range(min(number, most), 0, -1) if number % k == 0)
