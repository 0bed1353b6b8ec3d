"""Optimal Brain Surgeon within each unit: a removal is judged after the unit's other survivors have made up for it.

All that G says within one unit is H = E[s x x^T] over its inputs and a one for its bias. With H^-1 over the survivors,
removing t_i costs t_i^2 / [H^-1]_ii and moves them by -t_i / [H^-1]_ii H^-1 e_i. After each removal H^-1 is brought
to the smaller set exactly, so that many may go at once. Units are judged side by side, each on one core: one unit's H
is held for each. Many small products and factorisations gain nothing from threads of their own, and lose much where two
libraries' threads wait for each other.
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
from numba import njit
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs
from threadpoolctl import threadpool_limits

from armlet.errors import InputError, InvariantError
from armlet.manifold.curvature import moments_from, sensitivities
from armlet.manifold.functional import Masks, Point
from armlet.manifold.metric import Reference, Shape
from armlet.manifold.select.cost import RIDGE, compensated
from armlet.manifold.select.remove import strongest_path

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
T = TypeVar("T")
_MOST = 4  # times its fair share: what one unit may lose at once
_LARGEST_RIDGE = 1e2  # in means of H's diagonal: every matrix that rounding made of a semi-definite one has held before


class _Layer(NamedTuple):
    """Weights and masks of a layer, written in as its units lose some, and what its units are judged on."""

    weight: F32  # (out, in)
    bias: F32  # (out,)
    alive: NDArray[np.bool_]  # (out, in)
    free: NDArray[np.bool_]  # (out, in), what may go
    inputs: F32  # (samples, in + 1), a one last
    share: F32  # (samples, out), s
    floor: float  # added to the diagonal of H, so that one that is nothing has an inverse


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """A unit's survivors, its bias behind them."""

    places: NDArray[np.int64]  # inputs of the survivors
    values: F64  # (survivors + 1,)
    inverse: F64  # of H with its ridge
    free: NDArray[np.bool_]  # what may go: not the bias, not the guarded path
    ridge: float  # that H has, in means of its diagonal


class _Told(NamedTuple):
    """What a unit's removals cost, one after another, and what each would do to it."""

    places: NDArray[np.int64]  # inputs of the survivors
    gone: NDArray[np.int64]  # which of them goes, by step
    costs: F64  # by step
    moved: F32  # (steps, survivors + 1): what the step takes from the unit's weights and bias
    ridge: float


def remove_second_order(
    point: Point, masks: Masks, reference: Reference, key: jax.Array, shape: Shape, count: int
) -> tuple[Point, Masks, float]:
    """The point without `count` survivors, each removal made up for by its unit's other weights and its bias.

    The last is the largest ridge that a unit's H needed, in means of its diagonal.
    Raises `InvariantError` where fewer than `count` can go.
    """
    alive = [np.asarray(mask) > 0 for mask in masks]
    known = sensitivities(point, reference, key, shape)
    costs = compensated(point, [moments_from(x, s) for x, s in known])
    free = [open_.copy() for open_ in alive]
    for layer, path in enumerate(strongest_path(costs, alive)):
        free[layer][path] = False
    many = sum(int(np.count_nonzero(f)) for f in free)
    if count > many:
        raise InvariantError(f"{count} removals asked of {many} free weights")
    layers = _layers(point, alive, free, known)
    losing = [(layer, unit) for layer in layers for unit in range(len(layer.weight)) if layer.free[unit].any()]

    def judged(asked: tuple[_Layer, int]) -> _Told:
        unit = _unit(*asked)
        most = _most(int(unit.free.sum()), count, many)
        gone, costs, moved = surgery(unit.values, unit.inverse, unit.free, most)
        return _Told(unit.places, gone, costs, moved, unit.ridge)

    told = _side_by_side(judged, losing)
    for asked, unit, some in zip(losing, told, _shares([unit.costs for unit in told], count), strict=True):
        _take(*asked, unit, some)
    left = tuple(jnp.asarray(a, jnp.float32) for a in alive)
    point = tuple((jnp.asarray(layer.weight), jnp.asarray(layer.bias)) for layer in layers)
    return point, left, max(unit.ridge for unit in told)


def _take(layer: _Layer, number: int, told: _Told, some: int) -> None:
    """Write the unit without its first `some` removals into the layer."""
    moved, gone = told.moved[:some].sum(axis=0, dtype=np.float64), told.places[told.gone[:some]]
    layer.weight[number, told.places] -= moved[:-1]
    layer.bias[number] -= moved[-1]
    layer.weight[number, gone] = 0
    layer.alive[number, gone] = False


def _side_by_side(work: Callable[[Any], T], asked: Sequence[Any]) -> list[T]:
    """The results in the order asked, so that cores do not decide them."""
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, asked))


