"""Networks with windows in single precision: the order of their sums, their programs, and the proof of these."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from armlet.arithmetic.float32 import FLOAT32
from armlet.errors import InputError
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE as CORE
from armlet.mutate.mutants import mutants
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.layers import Add, Conv, Dense, Pool, Reduction, Reshape
from armlet.network.network import Network
from armlet.prove.floats.bound import plane_error_bound
from armlet.select.floats.choose import choose_floats, shapes_of
from armlet.select.floats.select import placed_planes, select_floats, sums_task
from armlet.select.floats.task import Shape
from armlet.simulate.cycles import step_cycles
from armlet.simulate.machine import MachineError
from armlet.tensors.floats.interpret import run_planes
from float_programs import FRAME_CYCLES, M4F, Emulated, emulated, proof
from generators.float_survivors import float_survivor_convolution
from generators.floats import SHAPES, random_arithmetic, random_rows, random_shapes, small, thinned
from generators.layered import layered_networks

SEEDS = st.integers(0, 2**32 - 1)


def compiled(network: Network, random: np.random.Generator) -> Emulated:
    try:
        return emulated(network, random_shapes(network, random), random_arithmetic(random))
    except InputError:  # planes that are other planes, or added to a row
        assume(False)
        raise


@settings(max_examples=30)
@given(layered_networks(), SEEDS)
def test_a_program_gives_the_declared_order_to_the_bit_and_is_proved(network: Network, seed: int):
    random = np.random.default_rng(seed)
    network = thinned(network, random)
    made, rows = compiled(network, random), random_rows(network, random)
    with np.errstate(all="ignore"):
        wanted = run_planes(network, made.program.arithmetic, rows)
    told = np.isfinite(plane_error_bound(network, rows)).all(axis=1)
    assert made.run(rows)[told].tobytes() == wanted[told].tobytes()
    assert proof(made).problem == ""


@settings(max_examples=15)
@given(layered_networks(), SEEDS)
def test_the_cycles_of_a_program_are_those_of_its_trace(network: Network, seed: int):
    random = np.random.default_rng(seed)
    made = compiled(thinned(network, random), random)
    assert sum(made.program.cycles) == int(step_cycles(made.trace(), M4F.floats.cycles).sum()) - FRAME_CYCLES


@settings(max_examples=40)
@given(layered_networks(), SEEDS)
def test_the_declared_order_lies_within_its_bound(network: Network, seed: int):
    random = np.random.default_rng(seed)
    network, rows = thinned(network, random), random.standard_normal((4, network.inputs)).astype(np.float32)
    try:
        given = run_planes(network, random_arithmetic(random), rows)
    except InputError:
        assume(False)
        raise
    assert (np.abs(given - network(rows)) <= plane_error_bound(network, rows)).all()


@pytest.mark.usefixtures("each_toolchain")
def test_every_mutant_is_refused_or_right():
    network, random = small(np.random.default_rng(1)), np.random.default_rng(2)
    made, rows = emulated(network, SHAPES), random_rows(network, random, 12)
    wanted, refused, right = run_planes(network, FLOAT32, rows), 0, 0
    assert proof(made).problem == ""
    for mutant in mutants(CORE, made.image, 120, 0):
        copy = replace(made, image=mutant.image)
        if copy.is_refused():
            refused += 1
            continue
        try:
            assert copy.run(rows).tobytes() == wanted.tobytes(), mutant.change.text
        except MachineError as fault:
            raise AssertionError(f"{mutant.change.text} is proved and faults") from fault
        right += 1
    assert refused >= 90
    assert refused + right == 120


def test_tensors_that_live_at_one_time_and_lie_over_each_other_are_refused():
    made = emulated(small(np.random.default_rng(1)), SHAPES)
    program = made.program
    for one, other in ((0, 1), (1, 2), (2, 3)):
        values = {**program.values, other: replace(program.values[other], start=program.values[one].start)}
        assert proof(replace(made, program=replace(program, values=values))).problem


def test_another_weight_bias_order_or_activation_is_refused():
    network = small(np.random.default_rng(1))
    made = emulated(network, SHAPES)
    first, *rest = network.layers
    assert isinstance(first, Conv)
    turned = first.weight.copy()
    turned[0] = turned[0, :, ::-1]
    bias = first.bias.copy()
    bias[1] = np.nextafter(bias[1], np.float32(np.inf))
    for layer in (
        replace(first, weight=turned),
        replace(first, bias=bias),
        replace(first, activation=Activation.LINEAR),
        replace(first, weight=first.weight * np.float32(1.0000001)),
    ):
        other = replace(made, program=replace(made.program, network=replace(network, layers=(layer, *rest))))
        assert "writes another value" in proof(other).problem or "makes" in proof(other).problem


def test_the_largest_of_a_window_is_one_of_its_values_whatever_their_signs():
    network = Network(
        (
            Conv(np.ones((1, 1, 1, 1), np.float32), np.zeros(1, np.float32), Activation.LINEAR),
            Pool(Reduction.MAX, (1, 3)),
        ),
        InputDomain.undeclared(12),
        (1, 2, 6),
    )
    rows = np.array([[0.0, -0.0, -1, -2, -1e-40, 1e-45, 3, -3, 5, 1e30, -1e30, 0]], np.float32)
    given = emulated(network, [Shape(6, 1), Shape(0, 0)]).run(rows)
    assert given.tolist() == network(rows).tolist()


def test_no_other_planes_and_no_row_beside_planes():

    dense = Dense(np.ones((2, 8), np.float32), np.zeros(2, np.float32), Activation.LINEAR)
    other = Network((Reshape((8, 1, 1)), dense), InputDomain.undeclared(8), (2, 2, 2))
    row = Network(
        (Reshape(), Reshape((8,)), Add(), dense),
        InputDomain.undeclared(8),
        (2, 2, 2),
        wiring=((0,), (1,), (1, 2), (3,)),
    )
    for network in (other, row):
        with pytest.raises(InputError, match="not compiled yet"):
            run_planes(network, FLOAT32, np.zeros((1, 8), np.float32))


@pytest.mark.parametrize("shape", [Shape(4, 5, 8), Shape(8, 2, 3), Shape(2, 6, 1), Shape(1, 6, 12)])
def test_a_last_group_of_fewer_channels_may_have_another_shape(shape: Shape):
    network, random = float_survivor_convolution((3, 4, 13), 7, 3, 0.6), np.random.default_rng(1)
    made, rows = emulated(network, [shape]), random_rows(network, random, 2)
    assert made.run(rows).tobytes() == run_planes(network, FLOAT32, rows).tobytes()
    assert proof(made).problem == ""
    assert sum(made.program.cycles) == int(step_cycles(made.trace(), M4F.floats.cycles).sum()) - FRAME_CYCLES
    assert sum(made.program.cycles) != sum(emulated(network, [replace(shape, last=0)]).program.cycles)


def test_shapes_are_those_of_the_least_cycles_of_all_that_are_written():
    network = float_survivor_convolution((16, 8, 16), 12, 3, 0.85)
    chosen = choose_floats(network, M4F, FLOAT32, "net_constants", None)
    (layer,), (values, _, _) = network.layers, placed_planes(network)
    assert isinstance(layer, Conv)
    every = [
        sum(select_floats(network, M4F, FLOAT32, [shape], "net_constants").cycles)
        for shape in shapes_of(sums_task(layer, 0, values[0], values[1], FLOAT32))
    ]
    assert sum(chosen.program.cycles) <= 1.002 * min(every)  # drafts are not put in order


def test_far_words_are_reached_on_the_way_in_and_out():
    random = np.random.default_rng(0)

    def sparse(*shape: int) -> F32:
        return np.where(random.random(shape) < 0.05, random.standard_normal(shape), 0).astype(np.float32)

    conv = Conv(sparse(40, 4, 3, 3), np.ones(40, np.float32), Activation.RELU6, padding=(1, 1, 1, 1))
    dense = Dense(sparse(3, 40 * 4 * 30), np.ones(3, np.float32), Activation.LINEAR)
    network = Network((conv, Pool(Reduction.AVERAGE, (1, 1)), dense), InputDomain.undeclared(4 * 4 * 30), (4, 4, 30))
    made, rows = emulated(network, [Shape(2, 8), Shape(0, 0), Shape(1, 3)]), random_rows(network, random, 1)
    assert made.run(rows).tobytes() == run_planes(network, FLOAT32, rows).tobytes()
    assert proof(made).problem == ""
    assert sum(made.program.cycles) == int(step_cycles(made.trace(), M4F.floats.cycles).sum()) - FRAME_CYCLES
