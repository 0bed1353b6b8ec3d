"""Schedules the loads of a layer's sources, and the connections that each load serves.

A load serves the neurons of one window of its source (see `neuron_order`). It can happen as soon as the last of them is
open, and it must happen before the first of them is finished: between these it may move freely. So when a load is due,
those of the sources beside it in memory that may come already come along, and one transfer brings them all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.anneal.path import anneal_path, nearest_neighbours
from armlet.kernels import njit
from armlet.schedule.layers import LayerConnections

_WIDEST = 3_000  # sources; beyond it, comparing each two takes longer than it gains


@dataclass(frozen=True, slots=True, eq=False)
class LoadSchedule:
    """Loads of the sources, source by source and each source's in time. Times are positions in the finishing order."""

    entries: NDArray[np.int64]  # (connections,) positions in the layer's support, load by load
    ends: NDArray[np.int64]  # (loads + 1,) load k serves entries[ends[k]:ends[k + 1]]
    begin: NDArray[np.int64]  # (sources + 1,) source s has the loads begin[s] to begin[s + 1] - 1
    ready: NDArray[np.int64]  # (loads,) all of its neurons are open from this time on
    due: NDArray[np.int64]  # (loads,) the first of its neurons is finished then


def load_schedule_of(layer: LayerConnections, width: int, row: NDArray[np.int64]) -> LoadSchedule:
    """The fewest loads that serve all neurons with `width` of them open, finished in the order of `row`."""
    where = np.argsort(row).astype(np.int64)
    position = np.repeat(where, np.diff(layer.ends))
    entries = np.lexsort((position, layer.support))
    return LoadSchedule(entries, *_cut(layer.support[entries], position[entries], len(layer.sources), width))


def timetable(
    layer: LayerConnections, row: NDArray[np.int64], loads: LoadSchedule, path: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All connections of the layer in time, and the time of each.

    At each time come the loads that are due, with their neighbours on the path of the sources that are ready.
    """
    order, times = _timetable(loads.begin, loads.ready, loads.due, layer.support, layer.ends, row, path)
    entries = _unrolled(order, loads.ends, loads.entries)
    connections = layer.connections[entries].astype(np.int64)
    return connections, np.repeat(times, np.diff(loads.ends)[order])


def source_path(loads: LoadSchedule, how: Annealing) -> NDArray[np.int64]:
    """The path of the sources: neighbours on it have many loads that can come together."""
    sources = len(loads.begin) - 1
    if not 3 <= sources <= _WIDEST:
        return np.arange(sources)
    cost = _apart(loads.begin, loads.ready, loads.due)
    return anneal_path(cost, nearest_neighbours(cost, 0), how.of("sources side by side"))[0]


@njit(cache=True)
def _unrolled(order, ends, entries):
    out, at = np.empty(len(entries), np.int64), 0
    for load in order:
        for k in range(ends[load], ends[load + 1]):
            out[at] = entries[k]
            at += 1
    return out


@njit(cache=True)
def _cut(source, position, sources, width):
    """Cut each source's neurons, in time, into windows."""
    ends = np.empty(len(source) + 1, np.int64)
    begin = np.empty(sources + 1, np.int64)
    ready, due = np.empty(len(source), np.int64), np.empty(len(source), np.int64)
    count, at = 0, 0
    for s in range(sources):
        begin[s] = count
        while at < len(source) and source[at] == s:
            first = position[at]
            ends[count], due[count] = at, first
            while at < len(source) and source[at] == s and position[at] < first + width:
                at += 1
            ready[count] = max(0, position[at - 1] - width + 1)
            count += 1
    begin[sources], ends[count] = count, len(source)
    return ends[: count + 1].copy(), begin, ready[:count].copy(), due[:count].copy()


@njit(cache=True)
def _apart(begin, ready, due):
    """For each two sources, minus the loads of theirs that can come together."""
    sources = len(begin) - 1
    cost = np.zeros((sources, sources), np.float32)
    for a in range(sources):
        for b in range(a):
            i, j, shared = begin[a], begin[b], 0
            while i < begin[a + 1] and j < begin[b + 1]:
                if due[i] < ready[j]:
                    i += 1
                elif due[j] < ready[i]:
                    j += 1
                else:
                    i, j, shared = i + 1, j + 1, shared + 1
            cost[a, b] = cost[b, a] = -shared
    return cost


@njit(cache=True)
def _timetable(begin, ready, due, support, ends, row, path):
    """All loads in time, and their times."""
    sources = len(begin) - 1
    at = np.empty(sources, np.int64)
    at[path] = np.arange(sources)
    following = begin[:-1].copy()  # the next load of each source
    taken = np.full(sources, -1, np.int64)
    order, times = np.empty(len(due), np.int64), np.empty(len(due), np.int64)
    places = np.empty(sources, np.int64)
    done = 0
    for time in range(len(row)):
        count = 0
        for k in range(ends[row[time]], ends[row[time] + 1]):
            source = support[k]
            if following[source] == begin[source + 1] or due[following[source]] != time or taken[source] == time:
                continue
            for step in (-1, 1):
                place = at[source] + (0 if step < 0 else 1)
                while 0 <= place < sources:
                    other = path[place]
                    if taken[other] == time or following[other] == begin[other + 1] or ready[following[other]] > time:
                        break
                    taken[other] = time
                    places[count] = place
                    count += 1
                    place += step
        for place in np.sort(places[:count]):
            source = path[place]
            order[done], times[done] = following[source], time
            following[source] += 1
            done += 1
    return order, times
