"""What a body does behind its last weight: it adds a residual, scales its sums back and stores them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.writer import Writer
from armlet.select.tensors.bodies.body import Body
from armlet.select.tensors.bodies.taps import write_factor
from armlet.select.tensors.closing import write_lanes
from armlet.select.tensors.frame import BASE, CHANNEL, FACTOR, REACH, RESULT, TABLE, VALUES, Pointer, write_near
from armlet.tensors.rows import WORD

# words of the stack: the factor, and what the lower and the upper product are given
_ENDS = tuple(CHANNEL + k * WORD for k in (2, 3, 4))


@dataclass(frozen=True, slots=True)
class Onward:
    """How far the next trip is, in bytes: from one window's first word to the next, and between what is made."""

    taken: int
    made: int


@dataclass(frozen=True, slots=True)
class Stacked:
    """A word of the stack that is used behind the last weight."""

    offset: int


def early(body: Body) -> list[Stacked]:
    """Words of the stack that are loaded in one run with the last words of tensors: a run costs a cycle of its own.

    Those of several channels are not on the stack; a residual takes the registers that they would be in.
    """
    if body.has_residual or not body.is_alone:
        return []
    ends = _ENDS if body.task.lanes(body.group[0]).upper.factor else ()
    place = [RESULT] if body.task.beside is None else []
    return [Stacked(offset) for offset in (*ends, *place)]


def write_residual(writer: Writer, body: Body, pairs: Sequence[Sequence[tuple[int, int]]], walked: int) -> None:
    """Add the words of the other tensor; the last of them is loaded over the address, which is not kept.

    `walked` is how far the base is from the window's first word.
    """
    task, first, address = body.task, min(body.group), VALUES[-1]
    rows = sorted((channel, j) for j, channel in enumerate(body.group) if task.residual(channel))
    words = [(channel, q) for channel, j in rows for q in range(len(pairs[j]))]
    slack = slack_of(body, len(pairs[0]))
    if task.beside is None:
        writer.add(Does.LOAD_STACK, FACTOR, number=RESULT)
        less = write_near(writer, address, FACTOR, task.apart, slack)
    else:
        place = task.beside + task.apart + first * task.made.pitch * WORD - walked
        less = write_near(writer, address, BASE, place, slack)
    pointer, factor = Pointer(writer, address, at=-less), None
    registers = dict(zip(words, VALUES[len(VALUES) - len(words) :]))
    for (channel, q), register in registers.items():
        place = ((channel - first) * task.made.pitch + q) * WORD
        writer.add(Does.LOAD, register, address, number=pointer.offset(place))
    for channel, j in rows:
        wanted = task.residual(channel) * body.times(channel)
        write_factor(writer, FACTOR, factor, wanted)
        factor = wanted
        for q, (low, high) in enumerate(pairs[j]):
            writer.add(Does.MULTIPLY_LONG, low, FACTOR, registers[channel, q], e=high)


def write_ends(
    writer: Writer,
    body: Body,
    pairs: Sequence[Sequence[tuple[int, int]]],
    held: Mapping[Stacked, int],
    onward: Onward | None,
    walked: int,
) -> int:
    """Scale the sums back and store them: a word for each position of each channel. `held` is where early words are.

    `walked` is how far the base is from the window's first word. Gives the register of the address of what is made.
    """
    if not body.is_alone:
        writer.add(Does.LOAD_STACK, FACTOR, number=TABLE)
    ends, result = 2 * body.shape.across * len(pairs), Pointer(writer, FACTOR)
    for j, (channel, row) in enumerate(zip(body.group, pairs)):
        lanes = body.task.lanes(channel)
        factor, lower, upper = (held.get(Stacked(offset), register) for offset, register in zip(_ENDS, VALUES))
        for k, register in enumerate((factor, lower, upper) if lanes.upper.factor else ()):
            if not body.is_alone:
                writer.add(Does.LOAD, register, FACTOR, number=(ends + 3 * j + k) * WORD)
            elif body.has_residual:
                writer.add(Does.LOAD_STACK, register, number=_ENDS[k])
        if j == len(pairs) - 1:  # where words are stored is known before they are
            result = _result(writer, body, len(row), held, walked)
        for pair in row:
            write_lanes(writer, lanes, pair, (factor, lower, upper), body.shape.raised)
    _write_results(writer, body, pairs, result)
    if body.task.beside is None and onward is not None:
        result.move(onward.made)
        writer.add(Does.STORE_STACK, result.register, number=RESULT)
    return result.register


def _result(writer: Writer, body: Body, across: int, held: Mapping[Stacked, int], walked: int) -> Pointer:
    """Where the words of this trip are stored: beside the window, or where the stack says."""
    if body.task.beside is not None:
        place = body.task.beside + min(body.group) * body.task.made.pitch * WORD - walked
        return Pointer(writer, FACTOR, at=-write_near(writer, FACTOR, BASE, place, slack_of(body, across)))
    if (register := held.get(Stacked(RESULT))) is None:
        register = FACTOR
        writer.add(Does.LOAD_STACK, register, number=RESULT)
    return Pointer(writer, register)


def slack_of(body: Body, across: int) -> int:
    """By how much the address of the words of a trip may be less, and all are in its reach."""
    return REACH - ((max(body.group) - min(body.group)) * body.task.made.pitch + across - 1) * WORD


def _write_results(writer: Writer, body: Body, pairs: Sequence[Sequence[tuple[int, int]]], result: Pointer) -> None:
    first, pitch = min(body.group), body.task.made.pitch
    for channel, row in sorted(zip(body.group, pairs)):
        for q, (low, _) in enumerate(row):
            writer.add(Does.STORE, low, result.register, number=result.offset(((channel - first) * pitch + q) * WORD))
