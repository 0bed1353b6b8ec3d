"""Find the cheapest of all single removals by the true distance.

A candidate's change of d^2 is a sum over samples, each of which can give back at most its own residual. Once the sum so
far, less all that the remaining samples could give back, exceeds the best candidate, the candidate is abandoned. The
answer is the same. Mathematics: docs/mathematics.md, section 3.
"""

from typing import Any

import numpy as np

from armlet.kernels import njit
from armlet.pruning.select.activation import PIECEWISE, activated

BLOCK = 512  # samples between two checks of the bound


@njit(cache=True)
def cheapest(
    shape: Any, cache: Any, order: Any, layers: Any, remaining: Any, costs: Any, saved: Any
) -> tuple[int, int]:
    """The place of the least cost for what it saves, ties to the lowest place, and the number of samples read.

    `order` holds the candidates' places, the likeliest first, and `layers` the layer of each. `remaining` (blocks + 1,)
    holds the squared residuals of each block and all later ones. `costs`, by place, gets the change of the summed
    squared residual of every candidate that was not abandoned; `saved`, by place, says what a removal saves.
    """
    samples, best, found, samples_read = cache.values.shape[1], np.inf, -1, 0
    room = np.empty((2, shape.widths[1:].max(), BLOCK), np.float32)
    weights, sums, residual, weigh, centre = cache.weights, cache.sums, cache.residual, cache.weigh, cache.centre
    moved, outside = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.uint64)
    for c in range(len(order)):
        place, layer = order[c], layers[c]
        j, i = divmod(place - shape.weight_at[layer], shape.widths[layer])
        unit, weight = shape.unit_at[layer] + j, weights[place]
        source = cache.values[i if layer == 0 else shape.widths[0] + shape.unit_at[layer - 1] + i]
        z, p, q, low, high = sums[unit], cache.p[unit], cache.q[unit], cache.low[unit], cache.high[unit]
        kind, leak, cap, cost = shape.kind[layer], shape.leak[layer], shape.cap[layer], 0.0
        for block in range(len(remaining) - 1):
            start = block * BLOCK
            stop = min(start + BLOCK, samples)
            samples_read += stop - start
            _move(kind, leak, cap, weight, source[start:stop], z[start:stop], moved)
            inside, missed = _predicted(moved, p[start:stop], q[start:stop], low[start:stop], high[start:stop])
            cost += inside
            if missed > 0:
                _gather(moved, low[start:stop], high[start:stop], start, outside)
                some = outside[: int(missed)]
                cost += _propagated(shape, weights, sums, residual, weigh, centre, layer, j, moved, some, room)
            if per_saving(cost - remaining[block + 1], saved[place]) > best:
                break
        else:
            costs[place] = cost
            score = per_saving(cost, saved[place])
            if score < best or (score == best and place < found):
                best, found = score, place
    return found, samples_read


@njit(cache=True)
def per_saving(cost: Any, saved: Any) -> Any:
    """Distance per saving. A removal that lowers the distance is the better, the more it saves."""
    return cost / saved if cost > 0 else cost * saved


@njit(cache=True, fastmath=True)
def _move(kind: Any, leak: Any, cap: Any, weight: Any, source: Any, z: Any, moved: Any) -> None:
    """The change of a unit with sums z if the weight on its input `source` is removed."""
    if kind == PIECEWISE:
        for s in range(len(z)):
            there = z[s] - weight * source[s]
            moved[s] = min(max(there, leak * there), cap) - min(max(z[s], leak * z[s]), cap)
    else:
        for s in range(len(z)):
            there = z[s] - weight * source[s]
            moved[s] = activated(kind, leak, cap, there) - activated(kind, leak, cap, z[s])


@njit(cache=True, fastmath=True)
def _predicted(moved: Any, p: Any, q: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """Sum the quadratic over samples whose change is inside its interval, and count the others."""
    total, missed = np.float32(0), np.float32(0)
    for s in range(len(p)):
        inside = np.float32(1) if (moved[s] >= low[s]) & (moved[s] <= high[s]) else np.float32(0)
        total += inside * (moved[s] * (p[s] + moved[s] * q[s]))
        missed += np.float32(1) - inside
    return total, missed


@njit(cache=True)
def _gather(moved: Any, low: Any, high: Any, start: int, outside: Any) -> None:
    """Collect the samples whose change is outside its interval, and move their changes to the front."""
    count = 0
    for s in range(len(low)):
        if not (moved[s] >= low[s]) & (moved[s] <= high[s]):
            outside[count] = start + s
            moved[count] = moved[s]
            count += 1


@njit(cache=True, fastmath=True)
def _propagated(
    shape: Any,
    weights: Any,
    sums: Any,
    residual: Any,
    weigh: Any,
    centre: Any,
    layer: int,
    j: int,
    moved: Any,
    outside: Any,
    room: Any,
) -> float:
    """The change of the squared residual at the samples `outside` if the value of unit j changes by `moved`."""
    change, after, count = room[0], room[1], len(outside)
    for later in range(layer + 1, len(shape.kind)):
        before, at, unit = shape.widths[later], shape.weight_at[later], shape.unit_at[later]
        for m in range(shape.widths[later + 1]):
            if later == layer + 1:
                _scale(weights[at + m * before + j], moved, count, after[m])
            else:
                _accumulate(weights[at + m * before : at + (m + 1) * before], change, count, after[m])
            _activate_change(shape.kind[later], shape.leak[later], shape.cap[later], sums[unit + m], outside, after[m])
        change, after = after, change
    if len(weigh) > 0:
        _root(weigh, centre, outside, change)
    return _squared(residual, outside, change)


@njit(cache=True, fastmath=True)
def _scale(weight: Any, moved: Any, count: int, after: Any) -> None:
    for t in range(count):
        after[t] = weight * moved[t]


@njit(cache=True, fastmath=True)
def _accumulate(row: Any, change: Any, count: int, after: Any) -> None:
    """Multiply a row of W by the changes of its inputs."""
    after[:count] = 0
    for k in range(len(row)):
        weight = row[k]
        if weight != 0:
            for t in range(count):
                after[t] += weight * change[k, t]


@njit(cache=True, fastmath=True)
def _activate_change(kind: Any, leak: Any, cap: Any, z: Any, outside: Any, change: Any) -> None:
    """Turn the change of a unit's sums into that of its values, in place."""
    if kind != PIECEWISE:
        for t in range(len(outside)):
            here = z[outside[t]]
            change[t] = activated(kind, leak, cap, here + change[t]) - activated(kind, leak, cap, here)
    elif leak != 1:
        for t in range(len(outside)):
            here = z[outside[t]]
            there = here + change[t]
            change[t] = min(max(there, leak * there), cap) - min(max(here, leak * here), cap)


@njit(cache=True, fastmath=True)
def _root(weigh: Any, centre: Any, outside: Any, change: Any) -> None:
    """Multiply the change by R at each sample, in place."""
    for t in range(len(outside)):
        mean = np.float32(0)
        for o in range(len(weigh)):
            mean += centre[o, outside[t]] * change[o, t]
        for o in range(len(weigh)):
            change[o, t] = weigh[o, outside[t]] * (change[o, t] - mean)


@njit(cache=True, fastmath=True)
def _squared(residual: Any, outside: Any, change: Any) -> float:
    """||r + change||^2 - ||r||^2, summed over samples."""
    total = 0.0
    for o in range(len(residual)):
        row, added = residual[o], np.float32(0)
        for t in range(len(outside)):
            added += (np.float32(2) * row[outside[t]] + change[o, t]) * change[o, t]
        total += float(added)
    return total
