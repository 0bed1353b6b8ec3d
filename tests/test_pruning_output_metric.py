"""No output hides behind another: values are measured each in its own spread, and a rule tells them from scores."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from armlet.network.activation import Activation
from armlet.network.network import Network, multilayer_perceptron
from armlet.network.outputs import OutputKind
from armlet.pruning.geometry.architecture import architecture_of
from armlet.pruning.geometry.functional import point_of
from armlet.pruning.geometry.metric import (
    CONSTANT_UNIT,
    OutputMetric,
    Shape,
    distance,
    make_reference,
    output_distances,
)
from armlet.pruning.inputs.parse import input_model
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.output_metric import FEW_OUTPUTS, MOST_UNEQUAL, default_metric, output_kind
from armlet.pruning.sparsify import sparsify
from generators.perceptrons import random_network

SAMPLER = input_model("wide")
RUN = SparsifyOptions(epochs=8, steps=60, batch=64, draws=2048, judged=512, validation=512)


def network(spreads: tuple[float, ...], inputs: int = 6, seed: int = 0) -> Network:
    """Outputs that vary independently, each with a spread of about its own."""
    first, last = random_network((inputs, 16, len(spreads)), seed=seed).dense
    scale = np.array(spreads) / 5
    return multilayer_perceptron([first.weight, last.weight * scale[:, None]], [first.bias / 2, last.bias * scale])


@pytest.mark.parametrize("spreads", [(3578.0, 0.0047), (1.0, 1e-6, 1e4)])
@pytest.mark.parametrize("kind", [None, OutputKind.VALUES])
def test_a_small_output_keeps_what_it_says(spreads, kind):
    """Measured with all others in one unit, it loses everything at a distance near 0."""
    values = replace(network(spreads), output=kind)
    result = sparsify(values, replace(RUN, max_distance=0.1))
    assert result.trace.settings["sparsify_metric"] == "values"
    raw = SAMPLER(values, 2000, 9)
    dense, there = values(raw), result.network(raw)
    own = np.sqrt(((there - dense) ** 2).mean(axis=0)) / dense.std(axis=0)
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
    shape, dense = Shape(architecture_of(values), OutputMetric.VALUES), point_of(values)
    x = jnp.asarray(SAMPLER(values, 500, 0))
    reference = make_reference(dense, x, shape)
    moved = (*dense[:-1], (dense[-1][0] * 1.1, dense[-1][1] + 0.1))
    own = output_distances(moved, reference, shape)
    assert distance(moved, reference, shape) ** 2 == pytest.approx(float((own**2).mean()), rel=1e-4)
    scale = jnp.asarray([1e-6, 1.0, 1e5])[:, None]
    grown = tuple((w * scale, b * scale[:, 0]) for w, b in (dense[-1], moved[-1]))
    rescaled = make_reference((*dense[:-1], grown[0]), x, shape)
    assert distance((*dense[:-1], grown[1]), rescaled, shape) == pytest.approx(
        distance(moved, reference, shape), rel=1e-4
    )


def test_an_output_that_never_varies_is_measured_in_its_size_and_one_that_is_nothing_in_one():
    values = network((1.0, 2.0, 3.0))
    weight, bias = values.dense[-1].weight.copy(), values.dense[-1].bias.copy()
    weight[1:], bias[1:] = 0, (50.0, 0.0)
    steady = replace(values, layers=(values.dense[0], replace(values.dense[-1], weight=weight, bias=bias)))
    shape, dense = Shape(architecture_of(steady), OutputMetric.VALUES), point_of(steady)
    reference = make_reference(dense, jnp.asarray(SAMPLER(steady, 500, 0)), shape)
    assert reference.unit[1:].tolist() == pytest.approx([50 * CONSTANT_UNIT, 1.0])
    moved = (dense[0], (dense[1][0], dense[1][1] + jnp.asarray([0.0, 0.05, 0.01])))
    np.testing.assert_allclose(output_distances(moved, reference, shape), [0, 0.1, 0.01], atol=1e-4)
    assert distance(dense, reference, shape) == 0.0
    assert sparsify(steady, replace(RUN, sparsity=0.5)).trace.distance < 1


def test_a_declared_kind_decides():
    for kind, metric in ((OutputKind.SCORES, OutputMetric.TEMPERED), (OutputKind.VALUES, OutputMetric.VALUES)):
        for outputs in (FEW_OUTPUTS + 1, 9):
            assert default_metric(replace(network((1.0,) * outputs), output=kind), SAMPLER) is metric
        for outputs in range(1, FEW_OUTPUTS + 1):
            assert default_metric(replace(network((1.0,) * outputs), output=kind), SAMPLER) is OutputMetric.VALUES
    assert default_metric(network((1.0,) * 5), SAMPLER) is OutputMetric.TEMPERED
    assert default_metric(network((1.0,) * 6), SAMPLER) is OutputMetric.VALUES  # as many as inputs


def test_scores_are_fewer_than_inputs_vary_alike_and_compete():
    assert output_kind(network((1.0, 1.0, 1.0)), SAMPLER) is OutputKind.SCORES
    assert output_kind(network((1.0, 3.0, 5.0)), SAMPLER) is OutputKind.SCORES
    assert output_kind(network((1.0,)), SAMPLER) is OutputKind.VALUES
    assert output_kind(network((1.0,) * 6), SAMPLER) is OutputKind.VALUES
    assert output_kind(network((1.0, 5 * MOST_UNEQUAL)), SAMPLER) is OutputKind.VALUES


def test_outputs_that_rise_and_fall_together_or_are_bounded_are_values():
    scores = network((1.0, 1.0, 1.0))
    first, last = scores.dense
    alike = np.tile(last.weight[:1], (3, 1)) + last.weight / 5
    assert output_kind(replace(scores, layers=(first, replace(last, weight=alike))), SAMPLER) is OutputKind.VALUES
    for activation, kind in (
        (Activation.TANH, OutputKind.VALUES),
        (Activation.RELU, OutputKind.VALUES),
        (Activation.SIGMOID, OutputKind.SCORES),
    ):
        assert output_kind(replace(scores, layers=(first, replace(last, activation=activation))), SAMPLER) is kind


def test_constant_outputs_say_nothing_of_the_others():
    scores = network((1.0, 1.0, 1.0))
    weight = scores.dense[-1].weight.copy()
    weight[1] = 0
    last = replace(scores.dense[-1], weight=weight)
    assert output_kind(replace(scores, layers=(scores.dense[0], last)), SAMPLER) is OutputKind.SCORES
