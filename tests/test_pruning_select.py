"""Removing takes exactly the cheapest, repeats to the bit, and leaves a way through the network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.errors import InvariantError
from armlet.network.activation import Activation
from armlet.pruning.geometry.architecture import Architecture, Sums, architecture_of
from armlet.pruning.geometry.functional import masks_of, point_of
from armlet.pruning.geometry.metric import OutputMetric, Shape, make_reference, squared_distance
from armlet.pruning.select import Selector, remove, score_removals, strongest_path
from generators.perceptrons import initialised

WIDTHS = (4, 3, 2)
SIZES = [(3, 4), (2, 3)]
POSITIONS = 18
ONE, CHAIN = (
    Architecture((Sums(Activation.RELU, 0.01),) * layers, tuple((i,) for i in range(layers))) for layers in (1, 2)
)


def a_point(costs: list[np.ndarray]):
    return tuple((jnp.asarray(c + 1), jnp.zeros(len(c))) for c in costs)


def ones(sizes: list[tuple[int, int]]):
    return tuple(jnp.ones(s) for s in sizes)


@st.composite
def costs_with_ties(draw: st.DrawFn) -> list[np.ndarray]:
    values = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0])
    return [
        np.array(draw(st.lists(values, min_size=a * b, max_size=a * b)), np.float32).reshape(a, b) for a, b in SIZES
    ]


@given(costs_with_ties(), st.integers(0, POSITIONS - 2))
def test_the_cheapest_go_ties_to_the_earlier_and_a_path_stays(costs, count):
    _, left = remove(a_point(costs), ones(SIZES), tuple(costs), None, count, CHAIN)
    gone = np.concatenate([np.asarray(m).ravel() == 0 for m in left])
    assert gone.sum() == count
    way = np.asarray(left[1]) @ np.asarray(left[0])
    assert way.any()
    path = strongest_path(tuple(costs), [np.ones(s, bool) for s in SIZES], CHAIN)
    guarded = np.zeros(POSITIONS, bool)
    (first, (j, i)), (second, (k, through)) = path
    assert (first, second) == (0, 1)
    guarded[[j * 4 + i, 12 + k * 3 + through]] = True
    free = [(c, i) for i, c in enumerate(np.concatenate([c.ravel() for c in costs])) if not guarded[i]]
    assert sorted(np.flatnonzero(gone)) == sorted(i for _, i in sorted(free)[:count])


@given(costs_with_ties())
def test_the_guarded_path_is_the_one_whose_cheapest_weight_is_most_expensive(costs):
    path = strongest_path(tuple(costs), [np.ones(s, bool) for s in SIZES], CHAIN)
    (_, (j, i)), (_, (k, through)) = path
    assert through == j
    best = max(min(costs[0][b, a], costs[1][c, b]) for a in range(4) for b in range(3) for c in range(2))
    assert min(costs[0][j, i], costs[1][k, through]) == best


def test_a_network_without_any_path_has_none_to_guard():
    assert strongest_path((np.ones((2, 2), np.float32),), [np.zeros((2, 2), bool)], ONE) == []


def test_what_is_removed_never_returns():
    costs = tuple(np.ones(s, np.float32) for s in SIZES)
    point, masks = a_point(list(costs)), ones(SIZES)
    for _ in range(4):
        point, after = remove(point, masks, costs, None, 4, CHAIN)
        assert all(not (np.asarray(a) > np.asarray(b)).any() for a, b in zip(after, masks))
        for (weight, _), mask in zip(point, after):
            np.testing.assert_array_equal(np.asarray(weight) == 0, np.asarray(mask) == 0)
        masks = after
    with pytest.raises(InvariantError):
        remove(point, masks, costs, None, 1, CHAIN)


@pytest.fixture
def setting():
    network = initialised(seed=2)
    shape = Shape(architecture_of(network), OutputMetric.LOGITS)
    x = jnp.asarray(np.random.default_rng(0).normal(size=(200, 6)), jnp.float32)
    return point_of(network), masks_of(network), make_reference(point_of(network), x, shape), shape


def test_costs_predict_the_distance_of_small_removals(setting):
    """A weight scaled down to almost nothing and then removed moves d^2 by what the selector said."""
    point, masks, reference, shape = setting
    (W, b), *rest = point
    tiny = ((W.at[1, 3].set(1e-3), b), *rest)
    reference = make_reference(tiny, reference.x, shape)
    costs_by = {}
    for selector in (Selector.DIAGONAL, Selector.COMPENSATED):
        costs, biases = score_removals(selector, tiny, reference, jax.random.key(0), shape)
        only = tuple(np.where(np.arange(c.size).reshape(c.shape) == 9, 0, 1).astype(np.float32) for c in costs)
        only = (only[0], *(np.ones_like(c) for c in costs[1:]))  # the place (1, 3), and no other
        moved, _ = remove(tiny, masks, only, biases, 1, shape.architecture)
        costs_by[selector] = costs[0][1, 3]
        assert float(squared_distance(moved, reference, shape)) == pytest.approx(float(costs[0][1, 3]), rel=0.05)
    assert costs_by[Selector.COMPENSATED] < costs_by[Selector.DIAGONAL]


def test_magnitude_knows_only_weights(setting):
    point, _, reference, shape = setting
    costs, biases = score_removals(Selector.MAGNITUDE, point, reference, jax.random.key(0), shape)
    assert biases is None
    for (weight, _), cost in zip(point, costs):
        np.testing.assert_array_equal(cost, np.abs(np.asarray(weight)))
