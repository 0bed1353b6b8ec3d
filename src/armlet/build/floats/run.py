"""NAME_run of a build in single precision with windows: loops that lay a C array out as planes, and back.

C arrays have the channels of a position together; in the block each channel has rows of its own.
"""

from collections.abc import Sequence

from armlet.build import names
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.operation import Operation
from armlet.select.floats.lines import Line, Machine, Writer
from armlet.select.floats.program import FloatProgram
from armlet.tensors.floats.planes import PlacedPlanes, homes_of
from armlet.tensors.rows import WORD

_BLOCK, _ARRAY = 0, 1  # registers: the block, and what C gives; the input comes in 0
_CHANNELS, _COLUMNS, _ROWS = 2, 3, 4  # counters
_MOST = 16  # words at once: s0 to s15 belong to no caller
_NEAR = 1020  # ARM DDI 0403, A7.7.233: VLDR and VSTR reach 8 bits of words


def run_lines(program: FloatProgram, name: str, labels: int) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The lines of NAME_run up to the call, and those behind it; labels go on behind so many."""
    own, homes = names.block_symbol(name), homes_of(program.network)
    writer = Writer(program.machine, "", labels=labels)
    writer.add(Operation.RUN_ENTER)
    writer.address(_ARRAY, own, _start(program.values[0]), _CHANNELS)
    _over(writer, program.values[0], (_BLOCK, _ARRAY), gathers=False)
    writer.add(Operation.ADDRESS, pointer=_BLOCK, symbol=own)
    writer.core(IntegerOperation.MOVE, d=_ROWS, a=_BLOCK)  # NAME_core saves it, and no counter shall outlive its loop
    writer.add(Operation.CALL, symbol=names.core_symbol(name))
    before = tuple(writer.lines)
    final = program.values[homes[-1]]
    writer.add(Operation.RUN_OUTPUT, pointer=_ARRAY)
    writer.address(_BLOCK, own, _start(final), _CHANNELS)
    _over(writer, final, (_ARRAY, _BLOCK), gathers=True)
    writer.add(Operation.RUN_LEAVE)
    return before, tuple(writer.lines[len(before) :])


def _start(tensor: PlacedPlanes) -> int:
    return tensor.start + tensor.layout.at(0, 0, 0)


def _over(writer: Writer, tensor: PlacedPlanes, registers: tuple[int, int], gathers: bool) -> None:
    """Copy all values; registers point to the C array and to the planes. `gathers` is to the array."""
    layout, (array, planes) = tensor.layout, registers
    if layout.channels == 1:
        outer = writer.begin(_ROWS, layout.height)
        _row(writer, layout.width, array, planes, gathers)
        writer.move(planes, (layout.pitch - layout.width) * WORD)
        writer.end(_ROWS, outer, layout.height)
        return
    outer, inner = writer.begin(_ROWS, layout.height), writer.begin(_COLUMNS, layout.width)
    at_once = min(_MOST, layout.channels, _NEAR // (layout.pitch * WORD) + 1)
    trips, rest = divmod(layout.channels, at_once)
    if trips:
        label = writer.begin(_CHANNELS, trips)
        _position(writer, at_once, layout.pitch * WORD, (array, planes), gathers)
        writer.end(_CHANNELS, label, trips)
    if rest:
        _position(writer, rest, layout.pitch * WORD, (array, planes), gathers)
    writer.move(planes, WORD - layout.row * WORD)
    writer.end(_COLUMNS, inner, layout.width)
    writer.move(planes, (layout.row - layout.width) * WORD)
    writer.end(_ROWS, outer, layout.height)


def _row(writer: Writer, words: int, array: int, planes: int, gathers: bool) -> None:
    source, result = (planes, array) if gathers else (array, planes)
    trips, rest = divmod(words, _MOST)
    for count, times in ((_MOST, trips), (rest, 1 if rest else 0)):
        if times:
            label = writer.begin(_COLUMNS, times)
            writer.add(Operation.LOAD_MULTIPLE, list=(0, count), base=source)
            writer.add(Operation.STORE_MULTIPLE, list=(0, count), base=result)
            writer.end(_COLUMNS, label, times)


def _position(writer: Writer, count: int, step: int, registers: tuple[int, int], gathers: bool) -> None:
    """So many channels of a position; both pointers move on behind them."""
    array, planes = registers
    if not gathers:
        writer.add(Operation.LOAD_MULTIPLE, list=(0, count), base=array)
    for k in range(count):
        writer.add(Operation.LOAD if gathers else Operation.STORE, d=k, base=planes, offset=k * step)
    if gathers:
        writer.add(Operation.STORE_MULTIPLE, list=(0, count), base=array)
    writer.move(planes, count * step)


def saved_words(machine: Machine) -> int:
    """Words of the stack that NAME_run takes."""
    return len(machine.floats.roles.scratch) + 2


def size_of(lines: Sequence[Line]) -> int:
    """Bytes of code."""
    return sum(line.size for line in lines)
