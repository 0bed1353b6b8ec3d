"""Prune by Optimal Brain Surgeon within each unit: other weights of the unit compensate each removal.

The block of G within one unit is H = E[s x x^T] over its inputs and a one for its bias. With H^-1 over the survivors,
removing t_i costs t_i^2 / [H^-1]_ii and moves them by -t_i / [H^-1]_ii H^-1 e_i. After each removal H^-1 is updated
exactly to the smaller set, so that many weights may go at once. Units are pruned in parallel, each on one core, and
the libraries' own threads are off: they gain nothing on many small matrices, and lose much where two libraries' threads
wait for each other. Each core holds one H.
Mathematics: docs/mathematics.md, section 3. Hassibi, Stork, NIPS 5, 1993; Frantar, Alistarh, NeurIPS 2022.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs
from threadpoolctl import threadpool_limits

from armlet.errors import InvariantError
from armlet.kernels import njit
from armlet.pruning.geometry.functional import Masks, Point
from armlet.pruning.geometry.metric import Reference, Shape
from armlet.pruning.select.blocks import LayerBlocks, blocks_of
from armlet.pruning.select.cost import RIDGE, compensated
from armlet.pruning.select.path import strongest_path
from armlet.pruning.select.savings import LayerSavings

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
T = TypeVar("T")
_MOST = 4  # times its fair share: what one unit may lose at once
_LARGEST_RIDGE = 1e2  # in means of H's diagonal: enough for every rounded semi-definite matrix


class _LayerProblem(NamedTuple):
    """Weights and masks of a layer, updated as its units are pruned, and what they are pruned by."""

    weight: F32  # (out, weights of a unit)
    bias: F32  # (out,)
    alive: NDArray[np.bool_]  # (out, weights of a unit)
    free: NDArray[np.bool_]  # the same: what may be removed
    blocks: LayerBlocks
    saves: LayerSavings | None


@dataclass(frozen=True, slots=True, eq=False)
class _UnitProblem:
    """The pruning problem of one unit: its survivors, with the bias last."""

    places: NDArray[np.int64]  # inputs of the survivors
    values: F64  # (survivors + 1,)
    inverse: F64  # of H with its ridge
    free: NDArray[np.bool_]  # what may be removed: neither the bias nor the guarded path
    ridge: float  # added to H, in means of its diagonal
    saves: "UnitSavings"


class UnitSavings(NamedTuple):
    """What the removal of each survivor saves: `LayerSavings` of one unit."""

    alone: F64  # (survivors + 1,)
    beside: F64
    mate: NDArray[np.int64]  # places among the survivors, -1 for none


class _UnitRemovals(NamedTuple):
    """The removals of one unit, one after another: their costs, and how each changes the unit."""

    places: NDArray[np.int64]  # inputs of the survivors
    gone: NDArray[np.int64]  # which of them is removed, by step
    costs: F64  # by step, for what it saves
    moved: F32  # (steps, survivors + 1): what each step subtracts from the unit's weights and bias
    ridge: float


def remove_second_order(
    point: Point,
    masks: Masks,
    reference: Reference,
    key: jax.Array,
    shape: Shape,
    count: int,
    savings: Sequence[LayerSavings] | None = None,
) -> tuple[Point, Masks, float]:
    """Remove `count` survivors; the unit's other weights and its bias compensate each removal.

    With savings the distance is counted for what a removal saves.

    Returns the point, the masks, and the largest ridge that a unit's H needed, in means of its diagonal.
    Raises `InvariantError` if fewer than `count` can be removed.
    """
    alive = [np.asarray(mask) > 0 for mask in masks]
    found, blocks = blocks_of(point, alive, reference, key, shape)
    free = [open_.copy() for open_ in alive]
    for layer, place in strongest_path(compensated(point, found), alive, shape.architecture):
        free[layer][place] = False
    many = sum(int(np.count_nonzero(f)) for f in free)
    if count > many:
        raise InvariantError(f"{count} removals asked of {many} free weights")
    layers = _layer_problems(point, alive, free, blocks, savings)
    problems = [(layer, unit) for layer in layers for unit in range(len(layer.weight)) if layer.free[unit].any()]

    def solve(asked: tuple[_LayerProblem, int]) -> _UnitRemovals:
        unit = _unit_problem(*asked)
        most = _most_removals(int(unit.free.sum()), count, many)
        gone, costs, moved = prune_unit(unit.values, unit.inverse, unit.free, most, unit.saves)
        return _UnitRemovals(unit.places, gone, costs, moved, unit.ridge)

    removals = in_parallel(solve, problems)
    counts = _removals_of_each([unit.costs for unit in removals], count)
    for asked, unit, some in zip(problems, removals, counts, strict=True):
        _apply(*asked, unit, some)
    left = tuple(jnp.asarray(layer.alive.reshape(mask.shape), jnp.float32) for layer, mask in zip(layers, masks))
    point = tuple(
        (jnp.asarray(layer.weight.reshape(mask.shape)), jnp.asarray(layer.bias)) for layer, mask in zip(layers, masks)
    )
    return point, left, max(unit.ridge for unit in removals)


def _apply(layer: _LayerProblem, number: int, removals: _UnitRemovals, some: int) -> None:
    """Write the unit after its first `some` removals into the layer."""
    moved, gone = removals.moved[:some].sum(axis=0, dtype=np.float64), removals.places[removals.gone[:some]]
    layer.weight[number, removals.places] -= moved[:-1]
    layer.bias[number] -= moved[-1]
    layer.weight[number, gone] = 0
    layer.alive[number, gone] = False


def in_parallel(work: Callable[[Any], T], asked: Sequence[Any]) -> list[T]:
    """Run `work` on all items in parallel; the results are in the order of the items, on any number of cores."""
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, asked))


@njit(cache=True, nogil=True)
def prune_unit(values: Any, inverse: Any, free: Any, count: int, saves: Any) -> Any:
    """Remove the `count` cheapest weights, one after another, updating `values` and `free`. Places, costs, and moves.

    Costs are those for what is saved. The first of a block counts as cheap as both of them are together.

    This is the Cholesky factorisation of H^-1 with the cheapest weight as its next pivot: column `step` of the factor
    is row `step` of `factor`, and costs need only what is left of the diagonal of H^-1.
    """
    gone, costs, moved = np.empty(count, np.int64), np.empty(count), np.empty((count, len(values)), np.float32)
    factor, left = np.empty((count, len(values))), np.diag(inverse).copy()
    mate, cross = saves.mate.copy(), np.zeros(len(values))  # what is left of H^-1 between mates
    for k in range(len(mate)):
        if mate[k] >= 0:
            cross[k] = inverse[k, mate[k]]
    for step in range(count):
        best, i = _next_removal(values, left, mate, cross, free, saves)
        if i < 0:
            return gone[:step], costs[:step], moved[:step]
        row, root = factor[step], np.sqrt(left[i])
        row[:] = inverse[i]
        for earlier in range(step):
            share = factor[earlier, i]
            for k in range(len(row)):
                row[k] -= share * factor[earlier, k]
        amount = values[i] / root
        for k in range(len(row)):
            row[k] /= root
            values[k] -= amount * row[k]
            moved[step, k] = amount * row[k]
            left[k] -= row[k] ** 2
            if mate[k] >= 0:
                cross[k] -= row[k] * row[mate[k]]
        if mate[i] >= 0:
            mate[mate[i]] = -1
            mate[i] = -1
        values[gone[:step]] = 0
        values[i], left[i], free[i] = 0.0, 0.0, False
        gone[step], costs[step] = i, best
    return gone, costs, moved


@njit(cache=True, nogil=True)
def _next_removal(values: Any, left: Any, mate: Any, cross: Any, free: Any, saves: Any) -> Any:
    """The least cost for what is saved, and whose it is: the first of equals, -1 where nothing is free."""
    best, i = np.inf, -1
    for k in range(len(free)):
        if not free[k]:
            continue
        if mate[k] >= 0:
            score = _score_in_block(k, mate[k], values, left, cross[k], free, saves)
            if score < best:
                best, i = score, k
        elif values[k] ** 2 < best * left[k] * saves.alone[k]:
            best, i = values[k] ** 2 / left[k] / saves.alone[k], k
    return best, i


@njit(cache=True, nogil=True)
def _score_in_block(k: Any, m: Any, values: Any, left: Any, cross: Any, free: Any, saves: Any) -> Any:
    """The lower one of the scores of removing k, and k with its mate m."""
    score, apart = values[k] ** 2 / left[k] / saves.beside[k], left[k] * left[m] - cross**2
    if free[m] and apart > 1e-9 * left[k] * left[m]:
        cost = left[m] * values[k] ** 2 - 2 * cross * values[k] * values[m] + left[k] * values[m] ** 2
        score = min(score, cost / apart / (saves.alone[k] + saves.beside[m]))
    return score


def _most_removals(free: int, count: int, many: int) -> int:
    """The most weights that a unit with `free` of `many` may lose of `count`; all units together at least `count`."""
    return min(free, count, 8 + -(-_MOST * count * free // many))


def _layer_problems(
    point: Point,
    alive: Sequence[NDArray[np.bool_]],
    free: Sequence[NDArray[np.bool_]],
    blocks: Sequence[LayerBlocks],
    savings: Sequence[LayerSavings] | None,
) -> list[_LayerProblem]:
    saved = savings or (None,) * len(point)
    return [
        _LayerProblem(_by_unit(np.array(weight)), np.array(bias), _by_unit(open_), _by_unit(may), of, saves)
        for (weight, bias), open_, may, of, saves in zip(point, alive, free, blocks, saved, strict=True)
    ]


def _by_unit(array: NDArray[Any]) -> NDArray[Any]:
    return array.reshape(len(array), -1)


def _unit_problem(layer: _LayerProblem, number: int) -> _UnitProblem:
    places = np.flatnonzero(layer.alive[number])
    values = np.append(layer.weight[number, places], layer.bias[number]).astype(np.float64)
    inverse, ridge = invert_with_ridge(layer.blocks.block(number, places), layer.blocks.floor)
    saves = _unit_savings(layer.saves, number, places)
    return _UnitProblem(places, values, inverse, np.append(layer.free[number, places], False), ridge, saves)


def _unit_savings(saves: LayerSavings | None, number: int, places: NDArray[np.int64]) -> UnitSavings:
    """Those of one unit; removals that are not priced save 1 each."""
    if saves is None:
        return equal_savings(len(places) + 1)
    at = np.full(len(saves.mate), -1)
    at[places] = np.arange(len(places))
    mate = np.where(saves.mate[places] == places, -1, at[saves.mate[places]])
    alone, beside = (np.append(each[number, places], 1.0) for each in (saves.alone, saves.beside))
    return UnitSavings(alone, beside, np.append(mate, -1))


def equal_savings(many: int) -> UnitSavings:
    """Those of removals that all save the same."""
    return UnitSavings(np.ones(many), np.ones(many), np.full(many, -1))


def invert_with_ridge(H: F64, floor: float = 0.0) -> tuple[F64, float]:
    """Invert a positive semi-definite matrix with a ridge on its diagonal; also returns the ridge, in means of it.

    The ridge starts at `RIDGE` and grows tenfold until the Cholesky factorisation succeeds, so that a nearly singular
    matrix has an inverse after rounding too. Raises `InvariantError` if none does, as for a matrix with NaN.
    """
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (H,))
    mean, ridge, places = float(np.trace(H)) / len(H), RIDGE, np.diag_indices(len(H))
    while ridge <= _LARGEST_RIDGE:
        ridged = H.copy()
        ridged[places] += ridge * mean + floor
        factor, failed = factorise(ridged, lower=1)
        lower = np.tril(invert(factor, lower=1)[0])
        if not failed and np.isfinite(lower).all():  # LAPACK may not report NaN
            return lower + np.tril(lower, -1).T, ridge
        ridge *= 10
    raise InvariantError(f"H of {len(H)} weights has no inverse with a ridge of {_LARGEST_RIDGE:g}")


def _removals_of_each(removals: list[F64], count: int) -> list[int]:
    """How many weights each unit loses, so that together the cheapest `count` go; ties go to the earlier unit.

    A unit's removals keep their order: each counts as the most expensive so far.
    """
    level = np.concatenate([np.maximum.accumulate(costs) if len(costs) else costs for costs in removals])
    unit = np.repeat(np.arange(len(removals)), [len(costs) for costs in removals])
    chosen = np.argsort(level, kind="stable")[:count]
    return np.bincount(unit[chosen], minlength=len(removals)).tolist()
