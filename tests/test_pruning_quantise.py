"""Networks on grids of cheap weights, and in integers, without data: what holds of every such result."""

from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.errors import InputError
from armlet.formats.read import read_any_network
from armlet.integer.bounds import integer_bounds
from armlet.integer.interpret import evaluate
from armlet.integer.network import IntegerNetwork
from armlet.integer.price import PRICES, signed_digits
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.pruning.checkpoint import Partial
from armlet.pruning.geometry.architecture import Architecture, Sums
from armlet.pruning.geometry.functional import evaluate as evaluate_at
from armlet.pruning.geometry.functional import point_of
from armlet.pruning.geometry.metric import OutputMetric
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.quantise.formats import ActivationFormat, WeightFormat
from armlet.pruning.quantise.grid import Grid, grid_of
from armlet.pruning.quantise.integers import coarser_units
from armlet.pruning.quantise.prepare import Prepared, prepare
from armlet.pruning.quantise.rounds import float_network
from armlet.pruning.quantise.snap import has_free_steps
from armlet.pruning.reference import draw_references
from armlet.pruning.sparsify import Sparsified, sparsify
from generators.perceptrons import initialised

QUICK = SparsifyOptions(
    sparsity=0.3,
    epochs=2,
    steps=20,
    batch=32,
    draws=512,
    judged=128,
    validation=128,
    inputs="uniform",
    rounds=3,
    rest=1,
)
SNAPPED = (WeightFormat.INT16, WeightFormat.INT8, WeightFormat.POW2, WeightFormat.TERNARY)
INTEGERS = (ActivationFormat.INT8, ActivationFormat.INT16)
CURVED = (Activation.SIGMOID, Activation.TANH)


def perceptron(hidden: Activation = Activation.RELU, last: Activation = Activation.LINEAR) -> Network:
    network = initialised((16, 12, 8, 4), 1, (4, 4))
    *before, end = network.dense
    layers = (*(replace(layer, activation=hidden, slope=0.25) for layer in before), replace(end, activation=last))
    return replace(network, layers=layers)


def prepared_for(network: Network, weights: WeightFormat, activations: ActivationFormat) -> Prepared:
    inputs = draw_references(network, QUICK, "uniform", OutputMetric.LOGITS)
    return prepare(network, point_of(network), inputs, activations, grid_of(weights, 4))


weights_of = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(size=(5, 9)))


@given(weights_of, st.sampled_from(SNAPPED))
def test_the_nearest_value_is_on_the_grid_and_no_other_is_nearer(weight: np.ndarray, kind: WeightFormat):
    grid, importance = grid_of(kind, 4), np.ones(9)
    step = grid.binary_steps(weight, importance, np.zeros(5))
    assert (np.exp2(np.rint(np.log2(step))) == step).all()
    value = grid.nearest(weight, step)
    whole = value / step[:, None]
    assert (np.rint(whole) == whole).all()
    assert np.abs(whole).max() <= grid.largest
    every = [n for n in range(grid.largest + 1) if not grid.powers or n & (n - 1) == 0] if grid.largest < 999 else [0]
    if len(every) > 1:
        all_values = np.array(sorted({*every, *(-n for n in every)})) * step[:, None, None]
        assert np.allclose(np.abs(value - weight), np.abs(all_values - weight[:, :, None]).min(axis=2))


@given(weights_of, st.sampled_from(SNAPPED), st.floats(1e-3, 10))
def test_steps_are_never_below_the_least_that_is_asked(weight: np.ndarray, kind: WeightFormat, least: float):
    grid, floor = grid_of(kind, 4), np.full(5, least)
    assert (grid.binary_steps(weight, np.ones(9), floor) >= floor).all()
    assert (grid.free_steps(weight, np.ones(9), floor) >= floor).all()


@given(weights_of)
def test_a_free_step_loses_no_more_than_a_power_of_two(weight: np.ndarray):
    grid, importance = Grid(8, powers=True), np.linspace(0.1, 1, 9)
    free, binary = (f(weight, importance, np.zeros(5)) for f in (grid.free_steps, grid.binary_steps))
    assert (grid.error(weight, free, importance) <= grid.error(weight, binary, importance) * (1 + 1e-9)).all()


