"""Prints an order as text, and parses it back: the connections of a graph as they run, those of one source a line.

order connections=3
  %0 -> %2
  %1 -> %2, %3
"""

import re
from itertools import groupby

import numpy as np

from armlet.graph.graph import Graph
from armlet.graph.text_reader import NUMBER, TextReader
from armlet.schedule.order import Order
from armlet.schedule.text.structure_text import check_rows, structure_lines, take_structure

_LINE = rf"  %({NUMBER}) -> (%{NUMBER}(?:, %{NUMBER})*)"


def show_order(order: Order) -> str:
    """The text of an order."""
    graph, time = order.graph, order.connections
    pairs = zip(graph.source[time].tolist(), graph.target[time].tolist())
    lines = [f"order connections={len(time)}", *structure_lines(order.structure, len(time))]
    for source, group in groupby(pairs, key=lambda pair: pair[0]):
        lines.append(f"  %{source} -> " + ", ".join(f"%{target}" for _, target in group))
    return "\n".join(lines) + "\n"


def parse_order(text: str, graph: Graph) -> Order:
    """The order of a text about `graph`, not yet checked. Raises `InputError` with the line."""
    reader, numbers = TextReader(text, "order"), connection_numbers(graph)
    count = int(reader.expect(rf"order connections=({NUMBER})", "order connections=N")[1])
    structure = take_structure(reader)
    time: list[int] = []
    for found in reader.rest(_LINE, "%SOURCE -> %TARGET, ..."):
        for target in re.findall(NUMBER, found[2]):
            pair = int(found[1]), int(target)
            if pair not in numbers:
                raise reader.wrong(f"has %{pair[0]} -> %{pair[1]}, no connection of the graph", "name one that it has")
            time.append(numbers[pair])
    if len(time) != count:
        raise reader.wrong(f"ends {len(time)} connections, not {count}", "write as many in the first line")
    check_rows(reader, structure, len(time))
    order = Order(graph, np.array(time, np.int32), structure)
    reader.confirm(show_order(order))
    return order


def connection_numbers(graph: Graph) -> dict[tuple[int, int], int]:
    """The number of each connection by its source and its target."""
    return {pair: at for at, pair in enumerate(zip(graph.source.tolist(), graph.target.tolist()))}
