"""One round of snapping in which the rest of a unit, and its bias, make up for every weight that is snapped.

Within a unit the metric has the block H. Moving a weight from t to v on the grid costs (t - v)^2 / [H^-1]_ii where the
free ones move by -(t - v) / [H^-1]_ii H^-1 e_i; H^-1 is then updated to what is still free, as for removals. First goes
the weight whose removal would cost most, t^2 / [H^-1]_ii: what its snap costs is made up for by all others, and what is
left at the end, with nothing to make up for it, matters least.
Mathematics: docs/mathematics.md, sections 3 and 8. Frantar, Alistarh, NeurIPS 2022.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from armlet.kernels import njit
from armlet.network.frozen import F64
from armlet.pruning.geometry.architecture import Sums, Windows
from armlet.pruning.geometry.curvature import LayerCurvature, curvature
from armlet.pruning.geometry.functional import Masks
from armlet.pruning.geometry.metric import Reference
from armlet.pruning.quantise.grid import Grid
from armlet.pruning.quantise.prepare import Prepared
from armlet.pruning.quantise.snap import Snapped
from armlet.pruning.select import Selector, resolve_selector
from armlet.pruning.select.blocks import LayerBlocks, blocks_of
from armlet.pruning.select.obs import in_parallel, invert_with_ridge

B = NDArray[np.bool_]
_LEVEL = 1e-3  # of the mean: the importance of a weight that nothing feels
_FIELD, _WORD = 2.0**23, 2.0**31  # that sums of windows and of rows stay in
_SLACK = 0.9
_FINEST = 2.0**-22  # of a stored unit: no unit of a sum is finer


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """Units of a layer, updated as they are snapped."""

    weight: F64  # (out, weights of a unit)
    bias: F64
    alive: B  # (out, weights of a unit)
    snapped: B
    step: F64  # (out,)
    felt: F64  # (out, weights of a unit) G_ii
    blocks: LayerBlocks | None  # None: nothing makes up for a snap


def snap_windows(
    at: Snapped, masks: Masks, prepared: Prepared, key: jax.Array, share: float, selector: Selector
) -> Snapped:
    """Put `share` of each unit's survivors onto the grid; steps are chosen where nothing is snapped yet."""
    inputs, alive = prepared.inputs, [np.asarray(mask) > 0 for mask in masks]
    free = [mask & ~(np.asarray(on) > 0) for mask, on in zip(alive, at.snapped, strict=True)]
    found, blocks = _felt(at, free, prepared, inputs.scoring, key, selector)
    begun = any(on.any() for on in map(np.asarray, at.snapped))
    layers = [
        _layer(prepared, i, at, mask, felt, None if begun else prepared.grid, blocks[i] if blocks else None)
        for i, (mask, felt) in enumerate(zip(alive, found, strict=True))
    ]
    units = [(layer, unit) for layer in layers for unit in range(len(layer.bias))]

    def work(asked: tuple[_Layer, int]) -> None:
        _snap_unit(asked[0], asked[1], prepared.grid, share)

    in_parallel(work, units)
    point = tuple(
        (jnp.asarray(layer.weight.reshape(w.shape), jnp.float32), jnp.asarray(layer.bias, jnp.float32))
        for layer, (w, _) in zip(layers, at.point, strict=True)
    )
    snapped = tuple(
        jnp.asarray(layer.snapped.reshape(mask.shape), jnp.float32) for layer, mask in zip(layers, masks, strict=True)
    )
    return Snapped(point, snapped, tuple(layer.step for layer in layers))


def _layer(
    prepared: Prepared,
    i: int,
    at: Snapped,
    alive: B,
    felt: LayerCurvature,
    grid: Grid | None,
    blocks: LayerBlocks | None,
) -> _Layer:
    """A layer by units; where a grid is given, its steps are chosen anew."""
    weight, importance = _by_unit(at.point[i][0]), _by_unit(felt.weight)
    bias, step = np.array(at.point[i][1], np.float64), at.steps[i]
    if grid is not None:
        level = _LEVEL * importance.mean() + 1e-30
        step = grid.free_steps(weight, importance + level, _least(prepared, i, weight, bias))
    snapped = np.array(_by_unit(at.snapped[i]) > 0)
    return _Layer(weight, bias, alive.reshape(weight.shape), snapped, step, importance, blocks)