@pytest.mark.parametrize("hidden", Activation, ids=lambda a: a.value)
@pytest.mark.parametrize("activations", ActivationFormat, ids=lambda a: a.value)
def test_a_prepared_network_computes_the_same_function(hidden: Activation, activations: ActivationFormat):
    """But for the rounding of its inputs, which `taken` shows."""
    network = perceptron(hidden)
    prepared = prepared_for(network, WeightFormat.POW2, activations)
    x = prepared.inputs.validation.x
    scale = prepared.input
    raw = np.asarray(x, np.float64) * scale.spread + scale.mean
    found = evaluate_at(prepared.point, x, prepared.inputs.shape.architecture)
    assert np.allclose(np.asarray(found), network(raw), atol=2e-5)
    assert np.allclose(float_network(network, prepared.point, prepared, {})(raw), network(raw), atol=2e-5)


@pytest.mark.parametrize("activations", INTEGERS, ids=lambda a: a.value)
@pytest.mark.parametrize("hidden", [Activation.RELU, Activation.LINEAR, Activation.LEAKY_RELU], ids=lambda a: a.value)
def test_values_fill_their_format_and_no_value_drawn_leaves_it(hidden: Activation, activations: ActivationFormat):
    network = perceptron(hidden)
    prepared = prepared_for(network, WeightFormat.INT8, activations)
    x = np.asarray(prepared.inputs.training.x)
    for (weight, bias), layer, stored in zip(prepared.point[:-1], network.dense, prepared.stored[1:]):
        alone = Architecture((Sums(layer.activation, layer.slope),), ((0,),))
        x = np.asarray(evaluate_at(((weight, bias),), jnp.asarray(x), alone))
        high, low = x.max(axis=0) / stored.high, x.min(axis=0) / stored.low if stored.low < 0 else 0 * x.min(axis=0)
        filled = np.maximum(high, low)
        assert (filled <= 1 + 1e-6).all()
        assert (filled > 0.5 - 1e-6).all()


def test_inputs_with_a_normalisation_keep_their_weights_on_the_grid(tmp_path: Path):
    network = perceptron()
    domain = InputDomain.uniform(16, -1.0, 3.0, np.linspace(0, 1, 16), np.linspace(0.1, 5, 16))
    network = replace(network, domain=domain)
    made = sparsify(network, replace(QUICK, weights=WeightFormat.POW2)).network
    assert made.domain.is_normalised
    first = np.abs(made.dense[0].weight[made.dense[0].weight != 0])
    assert (np.frexp(first)[0] == 0.5).all()


@pytest.mark.parametrize("kind", SNAPPED, ids=lambda k: k.value)
def test_weights_of_a_float_result_lie_on_the_grid(kind: WeightFormat):
    made = sparsify(perceptron(), replace(QUICK, weights=kind)).network
    assert isinstance(made, Network)
    grid = grid_of(kind, 4)
    for layer in made.dense:
        weight = layer.weight.astype(np.float64)
        for row in weight:
            values = np.abs(row[row != 0])
            if grid.powers and len(values):
                ratio = values / values.min()
                assert np.allclose(ratio, np.exp2(np.rint(np.log2(ratio))), rtol=1e-6)
                assert ratio.max() <= grid.largest * (1 + 1e-6)
    for layer in made.dense[:-1]:
        if grid.powers:
            assert (np.frexp(np.abs(layer.weight[layer.weight != 0]))[0] == 0.5).all()
        else:
            mantissa = np.frexp(layer.weight.astype(np.float64))[0] * 2.0 ** (7 if kind is WeightFormat.INT8 else 15)
            assert (mantissa == np.rint(mantissa)).all()


@pytest.mark.parametrize("activations", INTEGERS, ids=lambda a: a.value)
@pytest.mark.parametrize("hidden", Activation, ids=lambda a: a.value)
def test_integers_stay_near_the_float_network_that_they_round(hidden: Activation, activations: ActivationFormat):
    """int16 weights round next to nothing; half a unit of each value, through weights, is what is left."""
    network = perceptron(hidden)
    asked = replace(QUICK, sparsity=0.0, weights=WeightFormat.INT16, activations=activations)
    made = sparsify(network, asked).network
    assert isinstance(made, IntegerNetwork)
    integer_bounds(made)
    x = network.domain.draw(np.random.default_rng(2), 200)
    spread = network(x).std(axis=0)
    away = (np.abs(evaluate(made, x) - network(x)) / spread).mean()
    tables = hidden in CURVED  # asked with 8 bits, whatever they store
    assert away < (0.1 if tables else 0.05 if activations is ActivationFormat.INT8 else 0.003)


