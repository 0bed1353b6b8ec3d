"""Writes the addition of two tensors: loops over rows, channels and positions."""

from dataclasses import dataclass

from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.operation import Operation
from armlet.network.layers import Add
from armlet.select.floats.closing import Closing
from armlet.select.floats.frame import BLOCK, CHANNELS, COLUMNS, CONSTANTS, FLOATS, OTHER, POOL, RESULT, ROWS, SOURCE
from armlet.select.floats.lines import Line, Writer, core_line, float_line
from armlet.select.floats.schedule import arranged
from armlet.tensors.floats.planes import PlacedPlanes
from armlet.tensors.rows import WORD

_FEW = 4  # positions at once that need not divide a row


@dataclass(frozen=True, slots=True)
class AdditionTask:
    """An addition, the tensors that it takes, and the one that it makes."""

    layer: Add
    number: int
    taken: tuple[PlacedPlanes, PlacedPlanes]
    made: PlacedPlanes

    @property
    def closing(self) -> Closing:
        """What becomes of a sum."""
        return Closing(self.layer.activation, self.layer.slope)


def write_addition(writer: Writer, task: AdditionTask) -> None:
    """All lines of a layer."""
    writer.layer = task.number
    channels, rows, columns = task.made.layout.shape
    most = (FLOATS - task.closing.registers) // 2
    at_once = max(k for k in range(1, most + 1) if k <= columns and (columns % k == 0 or k >= _FEW))
    trips, rest = divmod(columns, at_once)
    pointers = ((SOURCE, task.taken[0]), (OTHER, task.taken[1]), (RESULT, task.made))
    if constants := task.closing.constants:
        writer.address(CONSTANTS, writer.symbol, len(writer.constants) * WORD, POOL)
        writer.constants += constants
    for register, tensor in pointers:
        writer.move(register, tensor.start + tensor.layout.at(0, 0, 0), BLOCK)
    outer, middle = writer.begin(ROWS, rows), writer.begin(CHANNELS, channels)
    if trips:
        inner = writer.begin(COLUMNS, trips)
        _write_body(writer, task, at_once)
        writer.end(COLUMNS, inner, trips)
    if rest:
        _write_body(writer, task, rest)
    for register, tensor in pointers:
        writer.move(register, (tensor.layout.pitch - columns) * WORD)
    writer.end(CHANNELS, middle, channels)
    writer.end(ROWS, outer, rows)


def _write_body(writer: Writer, task: AdditionTask, count: int) -> None:
    floats, lines, free = writer.machine.floats, list[Line](), 2 * count
    constants = task.closing.constants
    if constants:
        lines.append(core_line(writer.machine.cores, IntegerOperation.MOVE, d=POOL, a=CONSTANTS))
        lines.append(float_line(floats, Operation.LOAD_CONSTANTS, list=(free, len(constants)), base=POOL))
    lines.append(float_line(floats, Operation.LOAD_MULTIPLE, list=(0, count), base=SOURCE))
    lines.append(float_line(floats, Operation.LOAD_MULTIPLE, list=(count, count), base=OTHER))
    lines += [float_line(floats, Operation.ADD, d=k, a=k, b=count + k) for k in range(count)]
    held = {constant: free + k for k, constant in enumerate(constants)}
    others = range(free + len(constants), FLOATS)
    lines += task.closing.lines(writer.machine, [(k, k * WORD) for k in range(count)], held, others)
    writer.put_all(arranged(lines))
    writer.move(RESULT, count * WORD)
