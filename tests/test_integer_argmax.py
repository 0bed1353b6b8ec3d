"""Argmax as an output: which one it is, what is compared, the code for it, and wrong copies that are refused."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armlet.anneal.engine import Annealing
from armlet.config import CompileOptions
from armlet.errors import InputError, InvariantError
from armlet.formats.params import params_files, write_params
from armlet.formats.read import read_any_network
from armlet.integer.argmax import Argmax
from armlet.integer.choose_argmax import with_argmax
from armlet.integer.formats import INT16, INT32
from armlet.integer.interpret import evaluate, run_integers
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Shift
from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.targets import INTEGER_TARGETS
from armlet.mutate.trial import try_verifier
from armlet.select.integer.check.check_program import check_integer_program
from armlet.select.integer.program import IntegerProgram
from armlet.select.integer.select import select_integers
from armlet.verify.run import run_build
from armlet.verify.verify import verify_build
from assembled_integers import layer, network_of
from generators.integer_builds import QUICK, compiled_integers
from generators.naive_integers import draw_relu_network
from oracles.run_integer_lines import run_integer_lines

CORES = ("cortex-m4", "cortex-m0plus")
each_core = pytest.mark.parametrize("target", CORES)


def plain(outputs: int) -> Argmax:
    return Argmax(np.ones(outputs, np.int64), np.zeros(outputs, np.int64), 0)


def program(network: IntegerNetwork, target: str) -> IntegerProgram:
    return select_integers(network, INTEGER_TARGETS[target], Annealing(moves=5, cycles=1)).program


def accepted(wrong: IntegerProgram) -> bool:
    try:
        check_integer_program(wrong)
    except InvariantError:
        return False
    return True


def equal_scores() -> IntegerNetwork:
    """Two inputs that are each two outputs: equals for all inputs, and for some."""
    return replace(network_of(layer([[1, 0], [0, 1], [1, 0], [0, 1]], [0, 0, 0, 0])), argmax=plain(4))


def test_the_first_of_equals_is_the_answer():
    found = run_integers(equal_scores(), [[3, 2], [2, 3], [5, 5], [0, 255]])
    assert found.tolist() == [[0], [1], [0], [1]]


def test_the_answer_stands_for_itself():
    network = replace(equal_scores(), output_scale=np.full(4, 0.25), output_zero=np.full(4, 7))
    assert evaluate(network, [[3.0, 9.0]]).tolist() == [[1.0]]


@each_core
@pytest.mark.parametrize("outputs", [2, 3, 4, 5, 17])
def test_the_lines_find_the_largest_wherever_it_is(target: str, outputs: int):
    network = replace(network_of(layer(np.eye(outputs, dtype=int).tolist(), [0] * outputs)), argmax=plain(outputs))
    made = program(network, target)
    check_integer_program(made)
    rows = np.vstack([np.eye(outputs, dtype=int), 255 - np.eye(outputs, dtype=int), np.zeros(outputs, int)])
    assert [run_integer_lines(made, row) for row in rows.tolist()] == rows.argmax(axis=1)[:, None].tolist()


def planted(made: IntegerProgram) -> dict[str, IntegerProgram]:
    """The program with another rule for equals, another order, an output left out, another shift, another end."""
    lines, ops = made.lines, made.lines["op"]
    counts = np.flatnonzero((ops == Op.ADD_SMALL) & (lines["d"] == 1))
    raises = np.flatnonzero((ops == Op.ADD_TO) & (lines["d"] == 1))
    shifts = np.flatnonzero((ops == Op.REVERSE_SUBTRACT_LEFT) | ((ops == Op.LEFT) & (lines["a"] != 1)))
    assert min(len(counts), len(raises), len(shifts)) > 1

    def without(at: int) -> IntegerProgram:
        return made.with_lines(np.delete(lines, at))

    def other(column: str, at: int, by: int) -> IntegerProgram:
        changed = lines.copy()
        changed[column][at] += by
        return made.with_lines(changed)

    behind = np.insert(lines, raises[-1] + 1, lines[counts[-1]])
    return {
        "equals go to the later one": other("number", int(counts[-1]), -1),
        "a count too many": other("number", int(counts[0]), 1),
        "counted before, not behind": made.with_lines(np.delete(behind, counts[-1])),
        "an output left out": without(int(raises[-1])),
        "the first two are not compared": without(int(raises[0])),
        "another shift": other("by", int(shifts[-1]), -1),
        "another field": other("by", len(lines) - 2, -1),
        "outputs in another order": replace(made, network=turned(made.network)),
    }


def turned(network: IntegerNetwork) -> IntegerNetwork:
    """The network with its outputs the other way round."""
    last = network.dense[-1]
    return replace(network, layers=(*network.dense[:-1], replace(last, weight=last.weight[::-1])))


@each_core
def test_planted_faults_are_refused(target: str):
    network = replace(draw_relu_network((6, 5, 6), 3), argmax=plain(6))
    made = program(network, target)
    check_integer_program(made)
    taken = [name for name, wrong in planted(made).items() if accepted(wrong)]
    assert taken == []


def test_all_sums_of_thirty_bits_are_refused_in_one_line():
    network = network_of(layer([[32767] * 128] * 3, [0] * 3))
    with pytest.raises(InputError, match="beyond 32 bits"):
        program(replace(network, argmax=plain(3)), "cortex-m4")


def test_what_does_not_fit_is_rounded_and_does():
    network = with_argmax(network_of(layer([[32767] * 128] * 3, [0] * 3)))
    assert network.argmax
    assert network.argmax.shift
    check_integer_program(program(network, "cortex-m4"))


def test_equal_scales_are_compared_as_they_are_stored():
    network = network_of(layer([[1], [2]], [0, 0]))
    chosen = with_argmax(replace(network, output_scale=np.full(2, 0.1), output_zero=np.full(2, 9))).argmax
    assert chosen
    assert (chosen.factor.tolist(), chosen.offset.tolist(), chosen.shift) == ([1, 1], [0, 0], 0)


def test_scales_and_zeros_of_their_own_are_whole_numbers_where_they_can_be():
    network = network_of(layer([[1], [2], [3]], [0, 0, 0]))
    chosen = with_argmax(replace(network, output_scale=np.array([0.1, 0.4, 0.3]), output_zero=np.array([1, -2, 0])))
    assert chosen.argmax
    assert chosen.argmax.factor.tolist() == [1, 4, 3]
    assert chosen.argmax.offset.tolist() == [-1, 2, 0]


@pytest.mark.parametrize("seed", range(10))
def test_chosen_scores_give_the_class_of_the_real_outputs_but_for_what_is_near(seed: int):
    rng = np.random.default_rng(seed)
    network = replace(draw_relu_network((20, 12, 10), seed), output_scale=rng.random(10) + 0.2)
    x = rng.random((500, 20))
    real, chosen = evaluate(network, x), with_argmax(network)
    found = evaluate(chosen, x)[:, 0].astype(int)
    missed = real.max(axis=1) - real[np.arange(500), found]
    assert chosen.argmax
    assert chosen.argmax.factor.max() > 100
    assert missed.max() <= 0.005 * np.ptp(real)


def test_one_output_has_no_largest():
    with pytest.raises(InputError, match="two outputs or more"):
        with_argmax(network_of(layer([[1, 1]], [0])))


def test_float32_has_no_argmax():
    with pytest.raises(InputError, match="for networks in integers"):
        CompileOptions(outputs="argmax")


def test_a_network_with_argmax_goes_to_disk_and_comes_back(tmp_path: Path):
    network = replace(equal_scores(), argmax=Argmax(np.array([1, 2, 3, 4]), np.array([0, -5, 0, 7]), 2))
    write_params(network, tmp_path / "P")
    back = read_any_network(tmp_path / "P")
    assert isinstance(back, IntegerNetwork)
    assert back.argmax
    assert params_files(back) == params_files(network)
    assert back.digest() == network.digest() != equal_scores().digest() != replace(network, argmax=None).digest()


@pytest.mark.parametrize("stored", [INT16, INT32])
@each_core
def test_a_build_is_verified_and_no_mutant_is_missed(tmp_path: Path, target: str, stored: object):
    network = draw_relu_network((8, 6, 5), 2)
    if stored is INT16:
        last = layer(network.dense[1].weight.tolist(), network.dense[1].bias.tolist(), Shift(np.full(5, 2)), INT16)
        network = replace(network, layers=(network.dense[0], last))
    build = compiled_integers(network, tmp_path, replace(QUICK, target=target, outputs="argmax"))
    verdict = verify_build(build, random=20)
    assert verdict.holds, verdict
    trial = try_verifier(build, 40)
    assert trial.holds, trial
    assert trial.made == 40
    x = np.random.default_rng(0).random((5, 8)).astype(np.float32)
    assert run_build(build, x, "core").tolist() == evaluate(network, x).argmax(axis=1)[:, None].tolist()


def test_the_command_line_compiles_for_the_class_and_prints_it(tmp_path: Path):
    network = replace(draw_relu_network((6, 5, 4), 1), output_scale=np.array([0.5, 0.7, 0.9, 0.6]))
    write_params(network, tmp_path / "PARAMS")
    x = np.random.default_rng(0).random((6, 6))
    np.savetxt(tmp_path / "x.csv", x, delimiter=",")
    told = said("compile", tmp_path / "PARAMS", "net", "--out", tmp_path, "--outputs", "argmax", "--no-verify")
    assert "the number of the largest of 4, an int32" in told
    wanted = evaluate(with_argmax(network), x)[:, 0].astype(int).tolist()
    assert said("run", tmp_path / "net", tmp_path / "x.csv").split() == [str(number) for number in wanted]


def said(*words: object) -> str:
    """What a command prints."""
    done = subprocess.run([sys.executable, "-m", "armlet", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
