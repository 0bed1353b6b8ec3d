"""All values, scalings and activations of networks in integers on Cortex-M0+, to the bit, and nothing else accepted."""

from collections.abc import Iterator

import numpy as np
import pytest

from armlet.anneal.engine import Annealing
from armlet.errors import InvariantError
from armlet.integer.formats import I64, INT8, INT16, INT32, UINT8, IntegerFormat
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Requantisation, Shift, requantise
from armlet.integer.unsigned import without_sign
from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.targets import INTEGER_TARGETS
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.select.integer.check.check_program import check_integer_program
from armlet.select.integer.m0plus.multiplier import multiplier_digits, write_product
from armlet.select.integer.program import IntegerProgram
from armlet.select.integer.select import select_integers
from armlet.select.integer.writer import Writer
from integer_runs import Running
from oracles.integer_operations import run_operation
from oracles.run_integer_lines import run_integer_lines

QUICK = Annealing(moves=5, cycles=1)
TARGETS = INTEGER_TARGETS["cortex-m0plus"], INTEGER_TARGETS["cortex-m0plus-small-multiply"]
EDGES = (
    1,
    2,
    3,
    255,
    1 << 23,
    (1 << 30) - 1,
    1 << 30,
    (1 << 30) + 1,
    (1 << 31) - (1 << 9),
    (1 << 31) - 2,
    (1 << 31) - 1,
)
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
each_format = pytest.mark.parametrize("stored", [UINT8, INT8, INT16], ids=lambda stored: stored.name)


def network_of(
    stored: IntegerFormat, activation: Activation, multiplies: bool, seed: int, given: IntegerFormat | None = None
) -> IntegerNetwork:
    """Six inputs, four values in `stored`, and two more; some are clamped early."""
    rng, given = np.random.default_rng(seed), given or stored
    hidden = _layer(rng, 6, 4, stored, activation, multiplies, given)
    last = _layer(rng, 4, 2, stored, activation, multiplies, stored)
    domain = InputDomain.uniform(6, given.low, given.high)
    scale = np.ones(6), np.zeros(6, np.int32), np.ones(2), np.zeros(2, np.int32)
    return IntegerNetwork((hidden, last), domain, (6,), given, *scale)


