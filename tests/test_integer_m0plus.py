"""Programs in integers for Cortex-M0+: right for all inputs, and in the core as the network and the lines say."""

from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest

from armlet.anneal.engine import Annealing
from armlet.errors import CapacityError, InvariantError
from armlet.integer.formats import I64
from armlet.integer.interpret import run_integers
from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.targets import INTEGER_TARGETS
from armlet.select.integer.check.check_program import check_integer_program
from armlet.select.integer.m0plus.constants import write_constant
from armlet.select.integer.m0plus.signs import turned_signs
from armlet.select.integer.program import IntegerProgram
from armlet.select.integer.select import select_integers
from armlet.select.integer.writer import Writer
from generators.integer_survivors import REFERENCE, integer_survivors
from generators.integers import draw_integer_network, stored_inputs
from integer_runs import Running
from oracles.run_integer_lines import run_integer_lines

QUICK = Annealing(moves=5, cycles=1)
M0PLUS, SMALL = INTEGER_TARGETS["cortex-m0plus"], INTEGER_TARGETS["cortex-m0plus-small-multiply"]
each_target = pytest.mark.parametrize("target", [M0PLUS, SMALL], ids=lambda target: target.name)


def selected(target, number: int, widest: int) -> Iterator[tuple[IntegerProgram, I64]]:
    """Programs of random networks that fit, with inputs."""
    for seed in count():
        rng = np.random.default_rng(seed)
        network = draw_integer_network(rng, widest)
        try:
            program = select_integers(network, target, QUICK).program
        except CapacityError:
            continue
        yield program, stored_inputs(network, rng, 20)
        number -= 1
        if not number:
            return


@each_target
def test_what_is_selected_is_accepted_and_right(target):
    for program, inputs in selected(target, 30, 8):
        check_integer_program(program)
        wanted = run_integers(program.network, inputs).tolist()
        assert [run_integer_lines(program, row) for row in inputs.tolist()] == wanted


@each_target
@pytest.mark.parametrize("alphabet", ["pow2", "int8"])
def test_a_core_gives_what_the_network_defines_in_as_many_cycles_as_the_lines_say(target, alphabet: str):
    network = integer_survivors(REFERENCE["mlp196"], 0.9, alphabet)
    program = select_integers(network, target, QUICK).program
    check_integer_program(program)
    inputs = stored_inputs(network, np.random.default_rng(0), 12)
    running = Running(program)
    assert running.outputs(inputs).tolist() == run_integers(network, inputs).tolist()
    for row in inputs[:3]:
        lines, _ = running.cycles(row)
        assert lines == program.line_cycles


def test_no_program_with_a_line_deleted_is_accepted_and_wrong():
    for program, inputs in selected(M0PLUS, 4, 4):
        wanted = run_integers(program.network, inputs).tolist()
        for at in range(len(program.lines)):
            copy = program.with_lines(np.delete(program.lines, at))
            try:
                check_integer_program(copy)
            except InvariantError:
                continue
            assert [run_integer_lines(copy, row) for row in inputs.tolist()] == wanted


def test_the_small_multiplier_is_not_used():
    network = integer_survivors(REFERENCE["mlp196"], 0.9, "int8")
    assert not (select_integers(network, SMALL, QUICK).program.lines["op"] == Op.MULTIPLY_TO).any()


@pytest.mark.parametrize("bits", [24, 32])
def test_constants_are_made_of_eight_bits_at_a_time(bits: int):
    rng = np.random.default_rng(1)
    numbers = [0, 1, -1, 255, 256, 257, -255, -256, 0x7FFF, 0x8000, -0x8000, (1 << bits - 1) - 1, -(1 << bits - 1)]
    for number in [
        *numbers,
        *(
            int(x) >> int(s)
            for x, s in zip(rng.integers(-(1 << bits - 1), 1 << bits - 1, 200), rng.integers(0, bits, 200))
        ),
    ]:
        writer = Writer(M0PLUS, -1)
        write_constant(writer, 1, number, bits)
        value = 0
        for row in writer.rows:
            match Op(row.op):
                case Op.SMALL_CONSTANT:
                    value = row.number
                case Op.LEFT:
                    value <<= row.by
                case Op.NEGATE:
                    value = -value
                case Op.ADD_SMALL:
                    value += row.number
                case _:
                    value -= row.number
        assert (value - number) % (1 << bits) == 0
        assert len(writer.rows) <= 8


def test_turning_a_neuron_saves_the_lines_of_all_that_it_loses():
    groups = [((0, -1),), ((0, -1), (1, 1)), ((1, 1),)]
    assert turned_signs(groups, 2, [0, 0]) == [-1, 1]
    assert turned_signs(groups, 2, [-5, 0]) == [1, 1]
