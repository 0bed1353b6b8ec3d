"""The checker of integer programs accepts what selection makes and no wrong copy, judged by running the lines."""

from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest

from armlet.anneal.engine import Annealing
from armlet.errors import CapacityError, InvariantError
from armlet.integer.formats import I64
from armlet.integer.interpret import run_integers
from armlet.integer.simplify import simplify_integers
from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.thumb.integer.cortex_m0plus import CORTEX_M0PLUS
from armlet.isa.thumb.integer.cortex_m4 import CORTEX_M4
from armlet.select.integer.check.check_program import check_integer_program
from armlet.select.integer.program import INTEGER_LINE, IntegerProgram
from armlet.select.integer.select import select_integers
from generators.integers import draw_integer_network, stored_inputs
from oracles.run_integer_lines import run_integer_lines

QUICK = Annealing(moves=5, cycles=1)
each_target = pytest.mark.parametrize("target", [CORTEX_M4, CORTEX_M0PLUS], ids=lambda target: target.name)


def selected(target: IntegerTarget, programs: int, most_lines: int = 10_000) -> Iterator[tuple[IntegerProgram, I64]]:
    """Programs of random networks that fit, with inputs."""
    found = 0
    for seed in count():
        rng = np.random.default_rng(seed)
        network = draw_integer_network(rng, 6)
        try:
            program = select_integers(network, target, QUICK).program
        except CapacityError:
            continue
        if len(program.lines) > most_lines:
            continue
        yield program, stored_inputs(network, rng, 20)
        found += 1
        if found == programs:
            return


def is_right(program: IntegerProgram, inputs: I64) -> bool:
    """Whether the lines, run on numbers, give what the network defines."""
    wanted = run_integers(program.network, inputs).tolist()
    return [run_integer_lines(program, row) for row in inputs.tolist()] == wanted


def accepted(program: IntegerProgram) -> bool:
    """Whether the checker lets a program pass."""
    try:
        check_integer_program(program)
    except InvariantError:
        return False
    return True


@each_target
def test_what_is_selected_is_accepted_and_right(target: IntegerTarget):
    for program, inputs in selected(target, 25):
        check_integer_program(program)
        assert is_right(program, inputs)


def wrong_copies(program: IntegerProgram, rng: np.random.Generator) -> Iterator[IntegerProgram]:
    """Without each line, and with each column of some lines changed."""
    lines = program.lines
    for at in range(len(lines)):
        yield program.with_lines(np.delete(lines, at))
        operands = Op(int(lines["op"][at])).operands.names & set(INTEGER_LINE.names or ())
        for column in ("op", *sorted(operands - {"list"})):
            changed = lines.copy()
            changed[column][at] += rng.choice([-1, 1])
            yield program.with_lines(changed)


@each_target
def test_no_wrong_copy_is_accepted(target: IntegerTarget):
    rng = np.random.default_rng(0)
    refused = passed = 0
    for program, inputs in selected(target, 6, 80):
        for copy in wrong_copies(program, rng):
            if accepted(copy):
                passed += 1
                assert is_right(copy, inputs)
            else:
                refused += 1
    assert refused > 2 * passed > 0


def test_a_program_names_its_line():
    program, _ = next(selected(CORTEX_M4, 1))
    lines = program.lines.copy()
    lines["op"][0] = 1 << 20
    with pytest.raises(InvariantError, match="line 0"):
        check_integer_program(program.with_lines(lines))
    assert lines.dtype == INTEGER_LINE


@pytest.mark.parametrize("seed", [36, 139, 303, 509])
def test_inputs_of_two_values_and_tables_of_multiples_do_not_confuse_the_checker(seed: int):
    network = simplify_integers(draw_integer_network(np.random.default_rng(seed))).network
    check_integer_program(select_integers(network, CORTEX_M4, QUICK).program)
