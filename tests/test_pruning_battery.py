"""Whatever the network, the sparsifier ends with a network of numbers or with one line that says why not."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest

from armlet.errors import InputError
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain, domain_of
from armlet.network.frozen import F64
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.sparsify import sparsify
from generators.perceptrons import random_network

Change: TypeAlias = Callable[[list[F64], list[F64]], object]
QUICK = SparsifyOptions(sparsity=0.6, epochs=3, steps=10, batch=32, draws=512, judged=256, validation=128)
WIDTHS = (9, 8, 8, 4)


def network(
    change: Change = lambda W, B: None,
    widths: tuple[int, ...] = WIDTHS,
    domain: InputDomain | None = None,
    activation: Activation = Activation.RELU,
) -> Network:
    domain = domain or InputDomain.undeclared(widths[0])
    made = random_network(widths, 1.0, len(widths), domain, gain=1.5, bias=1 / 3, shape=widths[:1])
    W = [layer.weight.astype(np.float64) for layer in made.dense]
    B = [layer.bias.astype(np.float64) for layer in made.dense]
    change(W, B)
    kinds = [activation] * (len(W) - 1) + [Activation.LINEAR]
    layers = (Dense(w.astype(np.float32), b.astype(np.float32), kind) for w, b, kind in zip(W, B, kinds))
    return replace(made, layers=tuple(layers))


def scaled_inputs(W: list[F64], B: list[F64]) -> None:
    W[0] *= np.logspace(-6, 6, 9)


def scaled_units(W: list[F64], B: list[F64]) -> None:
    scale = np.logspace(-8, 8, 8)
    W[0], B[0], W[1] = W[0] * scale[:, None], B[0] * scale, W[1] / scale


def set_to(layer: int, rows: slice, weight: float | None, bias: float | None) -> Change:
    def change(W: list[F64], B: list[F64]) -> None:
        W[layer][rows] = W[layer][rows] if weight is None else weight
        B[layer][rows] = B[layer][rows] if bias is None else bias

    return change


def same_inputs(W: list[F64], B: list[F64]) -> None:
    W[0][:, 1:] = W[0][:, :1]


def no_inputs(W: list[F64], B: list[F64]) -> None:
    W[0][:, ::2] = 0


def lively(W: list[F64], B: list[F64]) -> None:
    for weight, bias in zip(W, B):  # so that no narrow layer is shut for good
        weight[:], bias[:] = np.abs(weight), np.abs(bias)


def low_rank(W: list[F64], B: list[F64]) -> None:
    W[1] = W[1][:, :1] @ W[1][:1]


def times(layer: int, factor: float) -> Change:
    def change(W: list[F64], B: list[F64]) -> None:
        W[layer] *= factor

    return change


SOUND = {
    "one input": network(widths=(1, 8, 8, 1)),
    "one output": network(widths=(6, 9, 1)),
    "deep and narrow": network(lively, widths=(3, *(2,) * 8, 2)),
    "one layer": network(widths=(7, 3)),
    "inputs of every size": network(scaled_inputs),
    "units of every size": network(scaled_units),
    "dead units": network(set_to(0, slice(1, None), None, -50.0)),
    "a constant output": network(set_to(-1, slice(1, 2), 0.0, 5.0)),
    "an output that is nothing": network(set_to(-1, slice(1, 2), 0.0, 0.0)),
    "inputs that are the same": network(same_inputs),
    "inputs without weights": network(no_inputs),
    "low rank": network(low_rank),
    "saturated": network(times(1, 100.0), activation=Activation.TANH),
    "an input that is a point": network(domain=InputDomain.uniform(9, [0] * 8 + [3], [1] * 8 + [3])),
    "decibels": network(domain=InputDomain.uniform(9, -84.9, 14.9)),
    "outputs whose squares leave float32": network(times(-1, 1e25)),
    "intervals of every number": network(domain=InputDomain.uniform(9, -1e30, 1e30)),
    "units of measure": network(domain=domain_of(9, None, None, np.arange(9) * 100.0, [1e-5] + [1] * 7 + [1e5])),
}
HOPELESS = {
    "everything constant": network(set_to(-1, slice(None), 0.0, None)),
    "no weight in the first layer": network(set_to(0, slice(None), 0.0, None)),
    "sums beyond float32": network(times(0, 1e38)),
    "outputs that float32 loses": network(set_to(-1, slice(None), None, 1e9)),
    "inputs that never vary": network(domain=InputDomain.uniform(9, 2, 2)),
}


@pytest.mark.parametrize("name", SOUND)
def test_every_sound_network_gives_a_network_of_numbers(name: str):
    dense = SOUND[name]
    result = sparsify(dense, QUICK)
    assert result.network.connections == dense.weights - round(0.6 * dense.weights)
    assert all(np.isfinite(layer.weight).all() and np.isfinite(layer.bias).all() for layer in result.network.dense)
    assert np.isfinite([epoch.distance for epoch in result.trace.epochs]).all()


@pytest.mark.parametrize("name", HOPELESS)
def test_what_cannot_be_measured_is_one_line(name: str):
    with pytest.raises(InputError, match="no distance can be measured") as refused:
        sparsify(HOPELESS[name], QUICK)
    assert "\n" not in str(refused.value)
