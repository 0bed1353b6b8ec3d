"""The loss of fine-tuning counts each draw's own distance by less than its square."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.network.activation import Activation
from armlet.pruning.fine_tune import POWER, SMOOTHING, robust_loss
from armlet.pruning.geometry.architecture import Architecture, Sums
from armlet.pruning.geometry.metric import OutputMetric, Reference, Shape, make_reference, squared_distance

LINEAR = Shape(Architecture((Sums(Activation.LINEAR, 0.0),), ((0,),)), OutputMetric.LOGITS)
DENSE = ((jnp.eye(3, dtype=jnp.float32), jnp.zeros(3)),)


def draws(seed: int, count: int = 40) -> Reference:
    return make_reference(DENSE, jnp.asarray(np.random.default_rng(seed).normal(size=(count, 3)), jnp.float32), LINEAR)


@given(st.integers(0, 1000))
def test_it_is_the_mean_over_draws_of_their_distances_to_the_power(seed):
    drawn, step = draws(seed), np.random.default_rng(seed + 1).normal(size=(3, 3)).astype(np.float32)
    own = np.sum((np.asarray(drawn.x) @ step.T) ** 2, axis=1) / float(drawn.spread)
    away = ((DENSE[0][0] + step, DENSE[0][1]),)
    np.testing.assert_allclose(
        robust_loss(away, drawn, LINEAR), np.mean((own + SMOOTHING**2) ** (POWER / 2)), rtol=1e-4
    )
    np.testing.assert_allclose(squared_distance(away, drawn, LINEAR), own.mean(), rtol=1e-4)


def test_its_gradient_is_finite_and_zero_at_the_dense_network():
    for slope in jax.tree.leaves(jax.grad(robust_loss)(DENSE, draws(0), LINEAR)):
        assert not np.asarray(slope).any()


@pytest.mark.parametrize("far", [10.0, 100.0])
def test_a_draw_of_large_error_pulls_less_than_under_the_square(far):
    """All draws but one are answered with b = 0; the one wants b = far. How far does the best b follow it?"""
    near = draws(1)
    drawn = near._replace(dense=near.dense.at[0].add(far))
    places = jnp.linspace(0, far, 2001)

    def best(loss) -> float:
        found = jax.vmap(lambda b: loss(((DENSE[0][0], jnp.full(3, b)),), drawn, LINEAR))(places)
        return float(places[jnp.argmin(found)])

    assert 0 < best(robust_loss) < 0.2 * best(squared_distance)
