"""What a walk descends: each draw's own distance, counted by less than its square."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.manifold.adjust import CLOSE, POWER, astray
from armlet.manifold.metric import OutputMetric, Reference, Shape, refer, squared_distance
from armlet.network.activation import Activation

LINEAR = Shape(((Activation.LINEAR, 0.0),), OutputMetric.LOGITS)
HOME = ((jnp.eye(3, dtype=jnp.float32), jnp.zeros(3)),)


def draws(seed: int, count: int = 40) -> Reference:
    return refer(HOME, jnp.asarray(np.random.default_rng(seed).normal(size=(count, 3)), jnp.float32), LINEAR)


@given(st.integers(0, 1000))
def test_it_is_the_mean_over_draws_of_their_distances_to_the_power(seed):
    drawn, step = draws(seed), np.random.default_rng(seed + 1).normal(size=(3, 3)).astype(np.float32)
    own = np.sum((np.asarray(drawn.x) @ step.T) ** 2, axis=1) / float(drawn.spread)
    away = ((HOME[0][0] + step, HOME[0][1]),)
    np.testing.assert_allclose(astray(away, drawn, LINEAR), np.mean((own + CLOSE**2) ** (POWER / 2)), rtol=1e-4)
    np.testing.assert_allclose(squared_distance(away, drawn, LINEAR), own.mean(), rtol=1e-4)


def test_its_slope_is_finite_and_nothing_at_home():
    for slope in jax.tree.leaves(jax.grad(astray)(HOME, draws(0), LINEAR)):
        assert not np.asarray(slope).any()


@pytest.mark.parametrize("far", [10.0, 100.0])
def test_a_draw_far_astray_pulls_less_than_under_the_square(far):
    """All draws but one are answered with b = 0; the one wants b = far. How far does the best b follow it?"""
    near = draws(1)
    drawn = near._replace(home=near.home.at[0].add(far))
    places = jnp.linspace(0, far, 2001)

    def best(loss) -> float:
        found = jax.vmap(lambda b: loss(((HOME[0][0], jnp.full(3, b)),), drawn, LINEAR))(places)
        return float(places[jnp.argmin(found)])

    assert 0 < best(astray) < 0.2 * best(squared_distance)
