"""Outputs stay in registers: where they can, in their own order, and read from C as docs/firmware.md says."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.build.read import read_build
from armlet.errors import InvariantError
from armlet.pipeline import compile_network
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.check import check_code
from armlet.schedule.code import Code, Op
from armlet.schedule.interpret import run_order
from armlet.schedule.kept_outputs import settled
from armlet.select.check.check_program import check_program
from armlet.simulate.link import link_build
from armlet.simulate.machine import Machine
from armlet.simulate.measure import figures_of
from armlet.simulate.runner import Runner
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import Toolchain
from conftest import REPOSITORY
from generators.builds import compiled
from generators.graphs import any_order, graph_of
from generators.networks import inputs_for, networks
from generators.options import QUICK
from generators.perceptrons import random_network
from oracles.run_code import run_code


@given(st.data(), st.integers(2, 16), st.integers(1, 4))
def test_code_that_keeps_outputs_means_its_order_to_the_bit(data: st.DataObject, count: int, batch: int):
    network = data.draw(networks())
    order = any_order(graph_of(network), data.draw(st.integers(0, 99)))
    code, stored = (allocate(order, Registers(count, batch, returned)) for returned in (16, 0))
    check_code(code)
    assert code.moves <= stored.moves
    assert len(code.kept) in (0, network.outputs)
    assert set(code.kept.tolist()) <= set(range(network.outputs))
    x = data.draw(inputs_for(network))
    assert run_code(code, x).tobytes() == run_order(order, x).tobytes()


@given(st.lists(st.integers(0, 7), min_size=1, max_size=8), st.sampled_from([0, 8, 9]))
def test_copies_bring_every_value_to_a_register_of_its_own(sources: list[int], registers: int):
    rows = np.array([(int(Op.KEEP), x, x, 100 + j) for j, x in enumerate(sources)], np.int32)
    held = {register: register for register in range(9)}
    kept: dict[int, int] = {}
    for _, a, x, what in settled(rows, 100, registers).tolist():
        held[a], kept[what - 100] = held[x], a
    assert sorted(kept.values()) == list(range(len(sources)))
    assert [held[kept[j]] for j in range(len(sources))] == sources
    if registers > 8:
        assert kept == {j: j for j in range(len(sources))}


@pytest.mark.parametrize("kind", ["lost", "twice", "another's", "early"])
def test_the_checker_refuses_an_output_that_is_not_kept(kind: str):
    order = any_order(graph_of(random_network([5, 6, 4, 3], 0.7, 2)), 1)
    code = allocate(order, Registers(12, 2, 16))
    rows, at = code.instructions.copy(), len(code.instructions) - 1
    match kind:
        case "lost":
            rows = rows[:-1]
        case "twice":
            rows[at, 1] = rows[at - 1, 1]
        case "another's":
            rows[[at, at - 1], 3] = rows[[at - 1, at], 3]
        case _:
            rows = np.concatenate([rows[:3], rows[at:], rows[3:at]])
    with pytest.raises(InvariantError):
        check_code(Code(order, 12, rows))


def test_a_program_that_leaves_an_output_in_a_register_of_the_caller_is_refused():
    program = compile_network(random_network([9, 6, 4], 0.8, 5), "net", replace(QUICK, registers=24)).program
    rows = program.code.instructions.copy()
    rows[-1, 1] = 16
    with pytest.raises(InvariantError, match="caller's"):
        check_program(replace(program, code=replace(program.code, instructions=rows)))


@pytest.mark.parametrize("density", [1.0, 0.2, 0.12])
def test_both_entries_of_196_10_10_10_move_nothing_twice(density: float, tmp_path: Path, each_toolchain: Toolchain):
    network = random_network([196, 10, 10, 10], density, 2)
    build = read_build(compiled(network, tmp_path, replace(QUICK, inputs="natural")))
    runner, used = Runner(build, link_build(build, each_toolchain)), build.order.graph.inputs
    moves = []
    for entry in runner.entries:
        trace = runner.trace(entry, np.ones(196, np.float32))
        moves.append(figures_of(trace, runner.machine, entry, build.target.cycles, build.target.flash).activation_moves)
    assert moves == [used + 10, used]
    assert [value.register for value in build.outputs.values] == [f"s{j}" for j in range(10)]


def test_c_reads_outputs_from_registers_as_the_documentation_says(each_toolchain: Toolchain):
    example = re.search(r"```c\n([^`]*net_core_to[^`]*)```", (REPOSITORY / "docs" / "firmware.md").read_text())
    assert example
    network = random_network([20, 12, 10], 0.6, 3)
    made = compile_network(network, "net", replace(QUICK, inputs="natural"))
    core = made.program.target.core
    text = made.bundle.files["net.h"].decode() + example[1]
    text += "void both(const float *x, float *a, float *b) { net_run(x, a); net_core_to(x, b); }\n"
    parts = [each_toolchain.compile_c(text, core), each_toolchain.assemble(made.bundle.files["net.S"].decode(), core)]
    machine = Machine(core, read_image(each_toolchain.link(parts, core, "both"), core.instruction_set))
    x, a, b = (machine.reserve(4 * count) for count in (20, 10, 10))
    for row in network.domain.draw(np.random.default_rng(1), 3).astype(np.float32):
        machine.write_floats(x, row)
        machine.call("both", (x, a, b))
        wanted = run_order(made.order, row[None]).tobytes()
        assert machine.read(a, 40) == machine.read(b, 40) == wanted
