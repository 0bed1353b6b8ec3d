"""Layers as loops over tables: exact in every form, proved from lines and bytes, chosen by what is asked for."""

from dataclasses import asdict, replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

from armlet.anneal.engine import Annealing
from armlet.build.integer.read import read_integer_build
from armlet.config import AnnealOptions, IntegerCompileOptions
from armlet.errors import CapacityError, InvariantError
from armlet.integer.bounds import integer_bounds
from armlet.integer.formats import INT8, INT16, INT32, UINT8
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Shift
from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.targets import INTEGER_TARGETS
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.pipeline import compile_integer_network
from armlet.select.integer.check.check_program import check_integer_program
from armlet.select.integer.compact.symbols import book_obstacle, coded_words
from armlet.select.integer.mix.planner import Planner
from armlet.select.integer.schemes import Scheme
from armlet.select.integer.select import Optimize, mixed, select_integers
from armlet.simulate.integer.runner import IntegerRunner
from armlet.simulate.integer.trials import integer_trials
from armlet.simulate.link import link_build
from armlet.toolchain.toolchain import find_toolchain
from armlet.verify.verify import verify_build
from generators.integer_builds import compiled_integers
from generators.integer_survivors import integer_survivors
from generators.integers import draw_integer_network
from generators.naive_integers import draw_relu_network

TARGETS = ("cortex-m4", "cortex-m0plus")
HOW = Annealing(**asdict(AnnealOptions(moves=0)), seed=0)
QUICK = IntegerCompileOptions(anneal=AnnealOptions(moves=0))


each_target = pytest.mark.parametrize("target", TARGETS)


def planner(network: IntegerNetwork, target: str) -> Planner:
    return Planner(network, integer_bounds(network), INTEGER_TARGETS[target], HOW)


def draw(seed: int, letters: tuple[int, ...] = tuple(range(-128, 128)), first: int = 70) -> IntegerNetwork:
    """Biases that no 24 bits hold among them, values in one of the formats, whole clamps, few of many weights."""
    rng = np.random.default_rng(seed)
    given, kept = ((UINT8, INT8, INT16)[k] for k in rng.integers(0, 3, 2))
    widths, layers = [*rng.integers(1, [first, 12, 9, 6]).tolist()], list[IntegerDense]()
    for k, (inputs, neurons) in enumerate(pairwise(widths)):
        weight = rng.choice(letters, (neurons, inputs)) * (rng.random((neurons, inputs)) < rng.choice([0.05, 0.3, 1]))
        bias = rng.integers(-1000, 1000, neurons) << rng.integers(0, 16 if seed % 2 else 4)
        is_last = k == len(widths) - 2
        stored = INT32 if is_last else kept
        ends = np.full(neurons, stored.low), np.full(neurons, stored.high)
        by = None if is_last else Shift(rng.integers(6, 9, neurons))
        layers.append(IntegerDense(weight, bias, by, Activation.LINEAR, stored, *ends))
    count, outputs = widths[0], widths[-1]
    one, zero = np.ones(max(count, outputs)), np.zeros(max(count, outputs), np.int32)
    domain = InputDomain.undeclared(count)
    scales = one[:count], zero[:count], one[:outputs], zero[:outputs]
    return IntegerNetwork(tuple(layers), domain, (count,), given, *scales)


def checked(plans: Planner, schemes: tuple[Scheme, ...]) -> bool:
    """Whether there is such a program; it is right."""
    try:
        made = mixed(plans, schemes).program
    except CapacityError:  # values whose places are told one by one leave no register for four words
        return False
    check_integer_program(made)
    return True


@each_target
def test_every_mix_of_schemes_computes_the_network(target: str):
    """Neurons with one class and with many, before and behind straight code, on lines."""
    plans = planner(draw_relu_network((40, 30, 6)), target)
    mixes = product(*((*plans.straight(k)[:1], *plans.compact(k)) for k in range(2)))
    assert sum(checked(plans, schemes) for schemes in mixes) > (20 if target == "cortex-m4" else 15)


@each_target
@pytest.mark.parametrize("seed", range(30))
def test_random_networks_in_every_form(seed: int, target: str):
    plans = planner(draw(seed), target)
    forms = list(zip(*(plans.compact(layer) for layer in range(3))))
    assert sum(checked(plans, schemes) for schemes in forms) >= 3


@pytest.mark.parametrize("seed", range(30))
def test_networks_of_the_law_in_every_form(seed: int):
    """Tables, multipliers, clamps at their edges: where bytes hold the weights."""
    plans = planner(draw_integer_network(np.random.default_rng(seed)), "cortex-m4")
    forms = [plans.compact(layer) for layer in range(len(plans.network.dense))]
    assert all(checked(plans, schemes) for schemes in list(zip(*forms))[2:])


@each_target
@pytest.mark.parametrize("seed", range(8))
def test_networks_of_few_weights_in_symbols(seed: int, target: str):
    """Distances that take many steps, and layers of straight code before and behind."""
    plans = planner(draw(2 * seed, (-128, -16, -4, 1, 2, 127), 900), target)
    coded = [[each for each in plans.compact(layer) if each.form and each.form.coded] for layer in range(3)]
    assert all(checked(plans, schemes) for schemes in zip(*coded))
    mixed = product(*((*plans.straight(layer)[:1], coded[layer][-1]) for layer in range(3)))
    assert any(checked(plans, schemes) for schemes in mixed)


