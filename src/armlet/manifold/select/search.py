"""The cheapest of all single removals by the true distance: candidate after candidate, sample after sample.

A candidate's change of d^2 is a sum over samples in which each can give back at most its own residual. Once what is
summed, less all that the samples to come could give back, exceeds the best candidate, the rest is not looked at: the
answer is the same. Mathematics: docs/mathematics.md, section 3.
"""

from typing import Any

import numpy as np

from armlet.kernels import njit
from armlet.manifold.select.activation import STRAIGHT, activated

BLOCK = 512  # samples between two looks at the bound


@njit(cache=True)
def cheapest(plan: Any, still: Any, order: Any, layers: Any, rest: Any, costs: Any) -> tuple[int, int]:
    """The place of the least cost, ties to the lowest place, and how many samples were looked at.

    `order` holds the candidates' places, likeliest first; `layers` the layer of each; `rest` (blocks + 1,) the squared
    residuals of this block and all later ones. `costs`, by place, gets the change of the summed squared residual of
    every candidate that was not abandoned.
    """
    samples, best, found, looked = still.values.shape[1], np.inf, -1, 0
    room = np.empty((2, plan.widths[1:].max(), BLOCK), np.float32)
    rows, columns, residual, weigh, centre = still.rows, still.columns, still.residual, still.weigh, still.centre
    moved, outside = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.uint64)
    for c in range(len(order)):
        place, layer = order[c], layers[c]
        j, i = divmod(place - plan.weight_at[layer], plan.widths[layer])
        unit, weight = plan.unit_at[layer] + j, rows[place]
        source = still.values[i if layer == 0 else plan.widths[0] + plan.unit_at[layer - 1] + i]
        z, p, q, low, high = columns[unit], still.p[unit], still.q[unit], still.low[unit], still.high[unit]
        kind, leak, cap, cost = plan.kind[layer], plan.leak[layer], plan.cap[layer], 0.0
        for block in range(len(rest) - 1):
            start = block * BLOCK
            stop = min(start + BLOCK, samples)
            looked += stop - start
            _move(kind, leak, cap, weight, source[start:stop], z[start:stop], moved)
            told, missed = _foretold(moved, p[start:stop], q[start:stop], low[start:stop], high[start:stop])
            cost += told
            if missed > 0:
                _gather(moved, low[start:stop], high[start:stop], start, outside)
                some = outside[: int(missed)]
                cost += _carried(plan, rows, columns, residual, weigh, centre, layer, j, moved, some, room)
            if cost - rest[block + 1] > best:
                break
        else:
            costs[place] = cost
            if cost < best or (cost == best and place < found):
                best, found = cost, place
    return found, looked


@njit(cache=True, fastmath=True)
def _move(kind: Any, leak: Any, cap: Any, weight: Any, source: Any, z: Any, moved: Any) -> None:
    """How the value of a unit with sums z changes when its input `source` falls away."""
    if kind == STRAIGHT:
        for s in range(len(z)):
            there = z[s] - weight * source[s]
            moved[s] = min(max(there, leak * there), cap) - min(max(z[s], leak * z[s]), cap)
    else:
        for s in range(len(z)):
            there = z[s] - weight * source[s]
            moved[s] = activated(kind, leak, cap, there) - activated(kind, leak, cap, z[s])


@njit(cache=True, fastmath=True)
def _foretold(moved: Any, p: Any, q: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """The sum over samples whose change is inside its interval, and how many are not."""
    total, missed = np.float32(0), np.float32(0)
    for s in range(len(p)):
        inside = np.float32(1) if (moved[s] >= low[s]) & (moved[s] <= high[s]) else np.float32(0)
        total += inside * (moved[s] * (p[s] + moved[s] * q[s]))
        missed += np.float32(1) - inside
    return total, missed


@njit(cache=True)
def _gather(moved: Any, low: Any, high: Any, start: int, outside: Any) -> None:
    """The samples whose change is outside its interval; their changes move to the front."""
    count = 0
    for s in range(len(low)):
        if not (moved[s] >= low[s]) & (moved[s] <= high[s]):
            outside[count] = start + s
            moved[count] = moved[s]
            count += 1


@njit(cache=True, fastmath=True)
def _carried(
    plan: Any,
    rows: Any,
    columns: Any,
    residual: Any,
    weigh: Any,
    centre: Any,
    layer: int,
    j: int,
    moved: Any,
    outside: Any,
    room: Any,
) -> float:
    """The change of the squared residual at the samples `outside`, where the value of unit j changes by `moved`."""
    change, after, count = room[0], room[1], len(outside)
    for later in range(layer + 1, len(plan.kind)):
        before, at, unit = plan.widths[later], plan.weight_at[later], plan.unit_at[later]
        for m in range(plan.widths[later + 1]):
            if later == layer + 1:
                _scale(rows[at + m * before + j], moved, count, after[m])
            else:
                _mix(rows[at + m * before : at + (m + 1) * before], change, count, after[m])
            _bend(plan.kind[later], plan.leak[later], plan.cap[later], columns[unit + m], outside, after[m])
        change, after = after, change
    if len(weigh) > 0:
        _root(weigh, centre, outside, change)
    return _squared(residual, outside, change)


@njit(cache=True, fastmath=True)
def _scale(weight: Any, moved: Any, count: int, after: Any) -> None:
    for t in range(count):
        after[t] = weight * moved[t]


@njit(cache=True, fastmath=True)
def _mix(row: Any, change: Any, count: int, after: Any) -> None:
    """A row of W times the changes of what it reads."""
    after[:count] = 0
    for k in range(len(row)):
        weight = row[k]
        if weight != 0:
            for t in range(count):
                after[t] += weight * change[k, t]


@njit(cache=True, fastmath=True)
def _bend(kind: Any, leak: Any, cap: Any, z: Any, outside: Any, change: Any) -> None:
    """The change of a unit's sums as that of its values, in place."""
    if kind != STRAIGHT:
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
    """R change at each sample, in place."""
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
