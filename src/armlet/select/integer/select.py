"""From a network in integers to a program: each layer in the scheme that the objective asks for.

Straight code computes each connection by lines of its own, loops over tables take less memory and more time. What a
layer costs depends on its own scheme and on how the next one wants its values: so the mixes are found exactly, each
better in time than all that are smaller, by one walk through the layers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from armlet.anneal.engine import Annealing
from armlet.errors import CapacityError
from armlet.integer.bounds import integer_bounds
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget
from armlet.pack.layer_code import LayerCode
from armlet.select.integer.argmax import write_argmax
from armlet.select.integer.mix.choose import Mix, mixes
from armlet.select.integer.mix.planner import Planner, unsigned_where_it_fits
from armlet.select.integer.places import FieldPlace, Places, block_layout, place_words
from armlet.select.integer.program import IntegerProgram, lines_of
from armlet.select.integer.schemes import POOL, Scheme
from armlet.select.integer.writer import Writer


class Optimize(Enum):
    """What a program is chosen by."""

    SPEED = "speed"  # fewest cycles
    SIZE = "size"  # fewest cycles of those that take hardly more than the fewest bytes
    BALANCED = "balanced"  # the least product of both

    def of(self, mix: Mix, fewest: int) -> tuple[int, int]:
        """What is to be least; `fewest` are the bytes of the smallest mix."""
        match self:
            case Optimize.SPEED:
                return 0, mix.cycles
            case Optimize.SIZE:
                near = _HARDLY * (mix.bytes - fewest) <= fewest
                return (0, mix.cycles) if near else (1, mix.bytes)
            case Optimize.BALANCED:
                return 0, mix.cycles * mix.bytes


_HARDLY = 32  # a part of the bytes for which there may be a faster mix


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes that a program may take."""

    name: str  # of the program
    flash: int
    needs: Callable[[IntegerProgram], int]  # bytes that a program takes in all


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """A program, and how each of its layers is written."""

    program: IntegerProgram
    codes: tuple[LayerCode, ...]
    schemes: tuple[Scheme, ...]


def select_integers(
    network: IntegerNetwork,
    target: IntegerTarget,
    how: Annealing,
    optimize: Optimize = Optimize.SPEED,
    budget: Budget | None = None,
) -> Selection:
    """The best program of `network` within the budget.

    Raises `CapacityError` with the layer that fits no scheme or the bytes that are too many, `InputError` on overflow.
    """
    written, needed = unsigned_where_it_fits(network, target, how), list[int]()
    planner = Planner(written, integer_bounds(written), target, how)
    for schemes in _tried(planner, optimize, budget is not None):
        found = mixed(planner, schemes)
        found = replace(found, program=replace(found.program, network=network))
        if budget is None:
            return found
        needed.append(budget.needs(found.program))
        if needed[-1] <= budget.flash:
            return found
    assert budget is not None
    told = f"needs {min(needed)} bytes of flash, {budget.flash} are given"
    raise CapacityError(f"{budget.name} {told}: {min(needed) - budget.flash} too many in its smallest form")


def _tried(planner: Planner, optimize: Optimize, is_limited: bool) -> Iterator[tuple[Scheme, ...]]:
    """Mixes of schemes, the best first."""
    layers = range(len(planner.network.dense))
    straight = tuple(planner.straight(number) for number in layers)
    if optimize is Optimize.SPEED:
        fastest = tuple(some[0] for some in straight if some)
        if len(fastest) == len(straight):
            yield fastest
            if not is_limited:
                return
    candidates = [(*some, *planner.compact(number)) for number, some in zip(layers, straight)]
    for number, some in enumerate(candidates):
        if not some:
            raise planner.refusal(number)
    found = mixes(planner, candidates)
    fewest = min(mix.bytes for mix in found)
    yield from (mix.schemes for mix in sorted(found, key=lambda mix: optimize.of(mix, fewest)))


def mixed(planner: Planner, schemes: tuple[Scheme, ...]) -> Selection:
    """The program with each layer in its scheme."""
    codes: list[LayerCode] = []
    for number, scheme in enumerate(schemes):
        codes.append(planner.code(number, scheme, codes[-1].row if codes else None))
    return Selection(_written(planner, codes, schemes), tuple(codes), schemes)


def _written(planner: Planner, codes: list[LayerCode], schemes: tuple[Scheme, ...]) -> IntegerProgram:
    network, target = planner.network, planner.target
    sizes = [planner.word_bytes(number, scheme) for number, scheme in enumerate(schemes)]
    natural = np.arange(network.outputs, dtype=np.int32)
    outputs = codes[-1].row[::-1] if schemes[-1].form else natural
    places = place_words(network, codes, sizes, [scheme.order for scheme in schemes], outputs)
    writer = Writer(target, POOL.get(target.name, -1))
    for number, (code, scheme) in enumerate(zip(codes, schemes)):
        is_last = number == len(codes) - 1
        task = replace(
            planner.task(number),
            code=code,
            words=places.words[number],
            stores=_outputs(places) if is_last else places.fields(codes, number + 1),
            high=scheme.high,
            stored_high=0 if is_last else schemes[number + 1].high,
        )
        if not scheme.streams:
            writer.pool_at = -1  # its register is as free as the others
        scheme.write(writer, task)
    block = block_layout(network, codes, places, schemes[0].high // 8)
    if network.argmax is not None:
        write_argmax(writer, network.argmax, places.outputs.tolist(), int(block.outputs[0]))
    return IntegerProgram(target, network, lines_of(writer.rows), block, np.frombuffer(_pool(writer), np.uint8))


def _outputs(places: Places) -> dict[int, FieldPlace]:
    return {neuron: FieldPlace(offset, False) for neuron, offset in enumerate(places.outputs.tolist())}


def _pool(writer: Writer) -> bytes:
    """The constants; one word at least where a line takes their address, so that there is something to link it to."""
    takes = any(line.op == IntegerOperation.ADDRESS for line in writer.rows)
    return bytes(writer.pool) or bytes(4 * takes)