@pytest.mark.parametrize("size", [1, 2])
def test_symbols_stand_for_the_connections_of_each_neuron(size: int):
    rng = np.random.default_rng(size)
    for letters, count in ((1, 2000), (10, 784), (32 // size, 300), (3, 1)):
        values = rng.choice(np.arange(-128, 128), letters, replace=False)
        dense = np.where(rng.random((30, count)) < rng.choice([0.001, 0.05, 0.5], (30, 1)), 1, 0)
        weight = (rng.choice(values, (30, count)) * dense).astype(np.int16)
        assert not book_obstacle(weight, size)
        entries, words = coded_words(weight, size, 2)
        assert len(entries) <= 256
        for row, written in zip(weight, words):
            found, at = np.zeros(count, int), 0
            for number in np.array(written, "<u4").tobytes():
                distance, letter = entries[number]
                assert 0 <= distance < 256
                at += distance
                found[at // size] += letter
            assert len(written) in range(2, 1000, 2)
            assert found.tolist() == row.tolist()


@each_target
def test_a_symbol_that_stands_for_something_else_is_refused(target: str):
    plans = planner(integer_survivors((97, 16, 10), 0.8, "pow2", 1), target)
    schemes = tuple(next(each for each in plans.compact(k) if each.form and each.form.coded) for k in range(2))
    right = mixed(plans, schemes).program
    check_integer_program(right)
    for at in (4, 6, len(right.constants) - 8):  # of the second entry, and of a neuron
        constants = right.constants.copy()
        constants[at] ^= 1
        with pytest.raises(InvariantError):
            check_integer_program(replace(right, constants=constants))


@each_target
def test_leaky_values_and_clamps_at_their_edges(target: str):
    """Those that shifts scale, among the networks of the law."""
    made = 0
    for seed in range(120):
        plans = planner(draw_integer_network(np.random.default_rng(seed), 12), target)
        forms = [plans.compact(layer) for layer in range(len(plans.network.dense))]
        leaks = any(layer.activation is Activation.LEAKY_RELU for layer in plans.network.dense)
        for schemes in list(zip(*forms)) if leaks else ():
            made += checked(plans, schemes)
    assert made > 8


@each_target
@pytest.mark.parametrize("fault", ["trips", "weight", "neurons", "back"])
def test_loops_that_run_otherwise_are_refused(fault: str, target: str):
    found = select_integers(draw_relu_network((60, 24, 9), 2), INTEGER_TARGETS[target], HOW, Optimize.SIZE).program
    lines, constants = found.lines.copy(), found.constants.copy()
    repeats = np.flatnonzero(lines["op"] == Op.REPEAT)
    match fault:
        case "trips":
            constants[0] += 1
        case "weight":
            constants[constants.size // 2 * 2 - 1] ^= 4
        case "neurons":
            counts = (lines["op"] == Op.SMALL_CONSTANT) & (lines["d"] == lines["d"][repeats[-1]])
            lines["number"][np.flatnonzero(counts)[-1]] += 1
        case _:
            lines["number"][repeats[0]] -= 1
    with pytest.raises(InvariantError):
        check_integer_program(replace(found, lines=lines, constants=constants))


@each_target
def test_what_is_asked_for_is_given(target: str):
    network = integer_survivors((196, 64, 32, 10), 0.9, "int8", 1)
    found = {each: select_integers(network, INTEGER_TARGETS[target], HOW, each).program for each in Optimize}
    sizes = {each: program.line_bytes + len(program.constants) for each, program in found.items()}
    cycles = {each: program.line_cycles for each, program in found.items()}
    assert sizes[Optimize.SIZE] < sizes[Optimize.BALANCED] < sizes[Optimize.SPEED]
    assert cycles[Optimize.SPEED] < cycles[Optimize.BALANCED] <= cycles[Optimize.SIZE]
    product = {each: sizes[each] * cycles[each] for each in Optimize}
    assert product[Optimize.BALANCED] == min(product.values())


@each_target
def test_flash_takes_the_fastest_mix_that_fits_or_says_what_is_missing(target: str):
    network = integer_survivors((196, 64, 32, 10), 0.9, "int8", 1)
    options = replace(QUICK, target=target)
    whole, least = (
        compile_integer_network(
            network, "net", replace(QUICK, target=target, optimize=each)
        ).bundle.manifest.memory.flash
        for each in ("speed", "size")
    )
    before = 0
    for flash in range(least, whole, (whole - least) // 4):
        made = compile_integer_network(network, "net", replace(options, flash=flash))
        assert made.bundle.manifest.memory.flash <= flash
        assert not before or made.selection.program.line_cycles <= before
        before = made.selection.program.line_cycles
    with pytest.raises(CapacityError, match=r"net needs \d+ bytes of flash, \d+ are given: \d+ too many"):
        compile_integer_network(network, "net", replace(options, flash=least // 2))


@each_target
@pytest.mark.parametrize("alphabet", ["int8", "pow2"])
@pytest.mark.parametrize("inputs", [196, 97])
def test_builds_with_loops_are_verified_from_text_to_bytes(alphabet: str, inputs: int, target: str, tmp_path: Path):
    network = integer_survivors((inputs, 64, 32, 10), 0.9, alphabet, 1)
    folder = compiled_integers(network, tmp_path, replace(QUICK, target=target, optimize="size"))
    build = read_integer_build(folder)
    loops = "coded" if (alphabet, inputs) == ("pow2", 196) else ("compact", "coded")
    assert any(layer.scheme.startswith(loops) for layer in build.manifest.layers)
    runner, tried = IntegerRunner(build, link_build(build, find_toolchain())), integer_trials(build, 20, 1)
    wanted = run_integers(build.network, tried.inputs)
    for call in runner.entries.values():
        assert np.array_equal(np.stack([call(x) for x in tried.inputs]), wanted)
    verdict = verify_build(folder, 20, 0, find_toolchain())
    assert [check for check in verdict.checks if not check.holds] == []
