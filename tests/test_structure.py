"""Blocks and loops: what runs how often, in which order, and that a looped program is checked like any other."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.config import AnnealOptions, CompileOptions
from armlet.errors import InputError, InvariantError
from armlet.graph.text_reader import TextReader
from armlet.isa.operation import Operation
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.pipeline import compile_network
from armlet.schedule.structure import (
    Block,
    Loop,
    Structure,
    blocks_of,
    check_structure,
    in_execution,
    rows_of,
    straight_line,
    trips_of,
)
from armlet.schedule.text.code_text import parse_code, show_code
from armlet.schedule.text.structure_text import structure_lines, take_structure
from armlet.select.check.check_program import check_program
from armlet.select.program import LINE, POINTERS, Program
from armlet.select.scheduling import schedule_instructions, waits
from armlet.select.text import parse_program, show_program

N = 4
blocks = st.builds(Block, st.integers(0, 4))
loops = st.recursive(blocks, lambda part: st.builds(Loop, st.integers(1, 3), st.lists(part, max_size=3).map(tuple)))
structures = st.lists(loops, max_size=4).map(tuple)


@given(structures)
def test_rows_run_as_often_as_their_loops_say_and_in_order(structure: Structure):
    ran = [row for row in in_execution(structure) if isinstance(row, int)]
    assert np.bincount(ran, minlength=rows_of(structure)).tolist() == trips_of(structure).tolist()
    spans = [(block.start, block.stop) for block, _ in blocks_of(structure)]
    assert [start for start, _ in spans] == [0, *(stop for _, stop in spans)][: len(spans)]
    assert sum(trips * (block.stop - block.start) for block, trips in blocks_of(structure)) == len(ran)
    check_structure(structure, rows_of(structure), frozenset())


moving = st.recursive(
    blocks,
    lambda part: st.builds(
        Loop,
        st.integers(1, 30),
        st.lists(part, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from(POINTERS), st.integers(-99, 99), max_size=3),
    ),
)


@given(st.lists(moving, max_size=4).map(tuple))
def test_a_structure_is_what_its_line_parses_to(structure: Structure):
    lines = structure_lines(structure, rows_of(structure))
    reader = TextReader("\n".join([*lines, ""]), "text")
    assert take_structure(reader) == (structure if lines else ())


@pytest.mark.parametrize("line", ["4*(", "4)", "x", "3  4", "4*(3; inputs)", "04", "3; inputs+4", "4*(3; inputs+4 )"])
def test_a_line_that_is_no_structure_is_refused(line: str):
    with pytest.raises(InputError, match="no structure"):
        take_structure(TextReader(f"  structure {line}\n", "text"))


@pytest.mark.parametrize(
    "structure",
    [straight_line(4), (Loop(0, (Block(5),)),), (Loop(2, (Block(5),), {"lr": 4}),), (Block(-1), Block(6))],
)
def test_a_structure_that_cannot_run_is_refused(structure: Structure):
    with pytest.raises(InvariantError, match="structure"):
        check_structure(structure, 5, frozenset(POINTERS))


def looped(strides: dict[str, int], trips: int = N, weight: float = 3.0) -> Program:
    """relu(3 x) for each of the inputs, by one body that runs for each: a program that a person wrote."""
    layer = Dense(np.diag([3.0] * N).astype(np.float32), np.zeros(N, np.float32), Activation.RELU)
    network = Network((layer,), InputDomain.uniform(N, -1, 1), (N,))
    options = CompileOptions(
        inputs="natural", outputs="memory", registers=8, anneal=AnnealOptions(moves=0), rescale="none"
    )
    made = compile_network(network, "net", options)
    words = np.full(len(made.layout.words), -1)
    words[:N], words[-N:] = np.arange(N), np.arange(N)  # inputs and outputs lie in their order
    pointer = POINTERS.index
    body: list[dict[str, Any]] = [
        {"op": Operation.LOAD_CONSTANTS, "d": 8, "length": 1, "base": pointer("pool")},
        {"op": Operation.LOAD, "d": 0, "base": pointer("inputs")},
        {"op": Operation.MULTIPLY, "d": 0, "a": 8, "b": 0},
        {"op": Operation.TO_GPR, "core": 0, "a": 0},
        {"op": Operation.CLAMP, "core": 0},
        {"op": Operation.GPR_STORE, "core": 0, "base": pointer("work")},
    ]
    lines = np.zeros(len(body), LINE)
    for line, fields in zip(lines, body):
        for name, value in fields.items():
            line[name] = value
    layout = replace(made.layout, words=words, work_words=N, input_words=N)
    structure = (Loop(trips, (Block(len(body)),), strides),)
    return replace(
        made.program, lines=lines, constants=np.array([weight], np.float32), layout=layout, structure=structure
    )


RIGHT = {"inputs": 4, "work": 4, "pool": -4}


def test_a_loop_that_serves_every_position_is_the_order():
    program = looped(RIGHT)
    check_program(program)
    check_program(schedule_instructions(program))


@pytest.mark.parametrize(
    ("strides", "trips", "weight"),
    [
        (RIGHT, N - 1, 3.0),  # one position is left out
        (RIGHT, N + 1, 3.0),  # one too many is written
        (RIGHT, N, 2.0),
        ({**RIGHT, "inputs": 8}, N, 3.0),
        ({**RIGHT, "work": 0}, N, 3.0),
        ({**RIGHT, "pool": 0}, N, 3.0),
        ({**RIGHT, "work": -4}, N, 3.0),
    ],
)
def test_a_loop_that_serves_others_is_refused(strides: dict[str, int], trips: int, weight: float):
    with pytest.raises(InvariantError):
        check_program(looped(strides, trips, weight))


def test_cycles_count_by_trips_and_bytes_once():
    program = looped(RIGHT)
    once = replace(program, structure=straight_line(len(program.lines)))
    assert program.line_cycles == N * once.line_cycles
    assert program.line_bytes == once.line_bytes
    assert waits(program) == N * waits(once)


def test_a_looped_program_is_what_its_text_parses_to():
    program = looped(RIGHT)
    text = show_program(program)
    assert "  structure 4*(6; inputs+4 pool-4 work+4)\n" in text
    again = parse_program(text, program.code, program.layout)
    assert again.structure == program.structure
    assert again.lines.tobytes() == program.lines.tobytes()
    with pytest.raises(InputError, match="structure"):
        parse_program(text.replace("4*(6;", "4*(7;"), program.code, program.layout)


def test_moves_of_code_count_by_trips():
    code = looped(RIGHT).code
    twice = replace(code, structure=(Loop(2, straight_line(len(code.instructions))),))
    assert show_code(parse_code(show_code(twice), code.order)) == show_code(twice)
    assert (twice.loads, twice.stores, twice.batches) == (2 * code.loads, 2 * code.stores, 2 * code.batches)
