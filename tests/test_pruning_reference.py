"""The reference inputs share their units, and the temperature falls as the distance grows."""

from dataclasses import replace
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from armlet.pruning.fine_tune import AVERAGED, fine_tune, fine_tune_chain
from armlet.pruning.geometry.functional import Point, evaluate, masks_of, point_of
from armlet.pruning.geometry.metric import OutputMetric, distance, squared_distance
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.reference import COOLEST_FROM, ReferenceInputs, draw_references, with_temperature
from armlet.pruning.sparsify import sparsify
from generators.perceptrons import initialised

QUICK = SparsifyOptions(epochs=5, steps=20, batch=32, draws=256, judged=64, validation=128, inputs="gaussian")


@pytest.fixture(scope="module")
def dense() -> Point:
    return point_of(initialised((16, 12, 8, 4), 1, (4, 4)))


def inputs_of(metric: OutputMetric) -> ReferenceInputs:
    return draw_references(initialised((16, 12, 8, 4), 1, (4, 4)), QUICK, "gaussian", metric)


def constant(dense: Point, inputs: ReferenceInputs) -> Point:
    weight, _ = dense[-1]
    return (*dense[:-1], (jnp.zeros_like(weight), inputs.training.dense.mean(axis=0)))


@pytest.mark.parametrize("far", [0.0, 0.03, 0.1, COOLEST_FROM, 0.5])
def test_constant_outputs_are_at_distance_one_at_every_temperature(dense, far):
    inputs = with_temperature(inputs_of(OutputMetric.TEMPERED), far)
    assert distance(constant(dense, inputs), inputs.training, inputs.shape) == pytest.approx(1.0, rel=1e-5)
    assert distance(dense, inputs.validation, inputs.shape) == 0.0
    units = {(float(d.spread), float(d.temperature)) for d in (inputs.training, inputs.scoring, inputs.validation)}
    assert len(units) == 1


def test_the_farther_the_cooler_and_no_cooler_than_the_coolest():
    inputs = inputs_of(OutputMetric.TEMPERED)
    found = [float(with_temperature(inputs, far).training.temperature) for far in (0.0, 0.03, 0.06, COOLEST_FROM, 0.5)]
    assert found[1:4] == pytest.approx([16 * found[3], 4 * found[3], found[3]], rel=1e-5)
    assert found[0] > found[1]
    assert found[3] == found[4] == float(inputs.training.temperature)


@pytest.mark.parametrize("metric", [OutputMetric.LOGITS, OutputMetric.FISHER])
def test_other_metrics_do_not_cool(metric):
    inputs = inputs_of(metric)
    assert with_temperature(inputs, 0.01) is inputs


def test_warm_enough_all_outputs_count_alike(dense):
    """There L is I / K - 3/4 1 1^T / K^2: on differences whose mean is zero, logits in another unit."""
    inputs = with_temperature(inputs_of(OutputMetric.TEMPERED), 0.0)
    shift = jnp.asarray([1.0, -1.0, 0.5, -0.5]) / 10
    (*_, (weight, bias)) = dense
    there = distance((*dense[:-1], (weight, bias + shift)), inputs.training, inputs.shape)
    assert there**2 * float(inputs.training.spread) == pytest.approx(float(jnp.mean(shift**2)), rel=1e-3)


def test_the_trace_holds_each_temperature():
    network = initialised((16, 12, 8, 4), 1, (4, 4))
    epochs = sparsify(network, replace(QUICK, sparsity=0.8, metric=OutputMetric.TEMPERED)).trace.epochs
    inputs = inputs_of(OutputMetric.TEMPERED)
    for before, epoch in pairwise(epochs):
        assert epoch.temperature == float(with_temperature(inputs, before.distance).training.temperature)
    assert epochs[0].temperature == float(with_temperature(inputs, 0.0).training.temperature)
    assert (
        sparsify(network, replace(QUICK, sparsity=0.8, metric=OutputMetric.LOGITS)).trace.epochs[0].temperature is None
    )


def test_fine_tuning_ends_at_the_average_of_its_steps(monkeypatch, dense):
    """Without averaging, fine-tuning ends at its last step."""
    inputs, steps = inputs_of(OutputMetric.LOGITS), 20
    masks = masks_of(initialised((16, 12, 8, 4), 1, (4, 4)))
    asked = (masks, inputs.training, jax.random.key(3), 0.05, steps, inputs.shape, 32)
    start = jax.tree.map(lambda t: 0.9 * t, dense)
    end = fine_tune(start, *asked)
    average, forget = start, 1 / (AVERAGED * steps)
    monkeypatch.setattr("armlet.pruning.fine_tune.AVERAGED", 0.0)
    monkeypatch.setattr("armlet.pruning.fine_tune.jax.lax.fori_loop", lambda _low, _high, *asked: looped(*asked))
    passed: list[Point] = []

    def looped(body, state):
        for number in range(steps):
            state = body(jnp.asarray(number), state)
            passed.append(state[0])
        return state

    last = fine_tune_chain.__wrapped__(start, *asked)  # pyright: ignore[reportFunctionMemberAccess, reportAttributeAccessIssue]
    for here in passed:
        average = jax.tree.map(lambda m, h: m + forget * (h - m), average, here)
    for got, wanted, final in zip(jax.tree.leaves(end), jax.tree.leaves(average), jax.tree.leaves(last)):
        np.testing.assert_allclose(got, wanted, rtol=2e-4, atol=2e-5)
        assert not np.array_equal(got, final)
    near = [float(squared_distance(p, inputs.validation, inputs.shape)) for p in (start, end)]
    assert near[1] < near[0]
    assert evaluate(end, inputs.training.x[:2], inputs.shape.architecture).shape == (2, 4)
