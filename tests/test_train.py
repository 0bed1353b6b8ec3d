"""Training learns, repeats itself for a seed, and never looks at the test rows."""

from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.data.dataset import DataSet, make_dataset
from armlet.data.digits import read_digits
from armlet.errors import InputError
from armlet.formats.params import read_params, write_params
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Weighted
from armlet.network.network import Network
from armlet.network.topology import Topology
from armlet.train.options import Epoch, TrainOptions
from armlet.train.planes import small_stack, train_stack
from armlet.train.trainer import train_network

TOPOLOGY = Topology(8, (24, 16, 10))
SHORT = TrainOptions(epochs=12)


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return make_dataset(read_digits(10, seed=0), TOPOLOGY)


def test_the_digits_are_learnt_with_the_default_options(digits: DataSet):
    network = train_network(digits, TOPOLOGY)
    accuracy = (network(digits.test_inputs).argmax(axis=1) == digits.test_labels).mean()
    assert accuracy > 0.94
    assert network.widths == (64, 24, 16, 10)
    assert network.shape == (8, 8)
    assert [layer.activation for layer in network.dense] == [Activation.RELU] * 2 + [Activation.LINEAR]
    assert network.domain.is_normalised
    assert (network.domain.low == 0).all()
    assert (network.domain.high == 1).all()


def test_a_seed_decides_every_bit(digits: DataSet):
    first, again, other = (train_network(digits, TOPOLOGY, replace(SHORT, seed=seed)).digest() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_test_rows_change_no_byte(digits: DataSet, tmp_path: Path):
    flipped = replace(digits, test_inputs=1 - digits.test_inputs, test_labels=digits.test_labels[::-1].copy())
    for name, data in (("a", digits), ("b", flipped)):
        write_params(train_network(data, TOPOLOGY, SHORT), tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_where_a_network_came_from_is_written_beside_it(digits: DataSet, tmp_path: Path):
    seen: list[Epoch] = []
    network = train_network(digits, TOPOLOGY, replace(SHORT, seed=7), seen.append)
    write_params(network, tmp_path / "P")
    provenance = read_params(tmp_path / "P").provenance
    assert provenance["seed"] == 7
    assert provenance["epochs"] == 12
    chosen = seen[provenance["chosen_epoch"] - 1]
    assert provenance["validation_accuracy"] == pytest.approx(max(epoch.accuracy for epoch in seen), abs=1e-6)
    assert provenance["validation_accuracy"] == pytest.approx(chosen.accuracy, abs=1e-6)


def test_it_stops_early_when_nothing_gets_better(digits: DataSet):
    seen: list[Epoch] = []
    train_network(digits, TOPOLOGY, TrainOptions(epochs=60, patience=2, rate=1e-9), seen.append)
    assert len(seen) < 60
    assert seen[-3].best == seen[-1].best


def test_a_diverging_rate_is_refused_and_named(digits: DataSet):
    wild = replace(digits, train_inputs=digits.train_inputs * np.float32(3e38))
    with pytest.raises(InputError, match="makes the training diverge"):
        train_network(wild, TOPOLOGY, replace(SHORT, rate=0.9))


def test_the_interval_of_the_inputs_covers_the_rows(digits: DataSet):
    shifted = replace(digits, train_inputs=digits.train_inputs * 4 - 1)
    network = train_network(shifted, TOPOLOGY, replace(SHORT, epochs=1))
    assert (network.domain.low == -1).all()
    assert (network.domain.high == 3).all()


def test_a_data_set_that_does_not_fit_the_topology_is_refused(digits: DataSet):
    with pytest.raises(InputError, match="has 64 inputs, the topology's side 5 gives 25"):
        train_network(digits, Topology(5, (10,)), SHORT)
    with pytest.raises(InputError, match="has class 9, the topology gives 9"):
        train_network(digits, Topology(8, (9,)), SHORT)


def test_the_smallest_training_set_trains():
    two = np.array([[0.0], [1.0]], np.float32)
    data = DataSet(two, np.array([0, 1]), two, np.array([0, 1]))
    network = train_network(data, Topology(1, (3, 2)), SHORT)
    assert network.widths == (1, 3, 2)


@given(st.integers(1, 10**6))
def test_the_steps_of_the_default_options_are_bounded_whatever_the_rows(samples: int):
    options = TrainOptions().for_samples(samples)
    assert 1 <= options.batch <= min(128, samples)
    assert 15 <= options.epochs <= 150
    assert 0 < options.rate < 1
    assert options.for_samples(samples) == options


@pytest.mark.parametrize(
    "wrong", [{"epochs": -1}, {"batch": -1}, {"rate": 1.0}, {"decay": -0.1}, {"validation": 0.0}, {"patience": -1}]
)
def test_options_that_make_no_sense_are_refused_by_name(wrong: dict[str, float]):
    with pytest.raises(InputError) as caught:
        TrainOptions(**wrong)  # pyright: ignore[reportArgumentType]
    assert str(caught.value).startswith(f"--{next(iter(wrong))}: ")


def test_a_convolutional_network_learns_and_a_seed_decides_every_bit(digits: DataSet):
    options = replace(SHORT, epochs=8)
    network, again = (train_stack(digits, small_stack(8, 10), options) for _ in range(2))
    assert (network(digits.test_inputs).argmax(axis=1) == digits.test_labels).mean() > 0.85
    assert network.digest() == again.digest()
    assert network.shape == (1, 8, 8)


def test_what_is_trained_is_the_network_that_is_given(digits: DataSet):
    """The logits that JAX makes of windows are those of the network in float64, but for rounding."""
    stack = small_stack(8, 10)
    parameters = stack.start(np.random.default_rng(3))
    given = iter(parameters)
    layers = tuple(
        replace(layer, weight=np.asarray((both := next(given))[0]), bias=np.asarray(both[1]))
        if isinstance(layer, Weighted)
        else layer
        for layer in stack.layers
    )
    network = Network(layers, InputDomain.uniform(64, 0, 1), stack.shape)
    x = digits.test_inputs[:50]
    assert np.abs(np.asarray(stack(parameters, jnp.asarray(x))) - network(x)).max() < 1e-5


def test_a_convolutional_network_never_sees_the_test_rows(digits: DataSet):
    flipped = replace(digits, test_inputs=1 - digits.test_inputs, test_labels=digits.test_labels[::-1].copy())
    made = [train_stack(data, small_stack(8, 10), replace(SHORT, epochs=2)).digest() for data in (digits, flipped)]
    assert made[0] == made[1]


def test_a_data_set_of_another_side_or_more_classes_is_refused(digits: DataSet):
    for stack in (small_stack(9, 10), small_stack(8, 9)):
        with pytest.raises(InputError, match="data set: has 64 inputs and classes to 9"):
            train_stack(digits, stack, SHORT)
