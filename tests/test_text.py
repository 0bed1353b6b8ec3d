"""Every product of the compiler prints, and its text parses back to the same arrays or is refused with the line."""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.arithmetic.arithmetics import ARITHMETICS
from armlet.config import AnnealOptions, CompileOptions
from armlet.errors import InputError
from armlet.graph.text import parse_graph, show_graph
from armlet.graph.text_reader import show_float
from armlet.isa.operation import Operation
from armlet.layout.text import parse_layout, show_layout
from armlet.network.domain import InputDomain
from armlet.network.network import Network, multilayer_perceptron
from armlet.pipeline import Compilation, compile_network
from armlet.schedule.text.code_text import parse_code, show_code
from armlet.schedule.text.order_text import parse_order, show_order
from armlet.select.program import LINE, Line
from armlet.select.text import parse_program, show_program
from generators.lines import columns_of
from generators.networks import networks

QUICK = CompileOptions(anneal=AnnealOptions(moves=20))


@st.composite
def options(draw: st.DrawFn) -> CompileOptions:
    return replace(
        QUICK,
        registers=draw(st.none() | st.integers(2, 8)),
        inputs=draw(st.sampled_from(["free", "natural"])),
        multiply_add=draw(st.sampled_from([each.rounding for each in ARITHMETICS])),
        rescale=draw(st.sampled_from(["free", "any", "none"])),
        simplify=draw(st.booleans()),
    )


def same(a: Any, b: Any, but: tuple[str, ...] = ()) -> None:
    """Fail unless two products have the same fields, arrays to the bit."""
    for name in (field.name for field in fields(a) if field.name not in but):
        x, y = getattr(a, name), getattr(b, name)
        if isinstance(x, np.ndarray):
            assert (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes()), name
        else:
            assert x == y, name


@settings(max_examples=60)
@given(networks(widest=10), options())
def test_every_product_is_what_its_text_parses_to(network: Network, chosen: CompileOptions):
    made = compile_network(network, "net", chosen)
    graph, program = made.order.graph, made.program
    for each in (made.graph, graph):
        same(parse_graph(show_graph(each)), each)
    same(parse_order(show_order(made.order), graph), made.order, but=("graph",))
    for code in (made.code, program.code):
        same(parse_code(show_code(code), made.order), code, but=("order",))
    same(parse_layout(show_layout(made.layout, graph), graph), made.layout)
    parsed = parse_program(show_program(program), program.code, made.layout)
    same(parsed, program, but=("code", "layout"))


@settings(max_examples=30)
@given(networks(widest=10), options())
def test_every_text_is_what_its_product_prints(network: Network, chosen: CompileOptions):
    made = compile_network(network, "net", chosen)
    for text, parse, show in products(made):
        assert show(parse(text)) == text


@settings(max_examples=30)
@given(networks(widest=10), options())
def test_a_line_has_nothing_in_columns_that_its_operation_does_not_take(network: Network, chosen: CompileOptions):
    plain = np.array(Line(0), LINE)
    for line in compile_network(network, "net", chosen).program.lines:
        unused = set(Line._fields) - columns_of(Operation(int(line["op"]))) - {"op", "connection"}
        assert all(line[name] == plain[name] for name in unused)


def products(made: Compilation) -> list[tuple[str, Callable[[str], Any], Callable[[Any], str]]]:
    """The text of each product, what parses it, and what prints it: in the order of the stages."""
    graph, program = made.order.graph, made.program
    return [
        (show_graph(graph), parse_graph, show_graph),
        (show_order(made.order), lambda text: parse_order(text, graph), show_order),
        (show_code(program.code), lambda text: parse_code(text, made.order), show_code),
        (show_layout(made.layout, graph), lambda text: parse_layout(text, graph), lambda x: show_layout(x, graph)),
        (show_program(program), lambda text: parse_program(text, program.code, made.layout), show_program),
    ]


STAGES = ("graph", "order", "code", "layout", "program")


@cache
def small() -> Compilation:
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=(5, 4)), rng.normal(size=(3, 5))]
    network = multilayer_perceptron([*weights], [rng.normal(size=5), rng.normal(size=3)], InputDomain.uniform(4))
    return compile_network(network, "net", replace(QUICK, registers=4))