@pytest.mark.parametrize("last", Activation, ids=lambda a: a.value)
def test_a_last_layer_with_an_activation_is_stored_in_its_own_unit(last: Activation):
    network = perceptron(last=last)
    made = sparsify(network, replace(QUICK, sparsity=0.0, activations=ActivationFormat.INT8)).network
    assert isinstance(made, IntegerNetwork)
    x = network.domain.draw(np.random.default_rng(2), 200)
    away = np.abs(evaluate(made, x) - network(x)).mean() / network(x).std()
    assert away < 0.1
    assert (made.dense[-1].requantisation is None) == (last is Activation.LINEAR)


@pytest.mark.parametrize("kind", [WeightFormat.POW2, WeightFormat.TERNARY], ids=lambda k: k.value)
def test_sums_of_powers_of_two_on_bytes_fit_24_bits(kind: WeightFormat):
    asked = replace(QUICK, weights=kind, activations=ActivationFormat.INT8)
    made = sparsify(perceptron(), asked).network
    assert isinstance(made, IntegerNetwork)
    for layer, bounds in zip(made.dense, integer_bounds(made)):
        assert bounds.sum_low.min() >= -(2**23)
        assert bounds.sum_high.max() < 2**23
        sizes = np.abs(layer.weight[layer.weight != 0])
        assert ((sizes & (sizes - 1)) == 0).all()


def facts(result: Sparsified) -> tuple[object, ...]:
    """All that a run gives, but for its seconds."""
    kept = {share: (n.digest(), dict(n.provenance)) for share, n in result.path.items()}
    epochs = [replace(epoch, seconds=0.0) for epoch in result.trace.epochs]
    return result.network.digest(), dict(result.network.provenance), kept, epochs, dict(result.trace.settings)


PATH = replace(QUICK, sparsity=0.5, path=(0.3,), weights=WeightFormat.POW2, activations=ActivationFormat.INT8)
BUDGET = replace(QUICK, sparsity=None, max_distance=0.45, epochs=4, weights=WeightFormat.POW2)


@pytest.mark.parametrize("asked", [PATH, BUDGET], ids=["path", "budget"])
def test_a_run_broken_at_any_epoch_goes_on_to_the_same_bytes(asked: SparsifyOptions, tmp_path: Path):
    whole = facts(sparsify(perceptron(), asked))
    epochs = whole[3]
    assert isinstance(epochs, list)
    for number in range(1, len(epochs) + 1):

        def watch(now, _, number=number):
            if now.number == number:
                raise KeyboardInterrupt
            return {}

        partial = tmp_path / str(number)
        with pytest.raises(KeyboardInterrupt):
            sparsify(perceptron(), asked, watch, partial=Partial(partial))
        assert facts(sparsify(perceptron(), asked, partial=Partial(partial, resume=True))) == whole


def test_the_networks_of_the_path_are_on_the_grid_too():
    result = sparsify(perceptron(), PATH)
    assert isinstance(result.path[0.3], IntegerNetwork)
    assert result.path[0.3].sparsity == pytest.approx(0.3, abs=0.02)
    assert result.network.sparsity == pytest.approx(0.5, abs=0.02)
    assert result.trace.distance == result.network.provenance["sparsify_distance"]


def test_the_distance_of_integers_is_their_own():
    result = sparsify(perceptron(), PATH)
    made = result.network
    assert isinstance(made, IntegerNetwork)
    dense = perceptron()
    inputs = draw_references(dense, PATH, "uniform", OutputMetric(result.trace.settings["sparsify_metric"]))
    domain = dense.domain
    found = inputs.distance_of(lambda rows: evaluate(made, rows * domain.std + domain.mean))
    assert found == pytest.approx(result.trace.distance, rel=1e-3)


def test_a_budget_holds_for_the_network_on_its_grid():
    result = sparsify(perceptron(), BUDGET)
    assert result.trace.distance <= 0.45
    assert result.network.sparsity > 0


def test_a_budget_that_the_dense_network_alone_meets_on_its_grid_gives_that():
    dense = sparsify(perceptron(), replace(BUDGET, max_distance=None, sparsity=0.0)).trace.distance
    result = sparsify(perceptron(), replace(BUDGET, max_distance=dense * 1.05))
    assert result.trace.distance <= dense * 1.05
    assert result.network.sparsity < 0.2  # of zeros on the grid, none removed


def test_a_budget_that_no_grid_meets_is_refused_with_what_would_do():
    asked = replace(BUDGET, max_distance=0.01, weights=WeightFormat.TERNARY)
    with pytest.raises(InputError, match=r"--max-distance: 0.01 is less than the grid of ternary alone costs; allow 0"):
        sparsify(perceptron(), asked)


