"""Scans an order once and writes its code: the loop of the allocator, compiled by Numba (see `allocate`)."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from armlet.kernels import njit
from armlet.schedule.code import OP, REGISTER, VALUE, WHAT, Op
from armlet.schedule.load_batch import gather, side_by_side, usable

NEVER = 1 << 40  # a time after all others

_LOAD, _STORE, _INIT, _ACCUMULATE = int(Op.LOAD), int(Op.STORE), int(Op.INIT), int(Op.ACCUMULATE)
_ACTIVATE, _BIAS, _KEEP = int(Op.ACTIVATE), int(Op.BIAS), int(Op.KEEP)


class AllocationProblem(NamedTuple):
    """An order with what is known of it beforehand. Times are positions in the order."""

    registers: int
    inputs: int
    connections: NDArray[Any]  # by time
    source: NDArray[Any]  # by time
    target: NDArray[Any]  # by time
    after_source: NDArray[Any]  # by time: when its source is next wanted
    after_target: NDArray[Any]  # by time: when its target is next wanted
    first: NDArray[Any]  # by node: when it is first wanted
    fan_in: NDArray[Any]  # by node
    heads: NDArray[Any]  # by node: the first output that it serves, or -1
    links: NDArray[Any]  # by output: the next output of the same node, or -1
    kept: NDArray[Any]  # by output: its node; empty where outputs are stored


class AllocatorState(NamedTuple):
    """What changes during the scan."""

    holder: NDArray[Any]  # by register: the node that it holds, or -1
    where: NDArray[Any]  # by node: its register, or -1
    wanted: NDArray[Any]  # by node: when it is next wanted
    stored: NDArray[Any]  # by node: whether its cell holds what it is now
    summed: NDArray[Any]  # by node: connections summed so far
    finished: NDArray[Any]  # by node
    read: NDArray[Any]  # by node: whether a connection has read it
    stamp: NDArray[Any]  # by node: the last time at which `gather` saw it
    pending: NDArray[Any]  # neurons summed but not finished, to be finished and stored together
    batch: NDArray[Any]  # nodes to load together
    out: NDArray[Any]  # (instructions, 4)
    size: NDArray[Any]  # instructions written, neurons pending


@njit(cache=True)
def next_accesses(source, target, nodes, kept):
    """When the source and the target of each time are next wanted after it, and when each node is first wanted.

    The nodes that are `kept` are wanted at the end.
    """
    after_source = np.empty(len(source), np.int64)
    after_target = np.empty(len(source), np.int64)
    nearest = np.full(nodes, NEVER, np.int64)
    for node in kept:
        nearest[node] = len(source)
    for t in range(len(source) - 1, -1, -1):
        after_source[t], after_target[t] = nearest[source[t]], nearest[target[t]]
        nearest[source[t]] = t
        nearest[target[t]] = t
    return after_source, after_target, nearest


@njit(cache=True)
def linear_scan(problem, most, early):
    """The instructions, and which neurons are stored before they are read. `early` ones are stored when finished."""
    state = _begin(problem, most)
    found = early.copy()
    for t in range(len(problem.source)):
        u, v = problem.source[t], problem.target[t]
        _bring(problem, state, t, u, v, most, found)
        _accumulate(problem, state, t, u, v, found)
        state.read[u] = True
        state.wanted[u], state.wanted[v] = problem.after_source[t], problem.after_target[t]
        if state.wanted[u] >= NEVER:
            _release(state, u)
        if state.summed[v] == problem.fan_in[v]:
            _complete(problem, state, v, early)
    for node in range(problem.inputs, len(problem.fan_in)):
        if problem.fan_in[node] == 0 and problem.heads[node] >= 0 and not state.finished[node]:
            _materialise(problem, state, node, -1, 0, found)
            state.pending[state.size[1]] = node
            state.size[1] += 1
            _flush(problem, state)
    _flush(problem, state)
    _keep(problem, state, found)
    return state.out[: state.size[0]].copy(), found


@njit(cache=True)
def _keep(problem, state, found):
    """See to it that the outputs are in registers where they stay: the loads first, then all of them by name."""
    for node in problem.kept:
        if state.where[node] >= 0:
            continue
        if state.finished[node]:
            register = _take(problem, state, len(problem.source), node, node, found)
            _emit(state, _LOAD, register, -1, node)
            _hold(state, register, node)
        else:
            _materialise(problem, state, node, node, len(problem.source), found)
    for output in range(len(problem.kept)):
        register = state.where[problem.kept[output]]
        _emit(state, _KEEP, register, register, len(problem.fan_in) + output)


@njit(cache=True)
def _begin(problem, most):
    nodes, time = len(problem.fan_in), len(problem.source)
    stored = np.zeros(nodes, np.bool_)
    stored[: problem.inputs] = True
    return AllocatorState(
        np.full(problem.registers, -1, np.int64),
        np.full(nodes, -1, np.int64),
        problem.first.copy(),
        stored,
        np.zeros(nodes, np.int64),
        stored.copy(),
        np.zeros(nodes, np.bool_),
        np.full(nodes, -1, np.int64),
        np.empty(nodes, np.int64),
        np.empty(most, np.int64),
        np.empty((6 * time + 4 * nodes + 2 * len(problem.links) + 16, 4), np.int32),
        np.zeros(2, np.int64),
    )


@njit(cache=True)
def _emit(state, op, a, x, what):
    at = state.size[0]
    state.out[at, OP], state.out[at, REGISTER], state.out[at, VALUE], state.out[at, WHAT] = op, a, x, what
    state.size[0] = at + 1


@njit(cache=True)
def _hold(state, register, node):
    state.holder[register] = node
    state.where[node] = register


@njit(cache=True)
def _release(state, node):
    if state.where[node] >= 0:
        state.holder[state.where[node]] = -1
        state.where[node] = -1


@njit(cache=True)
def _bring(problem, state, t, u, v, most, found):
    """See to it that the value u is in a register, finished."""
    if state.where[u] >= 0 and not state.finished[u]:
        _flush(problem, state)
    if state.where[u] >= 0:
        return
    if not state.finished[u]:
        _materialise(problem, state, u, v, t, found)
        return
    if state.size[1] > 0 and not (state.holder < 0).any():
        _flush(problem, state)
    count, until = gather(problem, state, t, most)
    if count == 1:
        register = _take(problem, state, t, u, v, found)
        _emit(state, _LOAD, register, -1, u)
        _hold(state, register, u)
        return
    start = side_by_side(state, until, count)
    placed = 0
    for k in range(problem.registers):
        register = (start + k) % problem.registers
        if placed < count and usable(state, register, until):
            if state.holder[register] >= 0:
                _release(state, state.holder[register])
            _emit(state, _LOAD, register, -1, state.batch[placed])
            _hold(state, register, state.batch[placed])
            placed += 1


@njit(cache=True)
def _accumulate(problem, state, t, u, v, found):
    op = _INIT if state.summed[v] == 0 else _ACCUMULATE
    if state.where[v] < 0:
        register = _take(problem, state, t, u, v, found)
        if op == _ACCUMULATE:
            _emit(state, _LOAD, register, -1, v)
        _hold(state, register, v)
    _emit(state, op, state.where[v], state.where[u], problem.connections[t])
    state.summed[v] += 1
    state.stored[v] = False


@njit(cache=True)
def _complete(problem, state, v, early):
    if early[v]:
        state.pending[state.size[1]] = v
        state.size[1] += 1
        return
    _emit(state, _ACTIVATE, state.where[v], -1, v)
    state.finished[v] = True
    if state.wanted[v] >= NEVER:
        _release(state, v)


@njit(cache=True)
def _materialise(problem, state, node, keep, t, found):
    """A neuron without connections comes into a register when somebody wants it."""
    register = _take(problem, state, t, node, keep, found)
    _hold(state, register, node)
    _emit(state, _BIAS, register, -1, node)
    _emit(state, _ACTIVATE, register, -1, node)
    state.finished[node] = True


@njit(cache=True)
def _flush(problem, state):
    """Finish and store all pending neurons, each step in one batch, and free their registers."""
    for k in range(state.size[1]):
        node = state.pending[k]
        if not state.finished[node]:
            _emit(state, _ACTIVATE, state.where[node], -1, node)
            state.finished[node] = True
    for k in range(state.size[1]):
        node = state.pending[k]
        _store(problem, state, node)
        if problem.heads[node] < 0 or state.wanted[node] >= NEVER:
            _release(state, node)
    state.size[1] = 0


@njit(cache=True)
def _store(problem, state, node):
    """Store a node: a finished output to the cells of its outputs, anything else to its own."""
    output = problem.heads[node] if state.finished[node] else -1
    if output < 0:
        _emit(state, _STORE, state.where[node], -1, node)
        state.stored[node] = True
    while output >= 0:
        _emit(state, _STORE, state.where[node], -1, len(problem.fan_in) + output)
        output = problem.links[output]


@njit(cache=True)
def _take(problem, state, t, u, v, found):
    """A register for one value: a free one, or the one whose loss costs least. Those of u and v are kept."""
    for attempt in range(2):
        for register in range(problem.registers - 1, -1, -1):
            if state.holder[register] < 0:
                return register
        if attempt == 0 and state.size[1] > 0:
            _flush(problem, state)
    register = _victim(state, t, u, v)
    node = state.holder[register]
    if not state.stored[node]:
        found[node] |= state.finished[node] and not state.read[node]
        _emit(state, _STORE, register, -1, node)
        state.stored[node] = True
    _release(state, node)
    return register


@njit(cache=True)
def _victim(state, t, u, v):
    best, chosen = -1.0, -1
    for register in range(len(state.holder)):
        node = state.holder[register]
        if node in (u, v):
            continue
        far = (state.wanted[node] - t) / (1.0 if state.stored[node] else 2.0)
        if far > best:
            best, chosen = far, register
    return chosen
