"""The ground is measured in its own units, and cools as the walk goes away from home."""

from dataclasses import replace
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from armlet.manifold.adjust import MEMORY, walk
from armlet.manifold.functional import Point, evaluate, masks_of, point_of
from armlet.manifold.metric import OutputMetric, distance, squared_distance
from armlet.manifold.options import SparsifyOptions
from armlet.manifold.sparsify import sparsify
from armlet.manifold.survey import NEAR, Ground, cooled, survey
from generators.perceptrons import initialised

QUICK = SparsifyOptions(epochs=5, steps=20, batch=32, draws=256, judged=64, validation=128, inputs="gaussian")


@pytest.fixture(scope="module")
def home() -> Point:
    return point_of(initialised((16, 12, 8, 4), 1, (4, 4)))


def surveyed(metric: OutputMetric) -> Ground:
    return survey(initialised((16, 12, 8, 4), 1, (4, 4)), QUICK, "gaussian", metric)


def mute(home: Point, ground: Ground) -> Point:
    weight, _ = home[-1]
    return (*home[:-1], (jnp.zeros_like(weight), ground.bank.home.mean(axis=0)))


@pytest.mark.parametrize("far", [0.0, 0.03, 0.1, NEAR, 0.5])
def test_one_says_the_same_of_everything_at_every_temperature(home, far):
    ground = cooled(surveyed(OutputMetric.TEMPERED), far)
    assert distance(mute(home, ground), ground.bank, ground.shape) == pytest.approx(1.0, rel=1e-5)
    assert distance(home, ground.validation, ground.shape) == 0.0
    units = {(float(d.spread), float(d.temperature)) for d in (ground.bank, ground.judged, ground.validation)}
    assert len(units) == 1


def test_the_farther_the_cooler_and_no_cooler_than_the_coolest():
    ground = surveyed(OutputMetric.TEMPERED)
    told = [float(cooled(ground, far).bank.temperature) for far in (0.0, 0.03, 0.06, NEAR, 0.5)]
    assert told[1:4] == pytest.approx([16 * told[3], 4 * told[3], told[3]], rel=1e-5)
    assert told[0] > told[1]
    assert told[3] == told[4] == float(ground.bank.temperature)


@pytest.mark.parametrize("metric", [OutputMetric.LOGITS, OutputMetric.FISHER])
def test_other_metrics_do_not_cool(metric):
    ground = surveyed(metric)
    assert cooled(ground, 0.01) is ground


def test_warm_enough_all_outputs_count_alike(home):
    """There L is I / K - 3/4 1 1^T / K^2: on differences whose mean is zero, logits in another unit."""
    ground = cooled(surveyed(OutputMetric.TEMPERED), 0.0)
    shift = jnp.asarray([1.0, -1.0, 0.5, -0.5]) / 10
    (*_, (weight, bias)) = home
    there = distance((*home[:-1], (weight, bias + shift)), ground.bank, ground.shape)
    assert there**2 * float(ground.bank.spread) == pytest.approx(float(jnp.mean(shift**2)), rel=1e-3)


def test_the_trace_tells_each_temperature():
    network = initialised((16, 12, 8, 4), 1, (4, 4))
    epochs = sparsify(network, replace(QUICK, sparsity=0.8, metric=OutputMetric.TEMPERED)).trace.epochs
    ground = surveyed(OutputMetric.TEMPERED)
    for before, epoch in pairwise(epochs):
        assert epoch.temperature == float(cooled(ground, before.distance).bank.temperature)
    assert epochs[0].temperature == float(cooled(ground, 0.0).bank.temperature)
    assert (
        sparsify(network, replace(QUICK, sparsity=0.8, metric=OutputMetric.LOGITS)).trace.epochs[0].temperature is None
    )


def test_a_walk_ends_at_the_average_of_its_steps(monkeypatch, home):
    """Against walks that are cut short: the last step's place is what a walk without memory ends at."""
    ground, steps = surveyed(OutputMetric.LOGITS), 20
    masks = masks_of(initialised((16, 12, 8, 4), 1, (4, 4)))
    asked = (masks, ground.bank, jax.random.key(3), 0.05, steps, ground.shape, 32)
    start = jax.tree.map(lambda t: 0.9 * t, home)
    end = walk(start, *asked)
    average, forget = start, 1 / (MEMORY * steps)
    monkeypatch.setattr("armlet.manifold.adjust.MEMORY", 0.0)
    monkeypatch.setattr("armlet.manifold.adjust.jax.lax.fori_loop", lambda low, high, body, state: looped(body, state))
    passed: list[Point] = []

    def looped(body, state):
        for number in range(steps):
            state = body(jnp.asarray(number), state)
            passed.append(state[0])
        return state

    last = walk.__wrapped__(start, *asked)  # pyright: ignore[reportFunctionMemberAccess, reportAttributeAccessIssue]
    for here in passed:
        average = jax.tree.map(lambda m, h: m + forget * (h - m), average, here)
    for got, wanted, final in zip(jax.tree.leaves(end), jax.tree.leaves(average), jax.tree.leaves(last)):
        np.testing.assert_allclose(got, wanted, rtol=2e-4, atol=2e-5)
        assert not np.array_equal(got, final)
    near = [float(squared_distance(p, ground.validation, ground.shape)) for p in (start, end)]
    assert near[1] < near[0]
    assert evaluate(end, ground.bank.x[:2], ground.shape.activations).shape == (2, 4)
