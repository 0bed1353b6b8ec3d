"""Additions that sparsify makes part of a convolution: which, and that nothing is lost by it."""

from dataclasses import replace

import numpy as np
import pytest

from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerAdd, IntegerConv
from armlet.integer.network import IntegerNetwork
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Add, Conv, Dense, Depthwise, Reshape
from armlet.network.network import Network
from armlet.pruning.quantise import layers
from armlet.pruning.quantise.formats import WeightFormat
from armlet.pruning.quantise.layers import integer_windows
from armlet.pruning.quantise.residuals import Addition, additions_of, with_residual
from armlet.pruning.sparsify import sparsify
from generators.layered import LINEAR, RELU, zeros
from quantised_windows import BYTES, farthest, followed, onto_grid, prepared_of, real_inputs, stored_rows


def residuals(activation: Activation = LINEAR, times: float = 1.0) -> Network:
    """Two blocks: around one convolution, whose weights are so many times as large, and with one on either side."""
    random = np.random.default_rng(0)

    def some(*size: int, times: float = 1.0) -> np.ndarray:
        return (times * random.standard_normal(size) * np.sqrt(2 / np.prod(size[1:]))).astype(np.float32)

    same = (1, 1, 1, 1)
    made = (
        Conv(some(4, 3, 3, 3), zeros(4), RELU, padding=same),
        Conv(some(4, 4, 3, 3, times=times), zeros(4), activation, padding=same),
        Add(RELU),
        Depthwise(some(4, 3, 3), zeros(4), activation, padding=same),
        Conv(some(4, 4, 1, 1), zeros(4), LINEAR),
        Add(LINEAR),
        Reshape(),
        Dense(some(6, 256), zeros(6), LINEAR),
    )
    wiring = ((0,), (1,), (1, 2), (3,), (3,), (4, 5), (6,), (7,))
    return Network(made, InputDomain.uniform(192, 0, 255, 120, 60), (3, 8, 8), wiring=wiring)


def test_an_addition_goes_to_the_convolution_of_more_weights() -> None:
    assert additions_of(residuals()) == {3: [Addition(2, 1)], 6: [Addition(4, 5), Addition(5, 4)]}
    assert additions_of(residuals(RELU)) == {3: [], 6: [Addition(5, 4)]}
    network = residuals()
    twice = replace(network, wiring=(*network.wiring[:3], (2,), *network.wiring[4:]))  # what is taken twice is stored
    assert additions_of(twice)[3] == []


def lowered(network: Network, kind: WeightFormat = WeightFormat.INT8) -> IntegerNetwork:
    prepared = prepared_of(network, kind)
    assert prepared is not None
    return integer_windows(network, onto_grid(prepared), prepared, {})


def test_sums_hold_what_was_added_and_layers_are_numbered_anew() -> None:
    made = lowered(residuals())
    assert not any(isinstance(layer, IntegerAdd) for layer in made.layers)
    assert made.sources == ((0,), (1, 1), (2,), (2, 3), (4,), (5,))
    first = made.layers[1]
    assert isinstance(first, IntegerConv)
    assert first.body.activation is RELU


@pytest.mark.parametrize("kind", [WeightFormat.INT8, WeightFormat.POW2])
def test_sums_are_the_real_numbers_within_the_steps_of_what_is_stored(kind: WeightFormat) -> None:
    network = residuals()
    prepared = prepared_of(network, kind)
    assert prepared is not None
    at, rows = onto_grid(prepared), stored_rows(prepared, 12)
    made = integer_windows(network, at, prepared, {})
    bound = followed(network, at, prepared, real_inputs(prepared, rows))
    assert farthest(made, rows, bound) <= bound.error


def test_a_network_comes_no_farther_from_the_dense_one_than_with_additions(monkeypatch: pytest.MonkeyPatch) -> None:
    network = residuals()
    fused = sparsify(network, BYTES)
    monkeypatch.setattr(layers, "additions_of", lambda _: {})
    plain = sparsify(network, BYTES)
    assert isinstance(plain.network, IntegerNetwork)
    assert sum(isinstance(layer, IntegerAdd) for layer in plain.network.layers) == 2
    assert fused.trace.distance <= plain.trace.distance
    rows = np.random.default_rng(0).integers(-128, 128, (50, 192))
    one, other = (made.real(run_integers(made, rows)) for made in (fused.network, plain.network))
    assert np.abs(one - other).max() < 0.1 * np.abs(other).max()


def test_what_a_whole_number_does_not_hold_stays_an_addition() -> None:
    """Values so small beside those of the convolution that their constant would be a small number."""
    made = lowered(residuals(times=100))
    assert [type(layer) for layer in made.layers[:3]] == [IntegerConv, IntegerConv, IntegerAdd]


@pytest.mark.parametrize(
    ("times", "bias", "fits"),
    [(300.2, 0, True), (40_000.0, 0, False), (20.4, 0, False), (25_000.0, 0, True), (25_000.0, 4_000_000, False)],
)
def test_sums_that_leave_their_field_stay_an_addition(times: float, bias: int, fits: bool) -> None:
    made = lowered(residuals(RELU)).layers[1]
    assert isinstance(made, IntegerConv)
    made = replace(made, body=replace(made.body, weight=made.body.weight * 0, bias=made.body.bias * 0 + bias))
    found = with_residual(made, np.full(4, times), -50)
    assert (found is not None) == fits
    if found is not None:
        assert found.residual is not None
        assert (found.residual == round(times)).all()
        assert (found.body.bias == 50 * round(times)).all()
