"""Prints code as text, and parses it back.

    code registers=4 loads=2 stores=1
      r0 = load %0
      r3 = 0x1p-2 + 0x1p+0 * r0 for %0 -> %2
      r3 = r3 + -0x1p-1 * r1 for %1 -> %2
      r3 = relu r3 for %2
      r1 = 0x1.8p+1 * r3 for %2 -> %4
      store r1 -> output 0

An output that is kept to the end stands there as `r0 = keep r1 for output 0`.

What stands behind `for` is the connection or the node that the instruction serves. Numbers and activations are those of
the graph, printed for the reader; a text that has others is refused.
"""

import re

import numpy as np

from armlet.graph.graph import ACTIVATIONS, Graph
from armlet.graph.text_reader import HEX, NUMBER, TextReader, show_float
from armlet.schedule.code import Code, Op
from armlet.schedule.order import Order
from armlet.schedule.text.order_text import connection_numbers
from armlet.schedule.text.structure_text import check_rows, structure_lines, take_structure

_R = rf"r({NUMBER})"
_PATTERNS = {
    Op.LOAD: rf"  {_R} = load (?P<node>%{NUMBER})",
    Op.STORE: rf"  store {_R} -> (?:(?P<node>%{NUMBER})|output (?P<output>{NUMBER}))",
    Op.ACCUMULATE: rf"  {_R} = r{NUMBER} \+ {HEX} \* r(?P<x>{NUMBER}) for (?P<pair>%{NUMBER} -> %{NUMBER})",
    Op.INIT: rf"  {_R} = (?:{HEX} \+ )?{HEX} \* r(?P<x>{NUMBER}) for (?P<pair>%{NUMBER} -> %{NUMBER})",
    Op.ACTIVATE: rf"  {_R} = \w+ r{NUMBER} for (?P<node>%{NUMBER})",
    Op.BIAS: rf"  {_R} = {HEX} for (?P<node>%{NUMBER})",
    Op.KEEP: rf"  {_R} = keep r(?P<x>{NUMBER}) for output (?P<output>{NUMBER})",
}
_HEAD = rf"code registers=({NUMBER}) loads=({NUMBER}) stores=({NUMBER})"


def show_code(code: Code) -> str:
    """The text of a code."""
    lines = [f"code registers={code.registers} loads={code.loads} stores={code.stores}"]
    lines += structure_lines(code.structure, len(code.instructions))
    lines += [_shown(code.order.graph, *row) for row in code.instructions.tolist()]
    return "\n".join(lines) + "\n"


def _shown(graph: Graph, op: int, a: int, x: int, what: int) -> str:
    """One instruction."""
    match Op(op):
        case Op.LOAD:
            return f"  r{a} = load %{what}"
        case Op.STORE:
            return f"  store r{a} -> " + (f"%{what}" if what < graph.nodes else f"output {what - graph.nodes}")
        case Op.INIT | Op.ACCUMULATE:
            bias = float(graph.bias[graph.target[what]])
            start = f"r{a} + " if op == Op.ACCUMULATE else f"{show_float(bias)} + " if bias else ""
            product = f"{show_float(graph.weight[what])} * r{x}"
            return f"  r{a} = {start}{product} for %{graph.source[what]} -> %{graph.target[what]}"
        case Op.ACTIVATE:
            return f"  r{a} = {ACTIVATIONS[graph.activation[what]].value} r{a} for %{what}"
        case Op.KEEP:
            return f"  r{a} = keep r{x} for output {what - graph.nodes}"
        case Op.BIAS:
            return f"  r{a} = {show_float(graph.bias[what])} for %{what}"


def parse_code(text: str, order: Order) -> Code:
    """The code of a text about `order`, not yet checked. Raises `InputError` with the line."""
    reader, graph, numbers = TextReader(text, "code"), order.graph, connection_numbers(order.graph)
    head = reader.expect(_HEAD, "code registers=R loads=N stores=N")
    structure = take_structure(reader)
    rows: list[tuple[int, int, int, int]] = []
    for found in reader.rest(r"  \S.*", "an instruction such as r0 = load %0"):
        matches = ((op, re.fullmatch(pattern, found[0])) for op, pattern in _PATTERNS.items())
        op, match = next(((op, match) for op, match in matches if match), (Op.LOAD, None))
        if match is None:
            raise reader.wrong(f"is {found[0].strip()!r}, no instruction", "write one such as r0 = load %0")
        what = _what(match, numbers, graph)
        if what is None:
            raise reader.wrong("names what the graph does not have", "name a node, an output or a connection of it")
        row = int(op), int(match[1]), int(match.groupdict().get("x") or -1), what
        if (wanted := _shown(graph, *row)) != found[0]:
            raise reader.wrong(f"is {found[0].strip()!r}, not as the graph has it", f"write {wanted.strip()}")
        rows.append(row)
    check_rows(reader, structure, len(rows))
    code = Code(order, int(head[1]), np.array(rows, np.int32).reshape(-1, 4), structure)
    if (code.loads, code.stores) != (int(head[2]), int(head[3])):
        raise reader.wrong(f"ends {code.loads} loads and {code.stores} stores", "write as many in the first line")
    return code


def _what(match: re.Match[str], numbers: dict[tuple[int, int], int], graph: Graph) -> int | None:
    """The cell, connection or node that a line names; None where it is not there."""
    named = match.groupdict()
    if pair := named.get("pair"):
        source, target = map(int, re.findall(NUMBER, pair))
        return numbers.get((source, target))
    if output := named.get("output"):
        return graph.nodes + int(output) if int(output) < len(graph.outputs) else None
    node = int(match["node"][1:])
    return node if node < graph.nodes else None
