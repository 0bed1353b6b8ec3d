"""Lay a network out in flat arrays and cache its activations on samples, for the exact search.

The types are the same for every network, so that kernels are compiled once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.pruning.select.activation import TABLE, apply

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]


class FlatShape(NamedTuple):
    """Widths and activations of a network, and where each layer's weights and units start among all."""

    widths: I64  # (layers + 1,), inputs first
    weight_at: I64  # (layers + 1,), where each layer's weights start among all
    unit_at: I64  # (layers + 1,), where each layer's units start among all
    kind: I64  # (layers,), of activation
    leak: F32  # (layers,)
    cap: F32  # (layers,)


class ActivationCache(NamedTuple):
    """A point evaluated on samples; float32. Memory is linear in weights and in samples x (inputs + units)."""

    weights: F32  # flat, each layer (out, in)
    values: F32  # (inputs + units, samples), what weights read
    sums: F32  # (units, samples), z
    residual: F32  # (outputs, samples), r without its scale: R (f - f_dense)
    weigh: F32  # (outputs, samples), of R delta = weigh (delta - centre . delta); (0, samples) if R is the identity
    centre: F32  # of the same shape
    p: F32  # (units, samples), 2 r . R df/da
    q: F32  # (units, samples), ||R df/da||^2
    low: F32  # (units, samples), <= 0: changes of a from here
    high: F32  # (units, samples), >= 0: to here follow p and q


def flat_shape(shapes: list[tuple[int, ...]], activations: list[tuple[str, float]]) -> FlatShape:
    """The flat shape of layers of these (out, in) shapes, with activations by name in network.toml and slope."""
    kinds = [_kind(name, slope) for name, slope in activations]
    widths = [shapes[0][1], *(out for out, _ in shapes)]
    return FlatShape(
        np.array(widths, np.int64),
        np.cumsum([0, *(out * into for out, into in shapes)], dtype=np.int64),
        np.cumsum([0, *widths[1:]], dtype=np.int64),
        np.array([kind for kind, _, _ in kinds], np.int64),
        np.array([leak for _, leak, _ in kinds], np.float32),
        np.array([cap for _, _, cap in kinds], np.float32),
    )


def _kind(name: str, slope: float) -> tuple[int, float, float]:
    kind, leak, cap = TABLE[name]
    return kind, slope if name == "leaky_relu" else leak, cap


def empty_cache(shape: FlatShape, weights: list[F32], x: F32, weigh: F32, centre: F32) -> ActivationCache:
    """Allocate the cache for samples x (samples, inputs) under a root of L; `evaluate` fills it."""
    samples, units = len(x), int(shape.unit_at[-1])
    values = np.empty((int(shape.widths[0]) + units, samples), np.float32)
    values[: shape.widths[0]] = x.T
    flat = np.concatenate([weight.ravel() for weight in weights])
    room = [np.empty((units, samples), np.float32) for _ in range(5)]
    residual = np.empty((int(shape.widths[-1]), samples), np.float32)
    return ActivationCache(flat, values, room[0], residual, weigh, centre, *room[1:])


def evaluate(
    shape: FlatShape, cache: ActivationCache, biases: list[F32], dense: F32, first: int, unit: int | None = None
) -> None:
    """Update values, sums and residual from layer `first` on; if `unit` is given, only it has changed there."""
    for layer in range(first, len(biases)):
        into, out = int(shape.widths[layer]), int(shape.widths[layer + 1])
        some = slice(0, out) if unit is None or layer > first else slice(unit, unit + 1)
        weight = cache.weights[shape.weight_at[layer] : shape.weight_at[layer + 1]].reshape(out, into)[some]
        z = weight @ _read(shape, cache, layer) + biases[layer][some, None]
        at = slice(int(shape.unit_at[layer]) + some.start, int(shape.unit_at[layer]) + some.stop)
        cache.sums[at] = z
        apply(shape.kind[layer], shape.leak[layer], shape.cap[layer], z, cache.values[shape.widths[0] :][at])
    cache.residual[:] = cache.values[len(cache.values) - dense.shape[1] :] - dense.T
    if len(cache.weigh):
        cache.residual[:] = cache.weigh * (cache.residual - (cache.centre * cache.residual).sum(axis=0))


def estimate_costs(shape: FlatShape, cache: ActivationCache) -> NDArray[np.float64]:
    """The cost of each removal by its quadratic alone, by place: an order in which to try candidates."""
    costs: list[NDArray[np.float64]] = []
    for layer in range(len(shape.kind)):
        units = slice(int(shape.unit_at[layer]), int(shape.unit_at[layer + 1]))
        flat = cache.weights[shape.weight_at[layer] : shape.weight_at[layer + 1]]
        weight = flat.reshape(-1, int(shape.widths[layer]))
        read = _read(shape, cache, layer).T
        slope = np.where(cache.sums[units] > 0, np.float32(1), shape.leak[layer])
        first, second = (slope * cache.p[units]) @ read, (slope**2 * cache.q[units]) @ read**2
        costs.append((weight**2 * second - weight * first).ravel().astype(np.float64))
    return np.concatenate(costs)


def _read(shape: FlatShape, cache: ActivationCache, layer: int) -> F32:
    """The values that a layer reads, (inputs of the layer, samples)."""
    start = 0 if layer == 0 else int(shape.widths[0] + shape.unit_at[layer - 1])
    return cache.values[start : start + int(shape.widths[layer])]
