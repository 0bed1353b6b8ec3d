"""Writes the body of a convolution: sums begin, weight after weight is added, and what is stored is made of the sums.

A body makes `across` words, neighbours in a row, of each of its channels. A weight is a constant that is made on the
spot, and one long multiplication for each word:

    movs  w, #5
    smlal low, high, w, x            low field += 5 * lane 0, the rest += 5 * lane 1

The lowest 24 bits of the 64 are the sum of lane 0 and what it has more so that it is not below 0; what is above them is
the sum of lane 1. Weights that are taken 2^8 times put that in the high word, where nothing has to be cut out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.writer import Writer
from armlet.select.tensors.bodies.convolution import Convolution, Shape
from armlet.select.tensors.bodies.taps import Tap, ordered, write_factor
from armlet.select.tensors.closing import write_lanes
from armlet.select.tensors.fetch import Registers
from armlet.select.tensors.frame import (
    BASE,
    CHANNEL,
    CONSTANTS,
    FACTOR,
    REACH,
    RESULT,
    SUMS,
    TABLE,
    VALUES,
    Pointer,
    write_apart,
    write_table,
)
from armlet.tensors.layout import UPPER
from armlet.tensors.rows import WORD

_RAISED = 32 - UPPER  # bits by which weights are raised
_ENDS = VALUES[:3]  # registers of the factor, and of what the lower and the upper product are given


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """The channels of a convolution that are made at once."""

    task: Convolution
    group: tuple[int, ...]
    shape: Shape

    @property
    def is_alone(self) -> bool:
        """Whether its constants lie on the stack, since they are those of one channel."""
        return len(self.group) == 1

    def pairs(self, across: int) -> list[list[tuple[int, int]]]:
        """The registers of each sum, channel by channel."""
        words = [(SUMS[2 * k], SUMS[2 * k + 1]) for k in range(across * len(self.group))]
        return [words[j * across : (j + 1) * across] for j in range(len(self.group))]

    def taps(self) -> list[Tap]:
        """All weights, as often as they are taken."""
        task = self.task
        return [
            Tap(task.place(y, c, x), j, w * self.times(channel))
            for j, channel in enumerate(self.group)
            for y, c, x, w in task.taps(channel)
        ]

    def times(self, channel: int) -> int:
        """How often what is multiplied is taken."""
        return self.task.times(channel) << (_RAISED if self.shape.raised else 0)


def write_constants(writer: Writer, body: Body) -> None:
    """The constants of one channel on the stack; of several, where they are."""
    write_table(writer, FACTOR, _fill(writer, body))
    if not body.is_alone:
        writer.add(Does.STORE_STACK, FACTOR, number=TABLE)
        return
    for k in range(CONSTANTS):
        writer.add(Does.LOAD, SUMS[k], FACTOR, number=k * WORD)
    for k in range(CONSTANTS):
        writer.add(Does.STORE_STACK, SUMS[k], number=CHANNEL + k * WORD)


def _fill(writer: Writer, body: Body) -> int:
    """The constants at the end of the pool: where all sums start, then how each is scaled; gives where they begin."""
    start, ends, task, shape = len(writer.pool), list[int](), body.task, body.shape
    for channel in body.group:
        lanes, times, (below, bias) = task.lanes(channel), task.times(channel), task.starts(channel)
        sums = times * below + lanes.lift + (times * bias << UPPER) << (_RAISED if shape.raised else 0)
        writer.fill_words([sums, sums >> 32] * (1 if body.is_alone else shape.across))
        ends += [lanes.upper.factor, lanes.lower.start, lanes.upper.start]
    writer.fill_words(ends)
    return start


def write_body(writer: Writer, body: Body, across: int) -> None:
    """One trip: `across` words of each channel of a group."""
    pairs, taps, step = body.pairs(across), body.taps(), body.task.layer.stride[1] * WORD
    last = max((tap.place for tap in taps), default=0) + (across - 1) * step
    runs = ordered(taps, across, step, REACH)
    words = [tap.place + q * step for run in runs for tap in run for q in range(across)]
    registers = Registers((*VALUES, *SUMS[2 * across * len(pairs) :]), words)
    loads = _Loads(writer, Pointer(writer, BASE, last), registers)
    loads.begin(runs[0] if runs else (), across, step)
    _write_starts(writer, body, pairs, loads)
    _write_taps(writer, runs, step, pairs, loads)
    if any(map(body.task.residual, body.group)):
        _write_residual(writer, body, pairs, loads.pointer.at)
    loads.pointer.move(across * step)
    _write_ends(writer, body, pairs)
    _write_results(writer, body, pairs)


@dataclass(frozen=True, slots=True, eq=False)
class _Loads:
    """The words of a body on their way into registers: in runs, as many as there are whose words are done with."""

    writer: Writer
    pointer: Pointer
    registers: Registers[int]

    def begin(self, run: Sequence[Tap], across: int, step: int) -> None:
        """Bring a run of taps within reach."""
        if places := [tap.place for tap in run]:
            self.pointer.cover(min(places), max(places) + (across - 1) * step)

    def before(self, number: int) -> None:
        """Load what is not there of the word of a product, and more."""
        if number < len(self.registers.uses):
            for fresh, register in self.registers.fetched(number):
                self.writer.add(Does.LOAD, register, BASE, number=self.pointer.offset(fresh))


def _write_starts(writer: Writer, body: Body, pairs: list[list[tuple[int, int]]], loads: _Loads) -> None:
    """Each sum with its start; the first words are loaded in one run with the first of them.

    Those of several channels lie in their order where words are as many as in a trip.
    """
    if body.is_alone:
        for k, register in enumerate(pairs[0][0]):
            writer.add(Does.LOAD_STACK, register, number=CHANNEL + k * WORD)
    else:
        writer.add(Does.LOAD_STACK, FACTOR, number=TABLE)
    loads.before(0)
    if not body.is_alone and len(pairs[0]) == body.shape.across:
        writer.load_here(FACTOR, [register for row in pairs for pair in row for register in pair])
        return
    for j, ((low, high), *others) in enumerate(pairs):
        if not body.is_alone:
            writer.add(Does.LOAD_PAIR, low, FACTOR, high, number=2 * j * body.shape.across * WORD)
        for other_low, other_high in others:
            writer.add(Does.MOVE, other_low, low)
            writer.add(Does.MOVE, other_high, high)


def _write_taps(
    writer: Writer, runs: list[list[Tap]], step: int, pairs: list[list[tuple[int, int]]], loads: _Loads
) -> None:
    """The weights, each for all words of its channel.

    The base walks on to a run before the last product of the one before, for an address that was just made waits.
    """
    across = len(pairs[0])
    taps, factor = [tap for run in runs for tap in run], None
    lasts = dict(zip(accumulate(len(run) * across for run in runs), runs[1:]))
    products = [(tap, pair) for tap in taps for pair in pairs[tap.row]]
    for number, (tap, (low, high)) in enumerate(products):
        loads.before(number)
        if run := lasts.get(number + 1):
            loads.begin(run, across, step)
        if tap.factor != factor:
            write_factor(writer, FACTOR, factor, tap.factor)
            factor = tap.factor
        writer.add(Does.MULTIPLY_LONG, low, FACTOR, loads.registers.held[loads.registers.uses[number]], e=high)


def _write_residual(writer: Writer, body: Body, pairs: list[list[tuple[int, int]]], walked: int) -> None:
    """Add the words of the other tensor; the last of them is loaded over the address, which is not kept.

    `walked` is how far the base is from the window's first word.
    """
    task, first, address = body.task, min(body.group), VALUES[-1]
    rows = sorted((channel, j) for j, channel in enumerate(body.group) if task.residual(channel))
    words = [(channel, q) for channel, j in rows for q in range(len(pairs[j]))]
    if task.beside is None:
        writer.add(Does.LOAD_STACK, FACTOR, number=RESULT)
        write_apart(writer, address, FACTOR, task.apart)
    else:
        write_apart(writer, address, BASE, task.beside + task.apart + first * task.made.pitch * WORD - walked)
    pointer, factor = Pointer(writer, address), None
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


def _write_ends(writer: Writer, body: Body, pairs: list[list[tuple[int, int]]]) -> None:
    """Scale the sums back: a word for each position of each channel."""
    if not body.is_alone:
        writer.add(Does.LOAD_STACK, FACTOR, number=TABLE)
    ends, last = 2 * body.shape.across * len(pairs), len(pairs) - 1
    for j, (channel, row) in enumerate(zip(body.group, pairs)):
        lanes = body.task.lanes(channel)
        for k, register in enumerate(_ENDS if lanes.upper.factor else ()):
            if body.is_alone:
                writer.add(Does.LOAD_STACK, register, number=CHANNEL + (2 + k) * WORD)
            else:
                writer.add(Does.LOAD, register, FACTOR, number=(ends + 3 * j + k) * WORD)
        if j == last:  # where words are stored is known before they are
            _write_result_place(writer, body, len(row))
        for pair in row:
            write_lanes(writer, lanes, pair, _ENDS, body.shape.raised)


def _write_result_place(writer: Writer, body: Body, across: int) -> None:
    """Where the words of this trip are stored: beside the window, or where the stack says."""
    if body.task.beside is None:
        writer.add(Does.LOAD_STACK, FACTOR, number=RESULT)
    else:
        place = body.task.beside + (min(body.group) * body.task.made.pitch - across) * WORD
        write_apart(writer, FACTOR, BASE, place)


def _write_results(writer: Writer, body: Body, pairs: list[list[tuple[int, int]]]) -> None:
    """Store all words, and remember where the next ones go where the window does not tell."""
    first, pitch, across = min(body.group), body.task.made.pitch, len(pairs[0])
    result = Pointer(writer, FACTOR)
    for channel, row in sorted(zip(body.group, pairs)):
        for q, (low, _) in enumerate(row):
            writer.add(Does.STORE, low, FACTOR, number=result.offset(((channel - first) * pitch + q) * WORD))
    if body.task.beside is None:
        result.move(across * WORD)
        writer.add(Does.STORE_STACK, FACTOR, number=RESULT)