def _layer(
    rng: np.random.Generator,
    inputs: int,
    neurons: int,
    stored: IntegerFormat,
    activation: Activation,
    multiplies: bool,
    given: IntegerFormat,
) -> IntegerDense:
    weight = rng.integers(-127, 128, (neurons, inputs)) * (rng.random((neurons, inputs)) < 0.7)
    most = abs(weight).sum(axis=1) * max(-given.low, given.high) + 1
    bias = rng.integers(-most // 2, most // 2 + 1)
    curved = activation in (Activation.SIGMOID, Activation.TANH)
    near = np.ceil(np.log2(most)).astype(int) - (8 if curved else 8 * stored.bytes) + rng.integers(-1, 3, neurons)
    zero = int(rng.integers(stored.low, stored.high + 1)) if activation is not Activation.RELU else 0
    low, high = np.full(neurons, stored.low), np.full(neurons, stored.high)
    if activation in (Activation.RELU, Activation.RELU6):
        low[:] = zero
    if activation is Activation.RELU6:
        high = rng.integers(low, high, endpoint=True)
    scaling: Requantisation = Shift(near.clip(0))
    if multiplies:
        scaling = Multiplier(rng.integers(1 << 30, 1 << 31, neurons), (-near).clip(-31, 4), bool(rng.integers(2)))
    slope = 9830 if activation is Activation.LEAKY_RELU else 0
    table = np.sort(rng.integers(stored.low, stored.high + 1, 256, np.int32)) if curved else None
    arrays = weight.astype(np.int16), bias.astype(np.int32)
    ends = low.astype(np.int32), high.astype(np.int32)
    return IntegerDense(*arrays, scaling, activation, stored, *ends, zero, slope, table)


def corners(network: IntegerNetwork, count: int) -> I64:
    """Inputs of which most are at the ends of their intervals."""
    rng, (low, high) = np.random.default_rng(1), network.input_ends
    ends = np.where(rng.random((count, network.inputs)) < 0.5, low, high)
    between = rng.integers(low, high + 1, (count, network.inputs))
    return np.concatenate(([low, high], np.where(rng.random(ends.shape) < 0.7, ends, between)))


@pytest.mark.parametrize("multiplies", [False, True], ids=["shift", "multiplier"])
@pytest.mark.parametrize("activation", list(Activation), ids=lambda activation: activation.value)
@each_format
def test_every_format_activation_and_scaling_is_proved_and_right(
    stored: IntegerFormat, activation: Activation, multiplies: bool
):
    for seed, target in enumerate(TARGETS):
        network = network_of(stored, activation, multiplies, seed)
        program = select_integers(network, target, QUICK).program
        check_integer_program(program)
        inputs = corners(network, 20)
        wanted = run_integers(network, inputs).tolist()
        assert [run_integer_lines(program, row) for row in inputs.tolist()] == wanted


@pytest.mark.parametrize("given", [UINT8, INT8, INT16], ids=lambda given: given.name)
@each_format
def test_every_format_of_inputs_and_outputs_goes_through_the_core(given: IntegerFormat, stored: IntegerFormat):
    activation = {UINT8: Activation.SIGMOID, INT8: Activation.TANH, INT16: Activation.LINEAR}[stored]
    network = network_of(stored, activation, True, 3, given)
    program = select_integers(network, TARGETS[0], QUICK).program
    inputs = corners(network, 8)
    running = Running(program)
    assert running.outputs(inputs).tolist() == run_integers(network, inputs).tolist()
    lines, _ = running.cycles(inputs[0])
    assert lines == program.line_cycles


@each_target
@pytest.mark.parametrize("largest", [1 << 7, 1 << 20, (1 << 23) - 1, 1 << 27, (1 << 30) - 256])
def test_a_product_by_digits_is_that_of_tensorflow_lite_to_the_bit(target, largest: int):
    rng = np.random.default_rng(largest)
    sums = np.unique(
        np.clip([-largest, largest, -1, 0, 1, *rng.integers(-largest, largest + 1, 20)], -largest, largest)
    )
    for multiplier in (0, *EDGES, *rng.integers(1 << 30, 1 << 31, 40).tolist()):
        writer = Writer(target, -1)
        write_product(writer, multiplier, largest, 1, 2, 3)
        by = Multiplier(np.full(len(sums), multiplier), np.zeros(len(sums), np.int64))
        assert [_product(writer, value) for value in sums.tolist()] == requantise(by, sums).tolist()


def _product(writer: Writer, value: int) -> int:
    registers = [0, value & 0xFFFF_FFFF, *[0x5A5A_5A5A] * 14]
    for line in writer.rows:
        run_operation(line, registers, bytearray(), 0)
    return registers[2] - (registers[2] >> 31 << 32)


def test_digits_add_up_and_a_slow_multiplier_gets_none_but_ones():
    for number in (*EDGES, *np.random.default_rng(0).integers(1, 1 << 31, 100).tolist()):
        for most, cycles in ((255, 1), (3, 1), (255, 32)):
            digits = multiplier_digits(number, most, cycles)
            assert sum(digit << at for at, digit in digits) == number
            assert [at for at, _ in digits] == sorted({at for at, _ in digits})
            assert max(abs(digit) for _, digit in digits) <= (1 if cycles > 1 else most)


def test_bytes_with_a_sign_are_stored_without_where_two_of_them_share_a_word():
    network = network_of(INT8, Activation.RELU, False, 0, UINT8)
    lifted = without_sign(network, 0)
    assert lifted is not None
    assert lifted.source(1) is UINT8
    assert without_sign(network, 1) is None
    assert without_sign(lifted, 0) is None
    inputs = corners(network, 50)
    assert run_integers(lifted, inputs).tolist() == run_integers(network, inputs).tolist()
    found = select_integers(network, TARGETS[0], QUICK)
    assert [scheme.name for scheme in found.schemes] == ["products", "products"]
    assert found.program.network is network


def changed(program: IntegerProgram) -> Iterator[IntegerProgram]:
    """Copies with a line left out, or with its number, its shift or an operand another."""
    lines = program.lines
    for at, op in enumerate(map(Op, lines["op"].tolist())):
        yield program.with_lines(np.delete(lines, at))
        for name in sorted({"number", "by", "a", "b"} & {*op.operands.names}):
            copy = lines.copy()
            copy[name][at] += 1 if at % 2 else -1
            yield program.with_lines(copy)


@pytest.mark.parametrize("activation", [Activation.LINEAR, Activation.LEAKY_RELU, Activation.TANH])
def test_no_changed_program_is_accepted_and_wrong_for_any_input(activation: Activation):
    network = _of_one_input(activation)
    program = select_integers(network, TARGETS[0], QUICK).program
    check_integer_program(program)
    inputs = np.arange(INT8.low, INT8.high + 1)[:, None]
    wanted = run_integers(network, inputs).tolist()
    refused = 0
    for copy in changed(program):
        try:
            check_integer_program(copy)
        except InvariantError:
            refused += 1
            continue
        assert [run_integer_lines(copy, row) for row in inputs.tolist()] == wanted
    assert refused > len(program.lines)


def _of_one_input(activation: Activation) -> IntegerNetwork:
    """Two neurons on one input, scaled by multipliers, and their sum."""
    rng = np.random.default_rng(5)
    slope = 328 if activation is Activation.LEAKY_RELU else 0
    table = np.sort(rng.integers(-128, 128, 256, np.int32)) if activation is Activation.TANH else None
    scaling = Multiplier(np.array([1518500250, 1999999999]), np.array([-5, 1]))
    arrays = np.array([[93], [-1]], np.int16), np.array([-411, 17], np.int32)
    ends = np.full(2, -128, np.int32), np.full(2, 127, np.int32)
    hidden = IntegerDense(*arrays, scaling, activation, INT8, *ends, -3, slope, table)
    sums = np.full(1, INT32.low, np.int32), np.full(1, INT32.high, np.int32)
    last = IntegerDense(np.array([[1, -3]], np.int16), np.array([7], np.int32), None, Activation.LINEAR, INT32, *sums)
    ones = np.ones(1), np.zeros(1, np.int32)
    return IntegerNetwork((hidden, last), InputDomain.uniform(1, -128, 127), (1,), INT8, *ones, *ones)