def test_integers_of_undeclared_inputs_are_refused_before_anything_is_drawn():
    network = replace(perceptron(), domain=InputDomain.undeclared(16))
    with pytest.raises(InputError, match="nobody declared their intervals; --declare low=0,high=1"):
        sparsify(network, replace(QUICK, activations=ActivationFormat.INT8))


def test_float_weights_of_integer_activations_are_refused():
    with pytest.raises(InputError, match="--weights: are float32, and activations int8"):
        replace(QUICK, weights=WeightFormat.FLOAT32, activations=ActivationFormat.INT8)


def test_a_neuron_without_a_way_in_keeps_its_constant():
    network = perceptron()
    first, *rest = network.dense
    weight = np.array(first.weight)
    weight[3] = 0
    network = replace(network, layers=(Dense(weight, np.abs(first.bias) + np.float32(0.5), first.activation), *rest))
    made = sparsify(network, replace(QUICK, sparsity=0.1, activations=ActivationFormat.INT8)).network
    assert isinstance(made, IntegerNetwork)
    x = network.domain.draw(np.random.default_rng(2), 100)
    assert np.abs(evaluate(made, x) - network(x)).mean() / network(x).std() < 0.3


def test_only_a_linear_last_layer_has_steps_of_its_own():
    assert has_free_steps(prepared_for(perceptron(), WeightFormat.POW2, ActivationFormat.INT8))
    last = perceptron(last=Activation.SIGMOID)
    assert not has_free_steps(prepared_for(last, WeightFormat.POW2, ActivationFormat.INT8))


def test_integers_written_by_a_run_are_read_back(tmp_path: Path):
    from armlet.formats.params import write_params

    made = sparsify(perceptron(), PATH).network
    write_params(made, tmp_path / "P")
    assert read_any_network(tmp_path / "P").digest() == made.digest()


def test_signed_digits_are_the_fewest():
    fewest = {0: 0}
    for digits in range(1, 5):
        for number, least in list(fewest.items()):
            if least == digits - 1:
                for step in (sign << k for k in range(9) for sign in (1, -1)):
                    fewest.setdefault(number + step, digits)
    numbers = np.arange(-127, 128)
    assert signed_digits(numbers).tolist() == [fewest[number] for number in numbers.tolist()]


def test_a_price_saves_cycles_at_less_distance_than_removing_more_does():
    asked = replace(QUICK, weights=WeightFormat.INT8, activations=ActivationFormat.INT8, steps=100, rounds=5)
    removed, priced = replace(asked, sparsity=0.39), replace(asked, target_core="cortex-m0plus")
    found: list[tuple[float, float]] = []
    for options in (removed, priced):
        made = sparsify(perceptron(), options).network
        assert isinstance(made, IntegerNetwork)
        ways = PRICES["cortex-m0plus", "integers"]
        cycles = sum(min(way.of(layer.weight)[0].sum() for way in ways) for layer in made.dense)
        found.append((cycles, made.provenance["sparsify_distance"]))
    (others, far), (cheap, near) = found
    assert cheap < 1.03 * others
    assert near < 0.9 * far


def test_powers_of_two_cost_the_same_so_a_price_changes_nothing():
    asked = replace(QUICK, weights=WeightFormat.POW2, activations=ActivationFormat.INT8)
    usual, priced = (sparsify(perceptron(), replace(asked, target_core=core)).network for core in (None, "cortex-m4"))
    assert isinstance(usual, IntegerNetwork)
    assert isinstance(priced, IntegerNetwork)
    assert all((one.weight == other.weight).all() for one, other in zip(usual.dense, priced.dense, strict=True))


def test_a_core_without_prices_and_prices_of_floats_are_refused():
    with pytest.raises(InputError, match="has no prices"):
        replace(QUICK, target_core="z80")
    with pytest.raises(InputError, match="integers alone"):
        replace(QUICK, target_core="cortex-m4")


def test_a_neuron_whose_bias_dwarfs_its_weights_takes_coarser_units():
    whole, start, shift = np.array([[4, -8], [1, 2], [0, 0]]), np.array([1 << 40, 300, 0]), np.array([33, 4, 60])
    coarse, bias, by = coarser_units(whole, start, shift, 255, 1 << 23)
    sums = np.abs(bias) + np.abs(coarse).sum(axis=1) * 255 + (1 << by >> 1)
    assert (sums < 1 << 23).all()
    assert (coarse[1].tolist(), bias[1], by[1]) == ([1, 2], 300, 4)
    assert bias[0] / 2.0 ** by[0] == (1 << 40) / 2.0**33