def refusal(parse: Callable[[str], Any], text: str) -> InputError | None:
    try:
        parse(text)
    except InputError as refused:
        return refused if refused.hint else None
    return None


@pytest.mark.parametrize("stage", STAGES)
def test_a_text_with_any_line_spoilt_lost_or_doubled_is_refused_with_a_line_or_read_as_it_stands(stage: str):
    text, parse, show = products(small())[STAGES.index(stage)]
    lines = text.split("\n")
    for at in range(len(lines) - 1):
        for changed in ([lines[at] + " x"], [], [lines[at], lines[at]], ["", lines[at]], [lines[at].upper()]):
            broken = "\n".join([*lines[:at], *changed, *lines[at + 1 :]])
            refused = refusal(parse, broken)
            assert (refused is None and show(parse(broken)) == broken) or f"{stage}, line " in str(refused)
    for broken in (text.rstrip("\n"), text + "\n", "", "\n"):
        with pytest.raises(InputError, match=f"{stage}, line "):
            parse(broken)


@pytest.mark.parametrize(
    ("stage", "old", "new", "message"),
    [
        ("graph", "%4 = relu", "%4 = rellu", r"graph, line 6: is '%4 = rellu .*; write a node, a connection"),
        ("graph", "%5 = relu", "%7 = relu", r"graph, line 11: is node %7; write %5"),
        ("graph", "nodes=11", "nodes=12", r"ends 11 nodes and 28 connections; write as many in the first line"),
        ("order", "%0 -> %4", "%0 -> %9", r"order, line 2: has %0 -> %9, no connection of the graph"),
        ("order", "connections=28", "connections=27", r"ends 28 connections, not 27"),
        ("code", "loads=", "loads=9", r"ends \d+ loads and \d+ stores; write as many"),
        ("code", " = load %0", " = load %99", r"code, line 2: names what the graph does not have"),
        ("code", " = relu ", " = tanh ", r"not as the graph has it; write r\d = relu r\d for %\d"),
        ("layout", "%1 -> input", "%1 -> work", r"layout, line 3: puts %1 into the other block"),
        ("layout", "%1 -> input", "%0 -> input", r"layout, line 3: has %0 behind a later cell"),
        (
            "program",
            "multiply d=",
            "multiply e=",
            r"line \d+: is 'multiply e=.*; write multiply d=... a=... b=",
        ),
        ("program", "multiply d=", "divvy d=", r"program, line \d+: is 'divvy .*; choose from: load_constants, load,"),
        ("program", "multiply d=s", "multiply d=s9", r"program, line \d+: is 'multiply d=s9\d+ "),
        ("program", "target=cortex", "target=vortex", r"program, line 1: is 'program target=vortex.*; write program"),
    ],
)
def test_a_text_is_refused_with_the_line_and_what_to_write(stage: str, old: str, new: str, message: str):
    text, parse, _ = products(small())[STAGES.index(stage)]
    assert old in text
    with pytest.raises(InputError, match=message):
        parse(text.replace(old, new, 1))


@pytest.mark.parametrize(
    "number", ["0x1p+9999", "-0x1p+9999", "0x1p-1074", "0x1.0000001p+0", "0x1.80p+1", "0x1p+0\u0663"]
)
def test_a_number_that_its_format_does_not_hold_or_that_is_spelt_otherwise_is_refused(number: str):
    made = compile_network(multilayer_perceptron([np.full((1, 2), 3.3)], [np.ones(1)]), "net", QUICK)
    graph, program = show_graph(made.order.graph), show_program(made.program)
    weight = show_float(float(np.float32(3.3)))
    assert weight in graph
    assert weight in program
    with pytest.raises(InputError, match="line"):
        parse_graph(graph.replace(weight, number, 1))
    with pytest.raises(InputError, match="line"):
        parse_program(program.replace(weight, number, 1), made.program.code, made.layout)


def test_numbers_of_nodes_are_spelt_in_one_way():
    made = compile_network(multilayer_perceptron([np.ones((2, 2))], [np.ones(2)]), "net", QUICK)
    text = show_order(made.order)
    for other in ("%01 ->", "%\u0661 ->"):
        assert "%1 ->" in text
        with pytest.raises(InputError, match="line"):
            parse_order(text.replace("%1 ->", other), made.order.graph)