@njit(cache=True, nogil=True)
def surgery(values: Any, inverse: Any, free: Any, count: int) -> Any:
    """Take the `count` cheapest out, one after another; `values` and `free` follow. Places, costs, and moves.

    Cholesky's factorisation of H^-1 that takes the cheapest as its next pivot: column `step` of the factor is row
    `step` of `taken`, and what is left of H^-1's diagonal is all that costs ask for.
    """
    gone, costs, moved = np.empty(count, np.int64), np.empty(count), np.empty((count, len(values)), np.float32)
    taken, left = np.empty((count, len(values))), np.diag(inverse).copy()
    for step in range(count):
        best, i = np.inf, -1
        for k in range(len(free)):
            if free[k] and values[k] ** 2 < best * left[k]:
                best, i = values[k] ** 2 / left[k], k
        if i < 0:
            return gone[:step], costs[:step], moved[:step]
        row, root = taken[step], np.sqrt(left[i])
        row[:] = inverse[i]
        for earlier in range(step):
            share = taken[earlier, i]
            for k in range(len(row)):
                row[k] -= share * taken[earlier, k]
        amount = values[i] / root
        for k in range(len(row)):
            row[k] /= root
            values[k] -= amount * row[k]
            moved[step, k] = amount * row[k]
            left[k] -= row[k] ** 2
        values[gone[:step]] = 0
        values[i], left[i], free[i] = 0.0, 0.0, False
        gone[step], costs[step] = i, best
    return gone, costs, moved


def _most(free: int, count: int, many: int) -> int:
    """What a unit with `free` weights may lose of `count`; together at least `count`."""
    return min(free, count, 8 + -(-_MOST * count * free // many))


def _layers(
    point: Point,
    alive: list[NDArray[np.bool_]],
    free: list[NDArray[np.bool_]],
    known: tuple[tuple[jax.Array, jax.Array], ...],
) -> list[_Layer]:
    layers: list[_Layer] = []
    for (weight, bias), open_, may, (x, s) in zip(point, alive, free, known):
        ones = np.concatenate([np.asarray(x), np.ones((len(x), 1), np.float32)], axis=1)
        share = np.asarray(s)
        if not (np.isfinite(ones).all() and np.isfinite(share).all()):
            problem = "has weights so large that slopes of its outputs leave float32 on the inputs drawn"
            raise InputError("network", problem, "check its weights and its input interval, or choose another --inputs")
        floor = 1e-9 * float(share.mean()) * len(share) * float(np.square(ones, dtype=np.float64).mean()) + 1e-30
        layers.append(_Layer(np.array(weight), np.array(bias), open_, may, ones, share, floor))
    return layers


def _unit(layer: _Layer, number: int) -> _Unit:
    places = np.flatnonzero(layer.alive[number])
    felt = np.flatnonzero(layer.share[:, number])  # an input that the unit is closed for weighs nothing
    root = layer.inputs[np.ix_(felt, np.append(places, layer.inputs.shape[1] - 1))].astype(np.float64)
    root *= np.sqrt(layer.share[felt, number].astype(np.float64))[:, None]  # float32 cannot hold H beside its ridge
    values = np.append(layer.weight[number, places], layer.bias[number]).astype(np.float64)
    inverse, ridge = inverted(root.T @ root, layer.floor)
    return _Unit(places, values, inverse, np.append(layer.free[number, places], False), ridge)


def inverted(H: F64, floor: float = 0.0) -> tuple[F64, float]:
    """The inverse of a positive semi-definite matrix with a ridge on its diagonal, and that ridge in means of it.

    The ridge is `RIDGE`, ten times as much as often as Cholesky's factorisation fails, so that what rounding leaves of
    a matrix that is nearly singular has an inverse too. Raises `InvariantError` where no ridge helps: for what is no
    number.
    """
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (H,))
    mean, ridge, places = float(np.trace(H)) / len(H), RIDGE, np.diag_indices(len(H))
    while ridge <= _LARGEST_RIDGE:
        ridged = H.copy()
        ridged[places] += ridge * mean + floor
        factor, failed = factorise(ridged, lower=1)
        lower = np.tril(invert(factor, lower=1)[0])
        if not failed and np.isfinite(lower).all():  # LAPACK may pass over what is no number
            return lower + np.tril(lower, -1).T, ridge
        ridge *= 10
    raise InvariantError(f"H of {len(H)} weights has no inverse with a ridge of {_LARGEST_RIDGE:g}")


def _shares(told: list[F64], count: int) -> list[int]:
    """How many each unit loses, so that together the cheapest `count` go; ties to the earlier unit.

    A unit's removals come in their order: each counts as the dearest so far.
    """
    level = np.concatenate([np.maximum.accumulate(costs) if len(costs) else costs for costs in told])
    unit = np.repeat(np.arange(len(told)), [len(costs) for costs in told])
    chosen = np.argsort(level, kind="stable")[:count]
    return np.bincount(unit[chosen], minlength=len(told)).tolist()