def _felt(
    at: Snapped, free: list[B], prepared: Prepared, scoring: Reference, key: jax.Array, selector: Selector
) -> tuple[Sequence[LayerCurvature], list[LayerBlocks] | None]:
    """The entries of G, and the blocks of the free weights of each unit where they can be held."""
    shape, masks = prepared.inputs.shape, tuple(jnp.asarray(each, jnp.float32) for each in free)
    if resolve_selector(selector, masks, windows=True) is Selector.SECOND_ORDER:
        return blocks_of(at.point, free, scoring, key, shape)
    return curvature(at.point, scoring, key, shape), None


def _least(prepared: Prepared, layer: int, weight: F64, bias: F64) -> F64:
    """The least step of each unit with which its sums surely fit, and are no finer than a multiplier scales, (out,)."""
    if not prepared.stored:
        return np.zeros(len(weight))
    architecture = prepared.inputs.shape.architecture
    steps = zip(architecture.steps, architecture.wiring)
    number, (step, sources) = [(k, each) for k, each in enumerate(steps, 1) if isinstance(each[0], Sums | Windows)][
        layer
    ]
    taken, given = prepared.stored[sources[0]], prepared.stored[number]
    room = _SLACK * (_FIELD if isinstance(step, Windows) else _WORD)
    size = np.abs(weight).sum(axis=1) * (taken.format.high - taken.format.low) * taken.unit + np.abs(bias)
    return np.maximum(size / (taken.unit * room), _FINEST * given.unit / taken.unit)


def _by_unit(array: Any) -> F64:
    return np.array(array, np.float64).reshape(len(array), -1)


def _snap_unit(layer: _Layer, unit: int, grid: Grid, share: float) -> None:
    """Snap what is asked of one unit's survivors, in place."""
    places = np.flatnonzero(layer.alive[unit] & ~layer.snapped[unit])
    many = int(np.ceil(share * np.count_nonzero(layer.alive[unit])) - np.count_nonzero(layer.snapped[unit]))
    if len(places) == 0 or many <= 0:
        return
    values = np.append(layer.weight[unit, places], layer.bias[unit])
    step = float(layer.step[unit])
    if layer.blocks is None:
        inverse = np.diag(1 / np.append(np.maximum(layer.felt[unit, places], 1e-30), 1.0))
    else:
        inverse, _ = invert_with_ridge(layer.blocks.block(unit, places), layer.blocks.floor)
    chosen = snap_unit(values, inverse, step, float(grid.largest), grid.powers, min(many, len(places)))
    layer.weight[unit, places], layer.bias[unit] = values[:-1], values[-1]
    layer.snapped[unit, places[chosen]] = True


@njit(cache=True, nogil=True)
def snap_unit(values: Any, inverse: Any, step: float, largest: float, powers: bool, count: int) -> Any:
    """Move `count` of `values`, but for the last one, onto the grid, one after another; which they are.

    As `prune_unit`, this is the Cholesky factorisation of H^-1; its next pivot is the weight dearest to remove.
    """
    chosen, factor = np.empty(count, np.int64), np.empty((count, len(values)))
    left, done = np.diag(inverse).copy(), np.zeros(len(values), np.bool_)
    for number in range(count):
        most, i = -1.0, -1
        for k in range(len(values) - 1):
            if not done[k] and values[k] ** 2 > most * left[k]:
                most, i = values[k] ** 2 / left[k], k
        to = nearest(values[i], step, largest, powers)
        row, root = factor[number], np.sqrt(left[i])
        row[:] = inverse[i]
        for earlier in range(number):
            part = factor[earlier, i]
            for k in range(len(row)):
                row[k] -= part * factor[earlier, k]
        amount = (values[i] - to) / root
        for k in range(len(row)):
            row[k] /= root
            if not done[k]:
                values[k] -= amount * row[k]
                left[k] = max(left[k] - row[k] ** 2, 1e-12 * left[k])
        values[i], done[i], chosen[number] = to, True, i
    return chosen


@njit(cache=True, nogil=True)
def nearest(value: float, step: float, largest: float, powers: bool) -> float:
    """`Grid.nearest` of one weight."""
    ratio = abs(value) / step
    if not powers:
        whole = min(np.rint(ratio), largest)
    elif ratio < 0.5:
        whole = 0.0
    else:
        whole = 2.0 ** min(max(np.floor(np.log2(ratio * (4 / 3))), 0.0), np.log2(largest))
    return np.sign(value) * whole * step
