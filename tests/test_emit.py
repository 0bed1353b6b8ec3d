"""A program computes its order, says truly what it takes, and is put down in files that keep their promises."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.arithmetics import ARITHMETICS
from armlet.build.manifest import read_manifest
from armlet.build.names import check_name
from armlet.build.order_file import read_order
from armlet.config import AnnealOptions, CompileOptions
from armlet.errors import CapacityError, InputError, InvariantError
from armlet.formats.params import read_params
from armlet.isa.operation import Operation
from armlet.isa.targets import TARGETS
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network, multilayer_perceptron
from armlet.pipeline import Compilation, compile_network
from armlet.schedule.interpret import run_order
from armlet.select.check.check_program import check_program
from armlet.select.program import POINTERS, Program
from armlet.select.scheduling import schedule_instructions, waits
from armlet.select.select import selections
from generators.lines import columns_of
from generators.networks import networks
from generators.options import QUICK, options
from generators.perceptrons import random_network, tiny

each_target = pytest.mark.parametrize("target", list(TARGETS))


@given(networks(widest=12), options())
def test_every_stage_of_every_compilation_passes_its_check(network: Network, chosen: CompileOptions):
    made = compile_network(network, "net", chosen)
    made.order.check()
    made.layout.check(made.code)
    check_program(made.program)


@given(networks(widest=12), options())
def test_arranging_keeps_what_the_program_computes_and_seldom_waits(network: Network, chosen: CompileOptions):
    made = compile_network(network, "net", chosen)
    plain = next(selections(made.program.code, made.layout, made.program.target, made.program.partition))
    check_program(plain)
    arranged = schedule_instructions(plain)
    check_program(arranged)
    assert waits(arranged) <= waits(plain)
    assert sorted(map(tuple, arranged.lines.tolist())) == sorted(map(tuple, plain.lines.tolist()))


def compiled(widths: list[int], density: float, **changes: Any) -> Compilation:
    return compile_network(random_network(widths, density, 5), "net", replace(QUICK, **changes))


@pytest.mark.parametrize("field", ["op", "d", "a", "b", "core", "offset", "length", "base"])
@pytest.mark.parametrize("how", ARITHMETICS)
def test_the_checker_refuses_a_line_with_any_field_changed(field: str, how: Arithmetic):
    """Each line in turn. What it accepts must be the same program: see `same_meaning`."""
    program = compiled([9, 6, 4], 0.8, registers=5, multiply_add=how.rounding).program
    used = [at for at, line in enumerate(program.lines) if field in {"op"} | columns_of(Operation(int(line["op"])))]
    assert used
    for at in used:
        lines = program.lines.copy()
        lines[field][at] += 4 if field == "offset" else 1
        if not same_meaning(program, at, field):
            with pytest.raises(InvariantError):
                check_program(program.with_lines(lines))


def same_meaning(program: Program, at: int, field: str) -> bool:
    """Changes that may do no harm.

    LEA_FAR does what LEA does; a pair loads a register more, which may be dead; a longer store fills a dead word; a
    walker may stand where its block starts.
    """
    op, base = Operation(int(program.lines["op"][at])), POINTERS[program.lines["base"][at]]
    return (
        (op in (Operation.LEA, Operation.LOAD) and field == "op")
        or (op is Operation.STORE_MULTIPLE and field == "length")
        or (base == "work" and field == "base")
    )


@pytest.mark.parametrize("how", ARITHMETICS)
def test_the_checker_refuses_a_program_that_lost_a_line_or_has_a_constant_changed(how: Arithmetic):
    program = compiled([9, 6, 4], 0.8, registers=5, multiply_add=how.rounding).program
    for at in range(len(program.lines)):
        with pytest.raises(InvariantError):
            check_program(program.with_lines(np.delete(program.lines, at)))
    for at in range(len(program.constants)):
        constants = program.constants.copy()
        constants[at] = -constants[at]
        with pytest.raises(InvariantError):
            check_program(replace(program, constants=constants))


@each_target
@pytest.mark.parametrize("rounding", [how.rounding for how in ARITHMETICS])
def test_assembly_text(target: str, rounding: str, golden):
    made = compile_network(tiny(), "tiny", replace(QUICK, target=target, multiply_add=rounding))
    golden.check(made.bundle.files["tiny.S"].decode())


def test_header_text(golden):
    golden.check(compile_network(tiny(), "tiny", QUICK).bundle.files["tiny.h"].decode())


def test_a_network_without_connections_is_compiled():
    network = multilayer_perceptron([np.zeros((2, 3))], [np.ones(2)])
    made = compile_network(network, "net", replace(QUICK, simplify=False))
    assert made.graph.connections == 0
    check_program(made.program)


@given(st.data())
def test_the_files_of_a_build_say_what_was_compiled(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    network = data.draw(networks())
    made = compile_network(network, "net", data.draw(options()))
    folder = tmp_path_factory.mktemp("build")
    for name, content in made.bundle.files.items():
        (folder / name).write_bytes(content)
    assert read_manifest(folder / "net.json") == made.bundle.manifest
    assert read_params(folder).digest() == network.digest() == made.bundle.manifest.network.digest
    declared = read_order(folder / "net_order.npz", made.program.arithmetic)
    for vector in made.bundle.manifest.vectors:
        wanted = run_order(declared, [vector.input])[0]
        assert wanted.tobytes() == np.array(vector.output, np.float32).tobytes()


@settings(max_examples=20)
@given(networks(), options())
def test_the_json_files_obey_their_schemas_and_the_drivers_cover_every_value(network: Network, chosen: CompileOptions):
    files = compile_network(network, "net", chosen).bundle.files
    parsed = {name: json.loads(content) for name, content in files.items() if name.endswith(".json")}
    jsonschema.validate(parsed["net.json"], parsed["manifest.schema.json"])
    for direction, count in (("input", network.inputs), ("output", network.outputs)):
        driver = parsed[f"net_{direction}_driver.json"]
        jsonschema.validate(driver, parsed["driver.schema.json"])
        assert [value["index"] for value in driver["values"]] == list(range(count))
        used = [value["offset"] for value in driver["values"] if value["place"] == "memory"]
        assert len(set(used)) == len(used)


def test_a_manifest_tells_no_vector_that_leaves_float32(tmp_path: Path):
    layer = Dense(np.array([[3e38, 3e38]], np.float32), np.zeros(1, np.float32), Activation.LINEAR)
    network = Network((layer,), InputDomain.uniform(2), (2,))
    made = compile_network(network, "net", QUICK)
    (tmp_path / "net.json").write_bytes(made.bundle.files["net.json"])
    vectors = read_manifest(tmp_path / "net.json").vectors
    assert vectors
    assert np.isfinite([vector.output for vector in vectors]).all()
    assert [1.0, 1.0] not in [vector.input for vector in vectors]  # whose output would be infinite


@given(networks(), options())
def test_the_same_network_and_options_give_the_same_bytes(network: Network, chosen: CompileOptions):
    first, second = (compile_network(network, "net", chosen).bundle.files for _ in range(2))
    assert first == second


def test_figures(golden):
    """What the compiler gives for fixed networks. A change here is news: bless it in a commit that says so."""
    rows = ["network             sparse  R   moves  bound  transfers  lines  waits  cycles   flash    ram"]
    shapes = ([196, 10, 10, 10], 0.0), ([196, 10, 10, 10], 0.9), ([196, 32, 16, 10], 0.9), ([196, 64, 32, 10], 0.9)
    for widths, sparsity in shapes:
        for registers in (None, 8):
            made = compiled(widths, 1 - sparsity, registers=registers, anneal=AnnealOptions(moves=500))
            program, memory, moves = made.program, made.bundle.manifest.memory, made.bundle.manifest.moves
            rows.append(
                f"{'-'.join(map(str, widths)):<20}{sparsity:6}  {made.code.registers:2}  {moves.total:5}"
                f"  {moves.bound:5}  {moves.transfers:9}  {len(program.lines):5}"
                f"  {waits(program):5}  {program.line_cycles:6}"
                f"  {memory.flash:6}  {memory.ram:5}"
            )
    golden.check("\n".join(rows) + "\n")


@pytest.mark.parametrize("what", ["flash", "ram"])
def test_a_program_that_does_not_fit_is_refused_with_both_numbers(what: str):
    needed = getattr(compiled([20, 10, 3], 0.5).bundle.manifest.memory, what)
    compiled([20, 10, 3], 0.5, **{what: needed})
    with pytest.raises(CapacityError, match=rf"{needed} bytes.*{needed - 1} are given"):
        compiled([20, 10, 3], 0.5, **{what: needed - 1})


@pytest.mark.parametrize("changes", [{"target": "z80"}, {"dtype": "int3"}, {"inputs": "left"}, {"multiply_add": "x"}])
def test_an_unknown_choice_is_refused_with_those_that_exist(changes: dict[str, str]):
    with pytest.raises(InputError, match="choose from: "):
        compiled([4, 3], 1.0, **changes)


@pytest.mark.parametrize("registers", [0, 1, 31, 99])
def test_an_impossible_number_of_registers_is_refused(registers: int):
    with pytest.raises((CapacityError, InputError), match=str(registers)):
        compiled([4, 3], 1.0, registers=registers)


@pytest.mark.parametrize("name", ["", "9net", "a b", "../up", "é", "x" * 100, "a-b"])
def test_a_name_that_c_cannot_use_is_refused(name: str):
    with pytest.raises(InputError, match="identifier"):
        check_name(name)


def test_a_c_array_in_natural_order_needs_no_copy_when_every_input_is_used_in_order():
    made = compiled([30, 8, 3], 1.0)
    assert made.bundle.manifest.memory.block == 0
    assert b"net_block" not in made.bundle.files["net.S"]
