"""The block H of G within each unit, over its surviving weights and its bias.

Within a unit of a dense chain H is a sum of s_j x x^T over samples. A unit of windows is a channel, whose slopes are
taken sample by sample (geometry/slopes.py): H is the sum of their products.
Mathematics: docs/mathematics.md, section 3.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import jax
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs

from armlet.errors import InputError
from armlet.pruning.geometry.curvature import LayerCurvature, added, curvature_from, sensitivities, summed
from armlet.pruning.geometry.functional import Point
from armlet.pruning.geometry.metric import Reference, Shape
from armlet.pruning.geometry.slopes import LayerSlopes, parts_of, sample_slopes

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
B = NDArray[np.bool_]
_AT_ONCE = 1 << 25  # numbers of the slopes whose products are summed together: 128 MB


@dataclass(frozen=True, slots=True, eq=False)
class LayerBlocks:
    """H of each unit of a layer: `block(unit, places)` has the bias last."""

    block: Callable[[int, NDArray[np.int64]], F64]
    floor: float  # added to the diagonal of H, so that a zero H has an inverse


def blocks_of(
    point: Point, alive: Sequence[B], reference: Reference, key: jax.Array, shape: Shape
) -> tuple[Sequence[LayerCurvature], list[LayerBlocks]]:
    """The entries of G for every layer, and the blocks of its units. Raises `InputError` for slopes beyond float32."""
    if not shape.architecture.is_chain:
        return _blocks_of_windows(point, alive, reference, key, shape)
    known = sensitivities(point, reference, key, shape)
    return [curvature_from(x, s) for x, s in known], [_blocks_of_sums(np.asarray(x), np.asarray(s)) for x, s in known]


def _blocks_of_sums(x: F32, share: F32) -> LayerBlocks:
    """Those of a dense layer in a chain with inputs x and sensitivities `share`."""
    ones = np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1)
    _require_finite(ones, share)
    floor = 1e-9 * float(share.mean()) * len(share) * float(np.square(ones, dtype=np.float64).mean()) + 1e-30

    def block(unit: int, places: NDArray[np.int64]) -> F64:
        felt = np.flatnonzero(share[:, unit])  # inputs on which the unit is inactive have no weight
        root = ones[np.ix_(felt, np.append(places, ones.shape[1] - 1))].astype(np.float64)
        root *= np.sqrt(share[felt, unit].astype(np.float64))[:, None]  # float32 cannot hold H beside its ridge
        return root.T @ root

    return LayerBlocks(block, floor)


@partial(jax.jit, static_argnames="shape")
def _slopes(
    point: Point, part: Reference, key: jax.Array, shape: Shape
) -> tuple[tuple[LayerSlopes, ...], tuple[LayerCurvature, ...]]:
    slopes = sample_slopes(point, part, key, shape)
    return slopes, tuple(summed(*layer, weight.shape) for layer, (weight, _) in zip(slopes, point, strict=True))


def _blocks_of_windows(
    point: Point, alive: Sequence[B], reference: Reference, key: jax.Array, shape: Shape
) -> tuple[Sequence[LayerCurvature], list[LayerBlocks]]:
    places = [[np.flatnonzero(unit) for unit in open_.reshape(len(open_), -1)] for open_ in alive]
    sums = [[np.zeros((len(some) + 1, len(some) + 1), order="F") for some in layer] for layer in places]
    known: list[tuple[LayerCurvature, ...]] = []
    for found, slopes in _groups(point, reference, key, shape):
        known.append(found)
        for into, some, layer in zip(sums, places, slopes, strict=True):
            _add_products(into, some, *layer)
    total = added(known)
    floors = [1e-9 * float(found.weight.mean()) + 1e-30 for found in total]
    return total, [_ready(layer, floor) for layer, floor in zip(sums, floors)]


def _groups(
    point: Point, reference: Reference, key: jax.Array, shape: Shape
) -> Iterator[tuple[tuple[LayerCurvature, ...], list[tuple[F32, F32]]]]:
    """The sums of each part, and slopes of several parts: large products are cheaper than many small ones."""
    most = max(1, _AT_ONCE // sum(weight.size for weight, _ in point))
    held: list[tuple[LayerSlopes, ...]] = []
    sums: list[tuple[LayerCurvature, ...]] = []
    for part, fresh in parts_of(point, reference, key, shape):
        slopes, found = _slopes(point, part, fresh, shape)
        held.append(slopes)
        sums.append(found)
        if (len(held) + 1) * len(part.x) > most:
            yield added(sums), _joined(held)
            held, sums = [], []
    if held:
        yield added(sums), _joined(held)


def _joined(parts: list[tuple[LayerSlopes, ...]]) -> list[tuple[F32, F32]]:
    return [
        (np.concatenate([of.weight for of in layer]), np.concatenate([of.bias for of in layer]))
        for layer in zip(*parts, strict=True)
    ]


def _add_products(into: list[F64], places: list[NDArray[np.int64]], weight: F32, bias: F32) -> None:
    """Add the products of slopes (samples, out, weights of a unit) to the lower halves of a layer's blocks."""
    _require_finite(weight, bias)
    (add_square,) = get_blas_funcs(("syrk",), dtype=np.float64)
    for unit, some in enumerate(places):
        if len(some):
            root = np.empty((len(bias), len(some) + 1))  # float32 cannot hold H beside its ridge
            root[:, :-1], root[:, -1] = weight[:, unit, some], bias[:, unit]
            into[unit] = add_square(1.0, root.T, 1.0, into[unit], lower=1, overwrite_c=1)


def _ready(blocks: list[F64], floor: float) -> LayerBlocks:
    def block(unit: int, _: NDArray[np.int64]) -> F64:
        return blocks[unit] + np.tril(blocks[unit], -1).T

    return LayerBlocks(block, floor)


def _require_finite(*arrays: F32) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        problem = "has weights so large that slopes of its outputs leave float32 on the inputs drawn"
        raise InputError("network", problem, "check its weights and its input interval, or choose another --inputs")
