"""Writes a layer of weights: for each group of output channels a loop over positions, around a body of its weights."""

from collections.abc import Sequence

from armlet.errors import CapacityError
from armlet.isa.integer_operation import IntegerOperation
from armlet.select.floats.body import Body, registers_of
from armlet.select.floats.frame import BLOCK, COLUMNS, CONSTANTS, POOL, RESULT, ROWS, SOURCE
from armlet.select.floats.lines import Writer
from armlet.select.floats.schedule import arranged
from armlet.select.floats.task import Shape, SumsTask, Use, groups_of, uses_of
from armlet.tensors.rows import WORD

_FAR = 1_000_000  # ARM DDI 0403, A7.7.12: B T3 reaches 20 bits


def write_sums(writer: Writer, task: SumsTask, shape: Shape) -> None:
    """All lines of a layer."""
    writer.layer = task.number
    for group in groups_of(task.sums, shape.channels):
        write_group(writer, task, group, shape.of(group))


def write_group(writer: Writer, task: SumsTask, group: Sequence[int], shape: Shape) -> None:
    """The lines of a group of output channels."""
    (down, across), (top, left, *_), layout = task.sums.stride, task.sums.padding, task.taken.layout
    rows, columns = task.positions
    trips, rest = divmod(columns, shape.across)
    uses = uses_of(task, group)
    constants = [use.word for use in uses if use.word is not None] + list(task.closing.constants)
    if constants:
        writer.address(CONSTANTS, writer.symbol, len(writer.constants) * WORD, POOL)
        writer.constants += constants
    writer.move(SOURCE, task.taken.start + layout.at(-top, 0, -left), BLOCK)
    writer.move(RESULT, min(task.places[j] for j in group), BLOCK)
    outer, start = writer.begin(ROWS, rows), len(writer.lines)
    if trips:
        inner = writer.begin(COLUMNS, trips)
        _write_body(writer, task, group, shape, uses, bool(constants))
        writer.end(COLUMNS, inner, trips)
    if rest:
        _write_body(writer, task, group, Shape(rest, shape.channels), uses, bool(constants))
    if rows > 1:
        writer.move(SOURCE, (down * layout.row - across * columns) * WORD)
        writer.move(RESULT, task.down - columns * WORD)
    writer.end(ROWS, outer, rows)
    if sum(line.size for line in writer.lines[start:]) > _FAR:
        raise CapacityError(f"layer {task.number}: a body of {len(uses)} weights is longer than a branch reaches")


def _write_body(
    writer: Writer, task: SumsTask, group: Sequence[int], shape: Shape, uses: Sequence[Use], streams: bool
) -> None:
    """One trip: `across` positions of each channel of a group, and both pointers on."""
    registers = registers_of(task, shape)
    assert registers is not None
    body = Body(writer.machine, task, shape.across, len(group), registers, uses)
    if streams:
        body.core(IntegerOperation.MOVE, d=POOL, a=CONSTANTS)
    body.write_taps()
    first, places = min(task.places[j] for j in group), [task.places[j] for j in group]
    stored = sorted(
        (places[j] - first + p * WORD, body.sum(j, p)) for j in range(len(group)) for p in range(shape.across)
    )
    body.write_end([(register, offset) for offset, register in stored])
    writer.put_all(body.lines if writer.is_draft else arranged(body.lines))
    writer.move(SOURCE, shape.across * task.sums.stride[1] * WORD - body.at)
    writer.move(RESULT, shape.across * WORD)
