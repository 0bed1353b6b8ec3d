"""The least number of moves of a tiny graph, by looking at all programs: the judge of orders and of their bound."""

import heapq
from collections.abc import Iterator
from itertools import combinations
from typing import TypeAlias

import numpy as np

from armlet.graph.graph import Graph

Held: TypeAlias = frozenset[int]
State: TypeAlias = tuple[
    int, Held, Held
]  # connections summed (bits), nodes in registers, nodes whose cell is up to date


def fewest_moves(graph: Graph, registers: int) -> int:
    """Dijkstra's algorithm over what is summed, what the registers hold, and which values memory holds.

    Dropping a value costs nothing and happens when a register is wanted; each connection runs once.
    """
    source, target = graph.source.tolist(), graph.target.tolist()
    into = [sum(1 << c for c, t in enumerate(target) if t == node) for node in range(graph.nodes)]
    outputs = frozenset(graph.outputs.tolist())
    every = (1 << len(source)) - 1
    start: State = (0, frozenset[int](), frozenset(range(graph.inputs)))
    best: dict[State, int] = {start: 0}
    queue: list[tuple[int, int, State]] = [(0, 0, start)]
    number = 0
    while queue:
        moves, _, state = heapq.heappop(queue)
        if moves > best[state]:
            continue
        done, _, stored = state
        if done == every and outputs <= stored:
            return moves
        for cost, following in _steps(source, target, into, registers, state):
            if moves + cost < best.get(following, 1 << 30):
                best[following] = moves + cost
                number += 1
                heapq.heappush(queue, (moves + cost, number, following))
    raise AssertionError("no program computes this graph")


def _steps(
    source: list[int], target: list[int], into: list[int], registers: int, state: State
) -> Iterator[tuple[int, State]]:
    done, held, stored = state
    for node in held - stored:
        yield 1, (done, held, stored | {node})
    for node in stored - held:
        for rest in _with_room(held, registers):
            yield 1, (done, rest | {node}, stored)
    for c, (u, v) in enumerate(zip(source, target)):
        if done >> c & 1 or u not in held or done & into[u] != into[u]:
            continue
        after = done | 1 << c
        if v in held:
            yield 0, (after, held, stored - {v})
        elif not done & into[v]:
            for rest in _with_room(held, registers):
                if u in rest:
                    yield 0, (after, rest | {v}, stored)


def _with_room(held: Held, registers: int) -> list[Held]:
    """What may be kept when one more value comes in: all, where there is room, or all but one."""
    if len(held) < registers:
        return [held]
    return [frozenset(kept) for kept in combinations(sorted(held), len(held) - 1)]


def is_tiny(graph: Graph, connections: int) -> bool:
    """Whether the search ends within a second or so, and every neuron is computed from connections."""
    computed = np.bincount(graph.target, minlength=graph.nodes)[graph.inputs :] > 0
    return 0 < graph.connections <= connections and bool(computed.all())
