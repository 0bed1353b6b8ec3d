"""What the removal of each weight saves now: the price of the value that it would have on the grid.

Behind windows every value of a byte costs the same, at each position that it serves. Mathematics: docs/mathematics.md,
section 3 and 8.
"""

from collections.abc import Sequence
from typing import TypeAlias

import jax
import numpy as np
from numpy.typing import NDArray

from armlet.integer.price import Block, Price
from armlet.pruning.geometry.architecture import Architecture, Sums, Windows
from armlet.pruning.geometry.curvature import curvature
from armlet.pruning.geometry.functional import Masks, Point
from armlet.pruning.quantise.grid import Grid
from armlet.pruning.quantise.value import chosen_values, worth_of
from armlet.pruning.reference import ReferenceInputs
from armlet.pruning.select import LayerSavings, mates_of
from armlet.pruning.select.cost import compensated

I64 = NDArray[np.int64]
Mates: TypeAlias = tuple[I64, ...]  # for each layer (in,): the other input of its block
_STRONG = 0.1  # of a layer's weights: those by which inputs are paired


def savings_at(
    point: Point,
    masks: Masks,
    inputs: ReferenceInputs,
    key: jax.Array,
    grid: Grid,
    ways: Sequence[Price],
    mates: Mates | None = None,
) -> tuple[LayerSavings, ...]:
    """The savings of each layer, in those of the dearest weight: where all cost the same, all are 1.

    With mates, weights stand in blocks where the way to write the layer has such.
    """
    found = curvature(point, inputs.scoring, key, inputs.shape)
    worth = worth_of(point, masks, found)
    made = list[LayerSavings]()
    for i, ((w, _), felt) in enumerate(zip(point, found, strict=True)):
        weight = np.asarray(w, np.float64)
        step = grid.free_steps(weight, np.ones(weight.shape[1]), np.zeros(len(weight)))
        value, way = chosen_values(weight, step, np.asarray(felt.weight, np.float64), grid, ways, worth)
        if mates is not None and way.block is not None:
            made.append(_in_blocks(way, way.block, weight.shape, mates[i]))
            continue
        whole = np.maximum(np.abs(np.rint(value / step[:, None])), 1).astype(np.int64)  # below a step: the cheapest
        alone = way.cost(whole, ways[0])
        made.append(LayerSavings(alone, alone, np.arange(weight.shape[1])))
    dearest = max(float(saves.alone.max()) for saves in made)
    return tuple(LayerSavings(saves.alone / dearest, saves.beside / dearest, saves.mate) for saves in made)


def _in_blocks(way: Price, block: Block, size: tuple[int, ...], mate: I64) -> LayerSavings:
    """The same of a layer whose inputs are mates: the second weight of a block costs what the block costs more."""
    alone = way.share(block.cycles_alone, block.bytes_alone)
    beside = 2 * way.share(block.cycles, block.bytes) - alone
    return LayerSavings(np.full(size, alone), np.full(size, beside), mate)


def savings_by_positions(point: Point, architecture: Architecture) -> tuple[LayerSavings, ...]:
    """The savings of each layer of a network with windows: how often a weight of it is used, in those of the most."""
    steps = zip(architecture.steps, architecture.shapes[1:], strict=True)
    often = [float(np.prod(given[1:])) for step, given in steps if isinstance(step, Sums | Windows)]
    made = list[LayerSavings]()
    for (weight, _), positions in zip(point, often, strict=True):
        unit = weight.size // len(weight)
        alone = np.full((len(weight), unit), positions / max(often))
        made.append(LayerSavings(alone, alone, np.arange(unit)))
    return tuple(made)


def mates_at(point: Point, masks: Masks, inputs: ReferenceInputs, key: jax.Array) -> Mates:
    """The mates of inputs by what removals would cost here: those of the dense network serve a whole run."""
    costs = compensated(point, curvature(point, inputs.scoring, key, inputs.shape))
    return tuple(mates_of(cost, np.asarray(mask) > 0, _STRONG) for cost, mask in zip(costs, masks, strict=True))
