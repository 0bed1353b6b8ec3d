"""Fit the quadratic that gives most changes of the squared residual exactly.

As long as no linear activation behind unit j leaves its piece, a change c of the unit's value at sample s changes the
squared residual by c (p + c q). p and q are cached for every unit and sample, with the interval of c on which they
hold. Mathematics: docs/mathematics.md, section 3.
"""

from typing import Any

import numpy as np

from armlet.kernels import njit
from armlet.pruning.select.activation import FAR, PIECEWISE, piece

_TILE = 64  # samples at a time, so that all that is known of them stays in the processor's cache
_LARGEST = 1 << 22  # floats of a tile's responses


@njit(cache=True)
def fit_quadratics(shape: Any, cache: Any) -> None:
    """Fill p, q, low and high of every unit at every sample, a tile of samples at a time."""
    last, units = len(shape.kind) - 1, len(cache.sums)
    widest, outputs = shape.widths[1:].max(), shape.widths[-1]
    length = max(1, min(_TILE, _LARGEST // widest**2))
    pieces = np.empty((3, units, length), np.float32)
    down, up, slope = pieces[0], pieces[1], pieces[2]
    room = np.empty((2, widest, widest, length), np.float32)
    for start in range(0, cache.sums.shape[1], length):
        tile = slice(start, min(start + length, cache.sums.shape[1]))
        for layer in range(last + 1):
            for unit in range(shape.unit_at[layer], shape.unit_at[layer + 1]):
                for s in range(tile.start, tile.stop):
                    found = piece(shape.kind[layer], shape.leak[layer], shape.cap[layer], cache.sums[unit, s])
                    down[unit, s - start], up[unit, s - start], slope[unit, s - start] = found
        there, here = room[0], room[1]
        _root_matrix(cache.weigh, cache.centre, tile, there[:outputs, :outputs])
        for layer in range(last, -1, -1):
            _quadratic(shape, cache, layer, tile, there[:outputs])
            if layer > 0:
                _earlier(shape, cache, layer, slope, there[:outputs], here[:outputs])
                there, here = here, there
        cache.low[:, tile] = -FAR
        cache.high[:, tile] = FAR
        for layer in range(1, last + 1):
            if shape.kind[layer] != PIECEWISE or shape.leak[layer] != 1:
                _bound(shape, cache, layer, tile, down, up, slope, room)


@njit(cache=True)
def _root_matrix(weigh: Any, centre: Any, tile: Any, root: Any) -> None:
    """R at each sample of the tile, (outputs, outputs, samples)."""
    for o in range(len(root)):
        for c in range(len(root)):
            root[o, c] = np.float32(o == c)
            if len(weigh) > 0:
                for s in range(tile.start, tile.stop):
                    root[o, c, s - tile.start] = weigh[o, s] * (np.float32(o == c) - centre[c, s])


@njit(cache=True, fastmath=True)
def _quadratic(shape: Any, cache: Any, layer: int, tile: Any, response: Any) -> None:
    """p and q of a layer's units, from the responses R df/da (outputs, units, samples)."""
    for j in range(shape.widths[layer + 1]):
        p, q = cache.p[shape.unit_at[layer] + j, tile], cache.q[shape.unit_at[layer] + j, tile]
        p[:] = 0
        q[:] = 0
        for o in range(len(response)):
            residual, way = cache.residual[o, tile], response[o, j]
            for s in range(len(p)):
                p[s] += np.float32(2) * residual[s] * way[s]
                q[s] += way[s] * way[s]


@njit(cache=True, fastmath=True)
def _earlier(shape: Any, cache: Any, layer: int, slope: Any, later: Any, earlier: Any) -> None:
    """Turn responses (any, units, samples) to a layer's values into those to its inputs: later diag(slope) W."""
    before, after, at = shape.widths[layer], shape.widths[layer + 1], shape.weight_at[layer]
    for o in range(len(later)):
        earlier[o, :before] = 0
        for k in range(after):
            open_, late = slope[shape.unit_at[layer] + k], later[o, k]
            for j in range(before):
                weight, early = cache.weights[at + k * before + j], earlier[o, j]
                if weight != 0:
                    for s in range(len(open_)):
                        early[s] += weight * (open_[s] * late[s])


@njit(cache=True)
def _bound(shape: Any, cache: Any, layer: int, tile: Any, down: Any, up: Any, slope: Any, room: Any) -> None:
    """Narrow the intervals of all earlier units so that no unit of `layer` leaves its piece."""
    before, after, at = shape.widths[layer], shape.widths[layer + 1], shape.weight_at[layer]
    there, here = room[0, :after], room[1, :after]
    for k in range(after):
        for j in range(before):
            there[k, j] = cache.weights[at + k * before + j]
    for earlier in range(layer - 1, -1, -1):
        for k in range(after):
            unit = shape.unit_at[layer] + k
            for j in range(shape.widths[earlier + 1]):
                source = shape.unit_at[earlier] + j
                _narrow(there[k, j], down[unit], up[unit], cache.low[source, tile], cache.high[source, tile])
        if earlier > 0:
            _earlier(shape, cache, earlier, slope, there, here)
            there, here = here, there


@njit(cache=True, error_model="numpy")
def _narrow(way: Any, down: Any, up: Any, low: Any, high: Any) -> None:
    """Narrow a unit's interval so that another unit, whose sum has the slope `way` in it, stays on its piece."""
    for s in range(len(low)):
        one = down[s] if way[s] > 0 else up[s]
        other = up[s] if way[s] > 0 else down[s]
        low[s] = max(low[s], one / way[s] if way[s] != 0 else -FAR)
        high[s] = min(high[s], other / way[s] if way[s] != 0 else FAR)
