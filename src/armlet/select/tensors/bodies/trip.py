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
from armlet.select.tensors.bodies.body import Body
from armlet.select.tensors.bodies.ends import Onward, Stacked, early, write_ends, write_residual
from armlet.select.tensors.bodies.taps import Tap, ordered, products, write_factor
from armlet.select.tensors.fetch import Registers
from armlet.select.tensors.frame import BASE, CHANNEL, FACTOR, REACH, SUMS, TABLE, VALUES, Pointer
from armlet.tensors.rows import WORD


def write_body(writer: Writer, body: Body, across: int, onward: Onward | None) -> int:
    """One trip: `across` words of each channel of a group, and `onward` to the next; None behind the last.

    Gives the register of the address of what is made.
    """
    pairs, taps, step = body.pairs(across), body.taps(), body.task.layer.stride[1] * WORD
    last = max((tap.place for tap in taps), default=0) + (across - 1) * step
    runs = ordered(taps, across, step, REACH)
    taken = products([tap for run in runs for tap in run], across, step)
    words = [tap.place + q * step for tap, q in taken]
    spare, ends = (*VALUES, *SUMS[2 * across * len(pairs) :]), early(body)
    uses = [*words, *ends, *ends]  # all of the ends are there until the last is
    loads = _Loads(writer, Pointer(writer, BASE, last), Registers(spare, uses))
    loads.begin(runs[0] if runs else (), across, step)
    _write_starts(writer, body, pairs, loads)
    begins = dict(zip(accumulate(len(run) * across for run in runs), runs[1:]))
    _write_products(writer, taken, begins, step, pairs, loads)
    if body.has_residual:
        write_residual(writer, body, pairs, loads.pointer.at)
    for k in range(len(ends)):
        loads.before(len(words) + k)
    if onward is not None:
        loads.pointer.move(onward.taken)
    return write_ends(writer, body, pairs, {end: loads.registers.held[end] for end in ends}, onward, loads.pointer.at)


@dataclass(frozen=True, slots=True, eq=False)
class _Loads:
    """The words of a body on their way into registers: in runs, as many as there are whose words are done with."""

    writer: Writer
    pointer: Pointer
    registers: Registers[int | Stacked]

    def begin(self, run: Sequence[Tap], across: int, step: int) -> None:
        """Bring a run of taps within reach."""
        if places := [tap.place for tap in run]:
            self.pointer.cover(min(places), max(places) + (across - 1) * step)

    def before(self, number: int) -> None:
        """Load what is not there of the word of a product, and more."""
        if number < len(self.registers.uses):
            for fresh, register in self.registers.fetched(number):
                if isinstance(fresh, Stacked):
                    self.writer.add(Does.LOAD_STACK, register, number=fresh.offset)
                else:
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


def _write_products(
    writer: Writer,
    taken: list[tuple[Tap, int]],
    begins: dict[int, list[Tap]],
    step: int,
    pairs: list[list[tuple[int, int]]],
    loads: _Loads,
) -> None:
    """Each weight for all words of its channel; `begins` has the runs of taps by the products before them.

    The base walks on to a run before the last product of the one before, for an address that was just made waits.
    """
    factor = None
    for number, (tap, q) in enumerate(taken):
        loads.before(number)
        if run := begins.get(number + 1):
            loads.begin(run, len(pairs[0]), step)
        if tap.factor != factor:
            write_factor(writer, FACTOR, factor, tap.factor)
            factor = tap.factor
        low, high = pairs[tap.row][q]
        writer.add(Does.MULTIPLY_LONG, low, FACTOR, loads.registers.held[loads.registers.uses[number]], e=high)
