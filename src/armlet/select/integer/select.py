"""From a network in integers to a program: each layer in the scheme and with the registers that cost least."""

from dataclasses import dataclass, replace

import numpy as np

from armlet.anneal.engine import Annealing
from armlet.errors import CapacityError
from armlet.integer.bounds import LayerBounds, integer_bounds
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.pack.layer_code import LayerCode, check_layer_code
from armlet.pack.plan import plan_layer
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.places import FieldPlace, Places, block_layout, place_words
from armlet.select.integer.program import IntegerProgram, lines_of
from armlet.select.integer.schemes import POOL, SCHEMES, Scheme
from armlet.select.integer.writer import Writer


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """A program, and how each of its layers is written."""

    program: IntegerProgram
    codes: tuple[LayerCode, ...]
    schemes: tuple[Scheme, ...]


def select_integers(network: IntegerNetwork, target: IntegerTarget, how: Annealing) -> Selection:
    """The program of `network`. Raises `CapacityError` with the layer that fits no scheme, `InputError` on overflow."""
    bounds = integer_bounds(network)
    schemes = tuple(_scheme(network, bounds, number, target) for number in range(len(network.layers)))
    codes: list[LayerCode] = []
    for number, (layer, scheme) in enumerate(zip(network.layers, schemes)):
        registers = scheme.registers(target, scheme.widths[0])
        before = codes[-1].row if codes else None
        code = plan_layer(
            layer.weight, before, registers, how.of(f"layer {number + 1}"), scheme.bonus, scheme.constants
        )
        check_layer_code(code, layer.weight, registers.all)
        codes.append(code)
    return Selection(_written(network, bounds, target, codes, schemes), tuple(codes), schemes)


def _scheme(network: IntegerNetwork, bounds: tuple[LayerBounds, ...], number: int, target: IntegerTarget) -> Scheme:
    task = _task(network, bounds, number)
    found = next((scheme for scheme in SCHEMES[target.name] if scheme.fits(task)), None)
    if found is None:
        span = f"{int(bounds[number].sum_low.min())} to {int(bounds[number].sum_high.max())}"
        raise CapacityError(f"layer {number} fits no scheme of {target.name}: its sums go from {span}")
    return found


def _task(network: IntegerNetwork, bounds: tuple[LayerBounds, ...], number: int) -> LayerTask:
    """A layer of which only the numbers are known."""
    none = np.zeros(0, np.int32)
    nothing = LayerCode(none.reshape(0, 2), none.reshape(0, 2), none.reshape(0, 4), none)
    layer = network.layers[number]
    return LayerTask(number, layer, bounds[number], nothing, np.zeros(0, np.int64), {}, False, 0, 0)


def _written(
    network: IntegerNetwork,
    bounds: tuple[LayerBounds, ...],
    target: IntegerTarget,
    codes: list[LayerCode],
    schemes: tuple[Scheme, ...],
) -> IntegerProgram:
    places = place_words(network, codes, [scheme.in_order for scheme in schemes])
    writer = Writer(target, POOL.get(target.name, -1))
    for number, (code, scheme) in enumerate(zip(codes, schemes)):
        is_last = number == len(codes) - 1
        task = replace(
            _task(network, bounds, number),
            code=code,
            words=places.words[number],
            stores=_outputs(places) if is_last else places.fields(codes, number + 1),
            is_last=is_last,
            high=scheme.high,
            stored_high=0 if is_last else schemes[number + 1].high,
        )
        if not scheme.streams:
            writer.pool_at = -1  # its register is as free as the others
        scheme.write(writer, task)
    block = block_layout(network, codes, places, schemes[0].high // 8)
    return IntegerProgram(target, network, lines_of(writer.rows), block, np.frombuffer(writer.pool, np.uint8))


def _outputs(places: Places) -> dict[int, FieldPlace]:
    return {neuron: FieldPlace(offset, False) for neuron, offset in enumerate(places.outputs.tolist())}
