"""The plain allocator that the compiled one is held against."""

import numpy as np

from armlet.schedule.order import Order


def moves_by_next_use(order: Order, registers: int) -> int:
    """Loads and stores of the plain rule, one value at a time: evict what is wanted furthest for what it costs."""
    graph = order.graph
    source, target = graph.source[order.connections].tolist(), graph.target[order.connections].tolist()
    uses: dict[int, list[int]] = {}
    for t, pair in enumerate(zip(source, target)):
        for node in pair:
            uses.setdefault(node, []).append(t)
    stored, held, begun = set(range(graph.inputs)), set[int](), set[int]()
    left = np.bincount(graph.target, minlength=graph.nodes).tolist()
    outputs = graph.outputs.tolist()
    moves = len(outputs)

    def take(t: int, keep: set[int]) -> None:
        nonlocal moves
        if len(held) < registers:
            return
        far = {n: ([u for u in uses[n] if u >= t] or [1 << 40])[0] - t for n in held - keep}
        lost = max(sorted(far), key=lambda n: far[n] / (1 if n in stored else 2))
        held.discard(lost)
        if lost not in stored:
            moves += 1
            stored.add(lost)

    for t, (u, v) in enumerate(zip(source, target)):
        for node in (u, v):
            if node not in held:
                take(t, {u, v})
                moves += node in begun or node < graph.inputs
                held.add(node)
        begun.add(v)
        stored.discard(v)
        left[v] -= 1
        for node in (u, v):
            if uses[node][-1] <= t and (left[node] == 0 or node < graph.inputs):
                held.discard(node)
    return moves
