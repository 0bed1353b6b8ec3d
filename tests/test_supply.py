"""Constants come by the cheaper way, every way computes the order, and a wrong number in an instruction is caught."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.arithmetics import ARITHMETICS
from armlet.build.prologue import entry_cycles
from armlet.build.read import read_build
from armlet.config import CompileOptions
from armlet.errors import InvariantError, TargetError
from armlet.isa.operation import Operation
from armlet.isa.target import Target
from armlet.isa.targets import TARGETS
from armlet.isa.thumb.cortex_m4f import CORTEX_M4F
from armlet.isa.thumb.semantics import compile_step
from armlet.isa.thumb.thumb import THUMB
from armlet.mutate.fields import find_fields, turned
from armlet.mutate.mutants import Change, changed
from armlet.mutate.trial import try_image
from armlet.network.network import Network
from armlet.pipeline import Compilation, compile_network
from armlet.prove.state import State
from armlet.prove.terms import Terms
from armlet.schedule.interpret import run_order
from armlet.select.check.check_program import check_program
from armlet.select.program import Program
from armlet.select.scheduling import schedule_instructions
from armlet.select.select import selections
from armlet.simulate.link import link_build
from armlet.simulate.runner import Runner
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import find_toolchain
from generators.builds import QUICK, compiled, proved
from generators.networks import inputs_for, networks
from generators.options import options
from generators.perceptrons import random_network, small_network

each_target = pytest.mark.parametrize("target", list(TARGETS.values()), ids=list(TARGETS))
each_rounding = pytest.mark.parametrize("how", ARITHMETICS)
WAYS = 8  # to supply constants, at most


def nearest(values: NDArray[np.float32], target: Target = CORTEX_M4F) -> NDArray[np.float32]:
    """Each value that is not zero as the nearest number that an instruction can hold."""
    numbers = np.sort(np.array(target.immediates, np.float32))
    at = np.clip(np.searchsorted(numbers, values), 1, len(numbers) - 1)
    low, high = numbers[at - 1], numbers[at]
    return np.where(values == 0, values, np.where(values < low / 2 + high / 2, low, high))


def rounded(network: Network, biases: bool = True) -> Network:
    layers = (
        replace(layer, weight=nearest(layer.weight), bias=nearest(layer.bias) if biases else layer.bias)
        for layer in network.dense
    )
    return Network(tuple(layers), network.domain, network.shape)


@st.composite
def some_rounded(draw: st.DrawFn) -> Network:
    network = draw(networks())
    return rounded(network, draw(st.booleans())) if draw(st.booleans()) else network


def ways(made: Compilation) -> list[Program]:
    program = made.program
    return list(selections(program.code, made.layout, program.target, program.partition))


def cycles(program: Program) -> int:
    return entry_cycles(schedule_instructions(program), "net")[0]


def the_way(number: int) -> Callable[..., Program]:
    """In place of `cheapest_program`: this one of all ways, the last where there are fewer."""

    def selected(*arguments: object) -> Program:
        found = list(selections(*arguments))  # type: ignore[arg-type]
        return schedule_instructions(found[min(number, len(found) - 1)])

    return selected


@pytest.mark.parametrize("way", range(WAYS))
@settings(max_examples=25)
@given(st.data())
def test_every_way_to_supply_constants_is_the_order_to_the_bit_and_proved(
    way: int, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    network, chosen = data.draw(some_rounded()), data.draw(options())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("armlet.pipeline.cheapest_program", the_way(way))
        build = read_build(compiled(network, tmp_path_factory.mktemp("way"), chosen))
    image = link_build(build, find_toolchain())
    assert proved(build, image) == ""
    runner, rows = Runner(build, image), data.draw(inputs_for(network))
    wanted = run_order(build.order, rows)
    assert np.stack([runner.run(x) for x in rows]).tobytes() == wanted.tobytes()


@given(some_rounded(), options())
def test_no_network_takes_more_cycles_than_with_all_constants_streamed(network: Network, chosen: CompileOptions):
    made = compile_network(network, "net", chosen)
    programs = ways(made)
    assert 1 <= len(programs) <= WAYS
    assert not np.isin(programs[0].lines["op"], Operation.IMMEDIATE).any()
    for program in programs:
        check_program(program)
        assert cycles(made.program) <= cycles(program)


@each_rounding
def test_numbers_that_instructions_hold_make_a_network_cheaper(how: Arithmetic):
    network = rounded(random_network([60, 40, 20, 6], 0.3, 1))
    made = compile_network(network, "net", replace(QUICK, multiply_add=how.rounding))
    streamed = ways(made)[0]
    assert cycles(made.program) < cycles(streamed) - made.order.graph.connections / 10
    assert made.program.line_bytes + 4 * len(made.program.constants) < streamed.line_bytes + 4 * len(streamed.constants)


def test_twice_a_value_needs_no_constant_and_no_multiplication():
    network = random_network([20, 9, 5], 0.5, 1)
    layers = (replace(each, weight=2 * np.sign(each.weight), bias=0 * each.bias) for each in network.dense)
    options = replace(QUICK, rescale="none")
    program = compile_network(Network(tuple(layers), network.domain, network.shape), "net", options).program
    assert len(program.constants) == 0
    held = program.lines[np.isin(program.lines["op"], (Operation.IMMEDIATE, Operation.MULTIPLY))]
    begun = held["connection"][held["op"] == Operation.MULTIPLY]
    assert (
        program.code.order.graph.weight[begun] == -2
    ).all()  # which begin a sum: a number, and a product in its place


@each_rounding
def test_a_network_of_ordinary_weights_has_one_way(how: Arithmetic):
    made = compile_network(random_network([60, 40, 20, 6], 0.3, 1), "net", replace(QUICK, multiply_add=how.rounding))
    assert len(ways(made)) == 1


@each_rounding
def test_the_checker_refuses_an_instruction_that_holds_another_number(how: Arithmetic):
    made = compile_network(rounded(small_network()), "net", replace(QUICK, multiply_add=how.rounding))
    program = made.program
    numbers = np.array(CORTEX_M4F.immediates, np.float32).view(np.int32)
    held = np.flatnonzero(program.lines["op"] == Operation.IMMEDIATE)
    assert len(held) > 20
    for at in held:
        for other in (numbers[numbers != program.lines["bits"][at]][at % 255], np.float32(0.1).view(np.int32), 0):
            lines = program.lines.copy()
            lines["bits"][at] = other
            with pytest.raises(InvariantError):
                check_program(program.with_lines(lines))


@each_rounding
def test_the_prover_refuses_every_bit_of_a_number_in_an_instruction(how: Arithmetic, tmp_path: Path):
    build = read_build(compiled(rounded(small_network()), tmp_path, replace(QUICK, multiply_add=how.rounding)))
    image, decoder = link_build(build, find_toolchain()), build.target.core.decoder()
    text, at = image.section(".text"), 0
    tried = 0
    for form in decoder.decode(text.content[: image.address("net_run") - text.address], text.address):
        code, address, at = text.content[at : at + form.size], text.address + at, at + form.size
        if form.name != "fconsts" or tried > 40:
            continue
        numbers = find_fields(decoder, code, address).numbers
        assert len(numbers) == 8
        for bit in numbers:
            tried += 1
            assert "its sum never takes in" in proved(build, changed(image, Change(address, turned(code, (bit,)), "")))
    assert tried > 40


@each_rounding
def test_every_mutant_of_a_program_that_holds_numbers_is_caught_or_equivalent(how: Arithmetic, tmp_path: Path):
    options = replace(QUICK, multiply_add=how.rounding)
    build = read_build(compiled(rounded(small_network(), biases=False), tmp_path, options))
    trial = try_image(build, link_build(build, find_toolchain()), 90, seed=1, inputs=30)
    assert (trial.problem, trial.missed, trial.made) == ("", (), 90)


@each_target
def test_every_number_is_written_and_read_to_the_bit(target: Target):
    """Assembled from the form's text, decoded by a stranger, and given its meaning."""
    form = target.templates[Operation.IMMEDIATE].text
    lines = "\n".join("  " + form.format(d=target.floats[-1], number=repr(x)) for x in target.immediates)
    head = "\n".join((*target.header, '.section .text.f, "ax", %progbits', ".global f", ".type f, %function"))
    tools = find_toolchain()
    part = tools.assemble(f"{head}\n.thumb_func\nf:\n{lines}\n", target.core)
    image = read_image(tools.link([part], target.core, "f"), THUMB)
    text, state = (
        image.section(".text"),
        State(Terms(target.arithmetics[0].identities), THUMB, image, (), target.core.ram, {}),
    )
    found = []
    for instruction in target.core.decoder().decode(text.content, text.address):
        compile_step(instruction)(state, 0)
        found.append(state.terms.bits(state.get(target.floats[-1])))
    assert found == np.array(target.immediates, np.float32).view(np.uint32).tolist()


@each_target
@pytest.mark.parametrize("number", [0.0, -0.0, 0.1, 1e39, 3.4028235677973366e38, np.inf, np.nan])
def test_a_table_with_a_number_that_float32_lacks_does_not_load(target: Target, number: float):
    with pytest.raises(TargetError, match="cannot be immediates"):
        replace(target, immediates=(1.0, number))
