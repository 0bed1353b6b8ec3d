"""A problem: items in a row, where each pair of neighbours has a cost. Layouts and sweeps are both of this kind."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealed, Annealing, anneal, draw, register_problem
from armlet.kernels import njit

LARGEST = 6_000  # items; beyond it the table of costs would not fit a small machine, and the start stands
CHOICES = 24  # neighbours that an item may be brought beside


class Path(NamedTuple):
    """`row[p]` is the item at position p; `cost[u, v]` what it costs that u and v are neighbours (symmetric)."""

    cost: NDArray[Any]  # (items, items)
    row: NDArray[Any]  # (items,)
    at: NDArray[Any]  # (items,) the position of each item
    best: NDArray[Any]  # (items,)
    near: NDArray[Any]  # (items, choices) the items that each would best have beside it
    move: NDArray[Any]  # kind, first position, last position


def anneal_path(cost: NDArray[Any], start: NDArray[Any], how: Annealing) -> tuple[NDArray[np.int64], Annealed]:
    """The row of least total cost found from `start`, never worse than it."""
    row = np.array(start, np.int64)
    if not 3 <= len(row) <= LARGEST or how.moves == 0:
        return row, Annealed(0.0, 0, (0.0,))
    table = np.ascontiguousarray(cost, np.float32)
    at = np.argsort(row).astype(np.int32)
    narrow = row.astype(np.int32)
    problem = Path(table, narrow, at, narrow.copy(), _nearest(table), np.zeros(3, np.int64))
    annealed = anneal(problem, len(row), how)
    return problem.row.astype(np.int64), annealed


def _nearest(cost: NDArray[Any]) -> NDArray[np.int32]:
    """The items that each would best have beside it."""
    choices = min(CHOICES, len(cost) - 1)
    others = cost + np.diag(np.full(len(cost), np.inf, np.float32))
    return np.ascontiguousarray(np.argsort(others, axis=1, kind="stable")[:, :choices], np.int32)


def path_cost(cost: NDArray[Any], row: NDArray[Any]) -> float:
    """The total over neighbours, the definition that the moves' changes are held against."""
    return float(np.asarray(cost, np.float64)[row[:-1], row[1:]].sum())


@njit(cache=True)
def nearest_neighbours(cost, start):
    """A first row: from `start`, always on to the cheapest item not yet placed; ties go to the lowest number."""
    count = len(cost)
    row = np.empty(count, np.int64)
    left = np.ones(count, np.bool_)
    at = start
    for position in range(count):
        row[position] = at
        left[at] = False
        best, chosen = np.inf, -1
        for item in range(count):
            if left[item] and cost[at, item] < best:
                best, chosen = cost[at, item], item
        at = chosen
    return row


@njit(cache=True)
def _edge(problem, p, q):
    """The cost between positions p and q; nothing beyond the ends of the row."""
    if p < 0 or q >= len(problem.row):
        return 0.0
    return problem.cost[problem.row[p], problem.row[q]]


@njit(cache=True)
def _cost_of_reversal(problem, i, j):
    """Turn the items from i to j round: only the two ends change their neighbours."""
    change = 0.0
    if i > 0:
        change += problem.cost[problem.row[i - 1], problem.row[j]] - _edge(problem, i - 1, i)
    if j < len(problem.row) - 1:
        change += problem.cost[problem.row[i], problem.row[j + 1]] - _edge(problem, j, j + 1)
    return change


@njit(cache=True)
def _cost_of_shift(problem, i, j):
    """Take the item at i out and put it in at j; those between move up by one."""
    item, count = problem.row[i], len(problem.row)
    change = -_edge(problem, i - 1, i) - _edge(problem, i, i + 1)
    if 0 < i < count - 1:
        change += problem.cost[problem.row[i - 1], problem.row[i + 1]]
    before, after = (j, j + 1) if i < j else (j - 1, j)
    change -= _edge(problem, before, after)
    if before >= 0:
        change += problem.cost[problem.row[before], item]
    if after < count:
        change += problem.cost[item, problem.row[after]]
    return change


@njit(cache=True)
def _propose(problem, rng, reach):
    """Bring one of the nearest of some item beside it, by turning a stretch round or by moving that one alone."""
    bits = draw(rng)  # 32 for the item, 30 for its neighbour, two for the side and the kind of move
    i = np.int64(((bits >> np.uint64(32)) * np.uint64(len(problem.row))) >> np.uint64(32))
    item = problem.row[i]
    chosen = (((bits & np.uint64(0xFFFFFFFF)) >> np.uint64(2)) * np.uint64(problem.near.shape[1])) >> np.uint64(30)
    v = problem.near[item, np.int64(chosen)]
    q, side, kind = (
        np.int64(problem.at[v]),
        np.int64(bits & np.uint64(1)),
        np.int64((bits >> np.uint64(1)) & np.uint64(1)),
    )
    if kind == 0:
        low, high = (i + 1, q) if q > i else (q, i - 1)
        if side == 1:  # the same neighbours from the other side
            low, high = (i, q - 1) if q > i else (q + 1, i)
        problem.move[0], problem.move[1], problem.move[2] = 0, low, high
        return np.inf if low >= high else _cost_of_reversal(problem, low, high)
    to = i + side if q > i else i - 1 + side
    problem.move[0], problem.move[1], problem.move[2] = 1, q, to
    return np.inf if to == q else _cost_of_shift(problem, q, to)


@njit(cache=True)
def _commit(problem):
    kind, i, j = problem.move[0], problem.move[1], problem.move[2]
    row, at = problem.row, problem.at
    if kind == 0:
        low, high = i, j
        while low <= high:
            row[low], row[high] = row[high], row[low]
            at[row[low]], at[row[high]] = low, high
            low, high = low + 1, high - 1
    else:
        item, step = row[i], 1 if i < j else -1
        for p in range(i, j, step):
            row[p] = row[p + step]
            at[row[p]] = p
        row[j], at[item] = item, j


@njit(cache=True)
def _keep(problem):
    problem.best[:] = problem.row


@njit(cache=True)
def _restore(problem):
    problem.row[:] = problem.best
    for p in range(len(problem.row)):
        problem.at[problem.row[p]] = p


register_problem(Path, propose=_propose, commit=_commit, keep=_keep, restore=_restore)
