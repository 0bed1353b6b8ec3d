"""No output hides behind another: values are measured each in its own spread, and told from scores by a rule."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from armlet.manifold.functional import activations_of, point_of
from armlet.manifold.inputs.parse import input_model
from armlet.manifold.metric import STEADY, OutputMetric, Shape, distance, own_distances, refer
from armlet.manifold.options import SparsifyOptions
from armlet.manifold.purpose import FEW, UNEQUAL, default_metric, purpose
from armlet.manifold.sparsify import sparsify
from armlet.network.activation import Activation
from armlet.network.network import Network, multilayer_perceptron
from armlet.network.outputs import OutputKind
from generators.perceptrons import random_network

LAW = input_model("wide")
RUN = SparsifyOptions(epochs=8, steps=60, batch=64, draws=2048, judged=512, validation=512)


def network(spreads: tuple[float, ...], inputs: int = 6, seed: int = 0) -> Network:
    """Outputs that vary independently, each with a spread of about its own."""
    first, last = random_network((inputs, 16, len(spreads)), seed=seed).layers
    scale = np.array(spreads) / 5
    return multilayer_perceptron([first.weight, last.weight * scale[:, None]], [first.bias / 2, last.bias * scale])


@pytest.mark.parametrize("spreads", [(3578.0, 0.0047), (1.0, 1e-6, 1e4)])
@pytest.mark.parametrize("kind", [None, OutputKind.VALUES])
def test_a_small_output_keeps_what_it_says(spreads, kind):
    """Measured with all others in one unit, it loses everything at a distance near 0."""
    values = replace(network(spreads), output=kind)
    result = sparsify(values, replace(RUN, max_distance=0.1))
    assert result.trace.settings["sparsify_metric"] == "values"
    raw = LAW(values, 2000, 9)
    home, there = values(raw), result.network(raw)
    own = np.sqrt(((there - home) ** 2).mean(axis=0)) / home.std(axis=0)
    assert result.network.sparsity > 0.05
    assert own.max() < 0.3
    last = result.trace.last
    assert last is not None
    assert last.worst_distance is not None
    assert last.worst_distance == pytest.approx(own[last.worst_output], rel=0.3)
    together = sparsify(values, replace(RUN, max_distance=0.1, metric=OutputMetric.LOGITS))
    assert together.trace.last is not None
    assert together.trace.last.worst_distance is not None
    assert together.trace.last.worst_distance > 0.4 > last.worst_distance


def test_the_distance_of_values_is_that_of_their_mean_output_and_has_no_unit():
    values = network((1.0, 2.0, 3.0))
    shape, home = Shape(activations_of(values), OutputMetric.VALUES), point_of(values)
    x = jnp.asarray(LAW(values, 500, 0))
    reference = refer(home, x, shape)
    moved = (*home[:-1], (home[-1][0] * 1.1, home[-1][1] + 0.1))
    own = own_distances(moved, reference, shape)
    assert distance(moved, reference, shape) ** 2 == pytest.approx(float((own**2).mean()), rel=1e-4)
    scale = jnp.asarray([1e-6, 1.0, 1e5])[:, None]
    grown = tuple((w * scale, b * scale[:, 0]) for w, b in (home[-1], moved[-1]))
    rescaled = refer((*home[:-1], grown[0]), x, shape)
    assert distance((*home[:-1], grown[1]), rescaled, shape) == pytest.approx(
        distance(moved, reference, shape), rel=1e-4
    )


def test_an_output_that_never_varies_is_measured_in_its_size_and_one_that_is_nothing_in_one():
    values = network((1.0, 2.0, 3.0))
    weight, bias = values.layers[-1].weight.copy(), values.layers[-1].bias.copy()
    weight[1:], bias[1:] = 0, (50.0, 0.0)
    steady = replace(values, layers=(values.layers[0], replace(values.layers[-1], weight=weight, bias=bias)))
    shape, home = Shape(activations_of(steady), OutputMetric.VALUES), point_of(steady)
    reference = refer(home, jnp.asarray(LAW(steady, 500, 0)), shape)
    assert reference.unit[1:].tolist() == pytest.approx([50 * STEADY, 1.0])
    moved = (home[0], (home[1][0], home[1][1] + jnp.asarray([0.0, 0.05, 0.01])))
    np.testing.assert_allclose(own_distances(moved, reference, shape), [0, 0.1, 0.01], atol=1e-4)
    assert distance(home, reference, shape) == 0.0
    assert sparsify(steady, replace(RUN, sparsity=0.5)).trace.distance < 1


def test_a_declared_kind_decides():
    for kind, metric in ((OutputKind.SCORES, OutputMetric.TEMPERED), (OutputKind.VALUES, OutputMetric.VALUES)):
        for outputs in (FEW + 1, 9):
            assert default_metric(replace(network((1.0,) * outputs), output=kind), LAW) is metric
        for outputs in range(1, FEW + 1):
            assert default_metric(replace(network((1.0,) * outputs), output=kind), LAW) is OutputMetric.VALUES
    assert default_metric(network((1.0,) * 5), LAW) is OutputMetric.TEMPERED
    assert default_metric(network((1.0,) * 6), LAW) is OutputMetric.VALUES  # as many as inputs


def test_scores_are_fewer_than_inputs_vary_alike_and_compete():
    assert purpose(network((1.0, 1.0, 1.0)), LAW) is OutputKind.SCORES
    assert purpose(network((1.0, 3.0, 5.0)), LAW) is OutputKind.SCORES
    assert purpose(network((1.0,)), LAW) is OutputKind.VALUES
    assert purpose(network((1.0,) * 6), LAW) is OutputKind.VALUES
    assert purpose(network((1.0, 5 * UNEQUAL)), LAW) is OutputKind.VALUES


def test_outputs_that_rise_and_fall_together_or_are_bounded_are_values():
    scores = network((1.0, 1.0, 1.0))
    first, last = scores.layers
    alike = np.tile(last.weight[:1], (3, 1)) + last.weight / 5
    assert purpose(replace(scores, layers=(first, replace(last, weight=alike))), LAW) is OutputKind.VALUES
    for activation, kind in (
        (Activation.TANH, OutputKind.VALUES),
        (Activation.RELU, OutputKind.VALUES),
        (Activation.SIGMOID, OutputKind.SCORES),
    ):
        assert purpose(replace(scores, layers=(first, replace(last, activation=activation))), LAW) is kind


def test_constant_outputs_say_nothing_of_the_others():
    scores = network((1.0, 1.0, 1.0))
    weight = scores.layers[-1].weight.copy()
    weight[1] = 0
    last = replace(scores.layers[-1], weight=weight)
    assert purpose(replace(scores, layers=(scores.layers[0], last)), LAW) is OutputKind.SCORES
