"""Samples at rest: a point evaluated on a draw, and the quadratic that foretells most changes exactly.

As long as no straight activation behind unit j leaves its piece, a change c of the unit's value at sample s changes
the squared residual by c (p + c q). p and q are cached for every unit and sample, with the interval of c on which they
hold. Mathematics: docs/mathematics.md, section 3.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.kernels import njit
from armlet.manifold.select.activation import FAR, STRAIGHT, piece

_TILE = 64  # samples at a time: all that is known of them stays near
_LARGEST = 1 << 22  # floats of a tile's responses

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]


class Plan(NamedTuple):
    """The shape of a network in flat arrays: the same types for every network, so that kernels are compiled once."""

    widths: I64  # (layers + 1,), inputs first
    weight_at: I64  # (layers + 1,), where each layer's weights start among all
    unit_at: I64  # (layers + 1,), where each layer's units start among all
    kind: I64  # (layers,), of activation
    leak: F32  # (layers,)
    cap: F32  # (layers,)


class Still(NamedTuple):
    """A point, evaluated on samples; float32. Memory is linear in weights and in samples x (inputs + units)."""

    rows: F32  # flat, each layer (out, in)
    values: F32  # (inputs + units, samples), what weights read
    columns: F32  # (units, samples), sums z
    residual: F32  # (outputs, samples), r without its scale: R (f - home)
    weigh: F32  # (outputs, samples), of R delta = weigh (delta - centre . delta); (0, samples) where R is the identity
    centre: F32  # of the same shape
    p: F32  # (units, samples), 2 r . R df/da
    q: F32  # (units, samples), ||R df/da||^2
    low: F32  # (units, samples), <= 0: changes of a from here
    high: F32  # (units, samples), >= 0: to here obey p and q


@njit(cache=True)
def foretell(plan: Any, still: Any) -> None:
    """Fill p, q, low and high of every unit at every sample, a tile of samples at a time."""
    last, units = len(plan.kind) - 1, len(still.columns)
    widest, outputs = plan.widths[1:].max(), plan.widths[-1]
    length = max(1, min(_TILE, _LARGEST // widest**2))
    pieces = np.empty((3, units, length), np.float32)
    down, up, slope = pieces[0], pieces[1], pieces[2]
    room = np.empty((2, widest, widest, length), np.float32)
    for start in range(0, still.columns.shape[1], length):
        tile = slice(start, min(start + length, still.columns.shape[1]))
        for layer in range(last + 1):
            for unit in range(plan.unit_at[layer], plan.unit_at[layer + 1]):
                for s in range(tile.start, tile.stop):
                    found = piece(plan.kind[layer], plan.leak[layer], plan.cap[layer], still.columns[unit, s])
                    down[unit, s - start], up[unit, s - start], slope[unit, s - start] = found
        there, here = room[0], room[1]
        _root_itself(still.weigh, still.centre, tile, there[:outputs, :outputs])
        for layer in range(last, -1, -1):
            _quadratic(plan, still, layer, tile, there[:outputs])
            if layer > 0:
                _earlier(plan, still, layer, slope, there[:outputs], here[:outputs])
                there, here = here, there
        still.low[:, tile] = -FAR
        still.high[:, tile] = FAR
        for layer in range(1, last + 1):
            if plan.kind[layer] != STRAIGHT or plan.leak[layer] != 1:
                _bound(plan, still, layer, tile, down, up, slope, room)


@njit(cache=True)
def _root_itself(weigh: Any, centre: Any, tile: Any, root: Any) -> None:
    """R at each sample of the tile, (outputs, outputs, samples)."""
    for o in range(len(root)):
        for c in range(len(root)):
            root[o, c] = np.float32(o == c)
            if len(weigh) > 0:
                for s in range(tile.start, tile.stop):
                    root[o, c, s - tile.start] = weigh[o, s] * (np.float32(o == c) - centre[c, s])


@njit(cache=True, fastmath=True)
def _quadratic(plan: Any, still: Any, layer: int, tile: Any, response: Any) -> None:
    """p and q of the units of a layer from R df/da (outputs, units, samples)."""
    for j in range(plan.widths[layer + 1]):
        p, q = still.p[plan.unit_at[layer] + j, tile], still.q[plan.unit_at[layer] + j, tile]
        p[:] = 0
        q[:] = 0
        for o in range(len(response)):
            residual, way = still.residual[o, tile], response[o, j]
            for s in range(len(p)):
                p[s] += np.float32(2) * residual[s] * way[s]
                q[s] += way[s] * way[s]


@njit(cache=True, fastmath=True)
def _earlier(plan: Any, still: Any, layer: int, slope: Any, later: Any, earlier: Any) -> None:
    """Responses (any, units, samples) to the values of a layer as those to its inputs: later diag(slope) W."""
    before, after, at = plan.widths[layer], plan.widths[layer + 1], plan.weight_at[layer]
    for o in range(len(later)):
        earlier[o, :before] = 0
        for k in range(after):
            open_, late = slope[plan.unit_at[layer] + k], later[o, k]
            for j in range(before):
                weight, early = still.rows[at + k * before + j], earlier[o, j]
                if weight != 0:
                    for s in range(len(open_)):
                        early[s] += weight * (open_[s] * late[s])


@njit(cache=True)
def _bound(plan: Any, still: Any, layer: int, tile: Any, down: Any, up: Any, slope: Any, room: Any) -> None:
    """Narrow the intervals of all earlier units to where no unit of `layer` leaves its piece."""
    before, after, at = plan.widths[layer], plan.widths[layer + 1], plan.weight_at[layer]
    there, here = room[0, :after], room[1, :after]
    for k in range(after):
        for j in range(before):
            there[k, j] = still.rows[at + k * before + j]
    for earlier in range(layer - 1, -1, -1):
        for k in range(after):
            unit = plan.unit_at[layer] + k
            for j in range(plan.widths[earlier + 1]):
                source = plan.unit_at[earlier] + j
                _narrow(there[k, j], down[unit], up[unit], still.low[source, tile], still.high[source, tile])
        if earlier > 0:
            _earlier(plan, still, earlier, slope, there, here)
            there, here = here, there


@njit(cache=True, error_model="numpy")
def _narrow(way: Any, down: Any, up: Any, low: Any, high: Any) -> None:
    """One unit's changes to those that leave another, whose sum follows with dz/da = `way`, on its piece."""
    for s in range(len(low)):
        one = down[s] if way[s] > 0 else up[s]
        other = up[s] if way[s] > 0 else down[s]
        low[s] = max(low[s], one / way[s] if way[s] != 0 else -FAR)
        high[s] = min(high[s], other / way[s] if way[s] != 0 else FAR)
