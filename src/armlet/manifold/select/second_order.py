"""Optimal Brain Surgeon within each unit: a removal is judged after the unit's other survivors have made up for it.

All that G says within one unit is H = E[s x x^T] over its inputs and a one for its bias. With H^-1 over the survivors,
removing t_i costs t_i^2 / [H^-1]_ii and moves them by -t_i / [H^-1]_ii H^-1 e_i. After each removal H^-1 is brought
to the smaller set exactly, so that many may go at once. One unit's H is held at a time.
Mathematics: docs/mathematics.md, section 3. Hassibi, Stork, NIPS 5, 1993; Frantar, Alistarh, NeurIPS 2022.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs

from armlet.errors import InvariantError
from armlet.manifold.curvature import sensitivities
from armlet.manifold.functional import Masks, Point
from armlet.manifold.metric import Reference, Shape
from armlet.manifold.select.cost import RIDGE, Selector, judge
from armlet.manifold.select.remove import strongest_path

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
_MOST = 4  # times its fair share: what one unit may lose at once


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """A unit's survivors, its bias behind them."""

    layer: int
    number: int
    places: NDArray[np.int64]  # inputs of the survivors
    values: F64  # (survivors + 1,)
    inverse: F64  # of H with its ridge
    free: NDArray[np.bool_]  # what may go: not the bias, not the guarded path


def remove_second_order(
    point: Point, masks: Masks, reference: Reference, key: jax.Array, shape: Shape, count: int
) -> tuple[Point, Masks]:
    """The point without `count` survivors, each removal made up for by its unit's other weights and its bias.

    Raises `InvariantError` where fewer than `count` can go.
    """
    alive = [np.asarray(mask) > 0 for mask in masks]
    costs, _ = judge(Selector.COMPENSATED, point, reference, key, shape)
    free = [open_.copy() for open_ in alive]
    for layer, path in enumerate(strongest_path(costs, alive)):
        free[layer][path] = False
    many = sum(int(np.count_nonzero(f)) for f in free)
    if count > many:
        raise InvariantError(f"{count} removals asked of {many} free weights")
    known = sensitivities(point, reference, key, shape)
    layers = [(np.array(weight), np.array(bias)) for weight, bias in point]
    most = [[_most(int(np.count_nonzero(row)), count, many) for row in f] for f in free]
    told = [
        surgery(u.values, u.inverse, u.free, most[u.layer][u.number])[1] for u in _units(layers, alive, free, known)
    ]
    share = iter(_shares(told, count))
    for unit in _units(layers, alive, free, known):
        gone, _ = surgery(unit.values, unit.inverse, unit.free, next(share))
        weight, bias = layers[unit.layer]
        weight[unit.number, unit.places], bias[unit.number] = unit.values[:-1], unit.values[-1]
        weight[unit.number, unit.places[gone]] = 0
        alive[unit.layer][unit.number, unit.places[gone]] = False
    left = tuple(jnp.asarray(a, jnp.float32) for a in alive)
    return tuple((jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in layers), left


@njit(cache=True)
def surgery(values: Any, inverse: Any, free: Any, count: int) -> Any:
    """Take the `count` cheapest out, one after another; `values` and `free` follow. Places, and costs.

    Cholesky's factorisation of H^-1 that takes the cheapest as its next pivot: column `step` of the factor is row
    `step` of `taken`, and what is left of H^-1's diagonal is all that costs ask for.
    """
    gone, costs = np.empty(count, np.int64), np.empty(count, np.float64)
    taken, left = np.empty((count, len(values))), np.diag(inverse).copy()
    for step in range(count):
        best, i = np.inf, -1
        for k in range(len(free)):
            if free[k] and values[k] ** 2 < best * left[k]:
                best, i = values[k] ** 2 / left[k], k
        if i < 0:
            return gone[:step], costs[:step]
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
            left[k] -= row[k] ** 2
        values[gone[:step]] = 0
        values[i], left[i], free[i] = 0.0, 0.0, False
        gone[step], costs[step] = i, best
    return gone, costs


def _most(free: int, count: int, many: int) -> int:
    """What a unit with `free` weights may lose of `count`; together at least `count`."""
    return min(free, count, 8 + -(-_MOST * count * free // many))


def _units(
    layers: list[tuple[F32, F32]],
    alive: list[NDArray[np.bool_]],
    free: list[NDArray[np.bool_]],
    known: tuple[tuple[jax.Array, jax.Array], ...],
) -> Iterator[_Unit]:
    """Every unit that has something to lose, one at a time."""
    for layer, ((weight, bias), (x, s)) in enumerate(zip(layers, known)):
        ones = np.concatenate([np.asarray(x), np.ones((len(x), 1), np.float32)], axis=1)
        share = np.asarray(s)
        floor = 1e-9 * float(share.mean()) * len(share) * float((ones**2).mean()) + 1e-30
        for number in range(len(weight)):
            if free[layer][number].any():
                places = np.flatnonzero(alive[layer][number])
                felt = np.flatnonzero(share[:, number])  # an input that the unit is closed for weighs nothing
                root = np.sqrt(share[felt, number])[:, None] * ones[np.ix_(felt, np.append(places, ones.shape[1] - 1))]
                H = (root.T @ root).astype(np.float64)
                H[np.diag_indices(len(H))] += RIDGE * np.trace(H) / len(H) + floor
                values = np.append(weight[number, places], bias[number]).astype(np.float64)
                may = np.append(free[layer][number, places], False)
                yield _Unit(layer, number, places, values, inverted(H), may)


def inverted(H: F64) -> F64:
    """The inverse of a symmetric positive definite matrix, by Cholesky's factorisation: half the work of any matrix's.

    Raises `InvariantError` for any other matrix: the ridge keeps H from being one.
    """
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (H,))
    factor, failed = factorise(H, lower=1)
    if failed:
        raise InvariantError(f"H of {len(H)} weights is not positive definite")
    lower = np.tril(invert(factor, lower=1)[0])
    return lower + np.tril(lower, -1).T


def _shares(told: list[F64], count: int) -> list[int]:
    """How many each unit loses, so that together the cheapest `count` go; ties to the earlier unit.

    A unit's removals come in their order: each counts as the dearest so far.
    """
    level = np.concatenate([np.maximum.accumulate(costs) if len(costs) else costs for costs in told])
    unit = np.repeat(np.arange(len(told)), [len(costs) for costs in told])
    chosen = np.argsort(level, kind="stable")[:count]
    return np.bincount(unit[chosen], minlength=len(told)).tolist()
