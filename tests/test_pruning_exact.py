"""The exact search finds what the definition finds: of all removals that leave a path, the one of least distance."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from armlet.errors import InvariantError
from armlet.network.activation import Activation
from armlet.network.shapes import chain
from armlet.pruning.geometry.architecture import Architecture, Sums, architecture_of
from armlet.pruning.geometry.functional import masks_of, normalised, point_of
from armlet.pruning.geometry.metric import OutputMetric, Reference, Shape, distance, make_reference
from armlet.pruning.select import Selector, prune
from armlet.pruning.select.exact import ExactSearch, last_of_path, remove_exactly
from armlet.pruning.select.search import BLOCK
from generators.perceptrons import initialised

F64 = NDArray[np.float64]
ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, np.float32(0.01) * z),
    "relu6": lambda z: np.clip(z, 0, 6),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
}
WIDTHS = (5, 4, 4, 3)


UNIT = np.array([0.25, 4.0, 1.0])[: WIDTHS[-1]]  # what each output is measured in under `values`


def plain(weights: list[F64], biases: list[F64], names: list[str], x: F64) -> F64:
    for weight, bias, name in zip(weights, biases, names, strict=True):
        x = ACTIVATIONS[name](x @ weight.T + bias)
    return x


def root_weights(difference: F64, dense: F64, output: OutputMetric) -> F64:
    """||difference||^2 under L at each sample, from the definition of L."""
    q = np.exp(dense) / np.exp(dense).sum(axis=1, keepdims=True)
    share = {OutputMetric.FISHER: 1.0, OutputMetric.TEMPERED: 0.75}.get(output)
    if output is OutputMetric.VALUES:
        return (difference**2 / UNIT**2).sum(1)
    if share is None:
        return (difference**2).sum(1)
    return (q * difference**2).sum(1) - share * (q * difference).sum(1) ** 2


def has_path(weights: list[F64]) -> bool:
    way = np.eye(weights[0].shape[1])
    for weight in weights:
        way = (weight != 0) @ way
    return bool(way.any())


def brute_force(
    weights: list[F64], biases: list[F64], names: list[str], reference: Reference, output: OutputMetric
) -> dict[tuple[int, int, int], float]:
    """d^2 of every removal that leaves a path, from the definition, in float64."""
    x, dense = np.asarray(reference.x, np.float64), np.asarray(reference.dense, np.float64)
    found = {}
    for layer, weight in enumerate(weights):
        for j, i in np.argwhere(weight != 0):
            without = [w.copy() for w in weights]
            without[layer][j, i] = 0
            if has_path(without):
                e = plain(without, biases, names, x) - dense
                found[layer, int(j), int(i)] = float(root_weights(e, dense, output).mean()) / float(reference.spread)
    return found


def a_search(seed: int, names: list[str], output: OutputMetric, samples: int = 300) -> tuple[ExactSearch, Reference]:
    random = np.random.default_rng(seed)
    shapes = [(b, a) for a, b in pairwise(WIDTHS)]
    weights = [random.normal(size=s) * 1.5 for s in shapes]
    masks = tuple(jnp.asarray(random.random(s) < 0.8, jnp.float32) for s in shapes)
    point = tuple((jnp.asarray(w, jnp.float32), jnp.asarray(random.normal(size=len(w)), jnp.float32)) for w in weights)
    x = np.where(random.random((samples, WIDTHS[0])) < 0.4, 0, random.normal(size=(samples, WIDTHS[0])) * 2)
    dense = plain([np.asarray(w) for w, _ in point], [np.asarray(b) for _, b in point], names, x)
    dense = dense + 0.1 * random.normal(size=dense.shape)  # on the way: the residual is not zero
    drawn = jnp.asarray(x, jnp.float32), jnp.asarray(dense, jnp.float32)
    reference = Reference(*drawn, jnp.asarray(dense.var(0).sum()), jnp.ones(()), jnp.asarray(UNIT, jnp.float32))
    return ExactSearch(point, masks, reference, [(name, 0.01) for name in names], output), reference


def weights_of(search: ExactSearch) -> list[F64]:
    plan, rows = search.shape, search.cache.weights.astype(np.float64)
    shapes = [mask.shape for mask in search.alive]
    return [rows[a:b].reshape(s) for a, b, s in zip(plan.weight_at, plan.weight_at[1:], shapes, strict=False)]


@pytest.mark.parametrize("output", OutputMetric)
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_every_step_takes_what_the_definition_takes(hidden, output):
    """From four fifths of the weights down to one path, whatever is activated how."""
    for seed, last in enumerate(("linear", hidden)):
        names = [hidden, "relu", last]
        search, reference = a_search(seed, names, output)
        biases = [b.astype(np.float64) for b in search.biases]
        for _ in range(sum(int(alive.sum()) for alive in search.alive) - len(names)):
            before = weights_of(search)
            costs = brute_force(before, biases, names, reference, output)
            here = brute_force_distance(before, biases, names, reference, output)
            done = search.step()
            place, least = (done.layer, done.unit, done.input), min(costs.values())
            assert costs[place] <= least + 2e-6 * (1 + least)
            assert done.cost == pytest.approx(costs[place] - here, rel=1e-4, abs=3e-6 * (1 + here))
            assert has_path(weights_of(search))
        with pytest.raises(InvariantError, match="last path"):
            search.step()


def brute_force_distance(
    weights: list[F64], biases: list[F64], names: list[str], reference: Reference, output: OutputMetric
) -> float:
    dense = np.asarray(reference.dense, np.float64)
    e = plain(weights, biases, names, np.asarray(reference.x, np.float64)) - dense
    return float(root_weights(e, dense, output).mean()) / float(reference.spread)


def test_equal_costs_fall_to_the_earlier_weight():
    """Two inputs that are the same and weighed the same, and two that are never lit."""
    random = np.random.default_rng(0)
    x = random.normal(size=(700, 5)).astype(np.float32)
    x[:, 3] = x[:, 1]
    x[:, [0, 4]] = 0
    weight = random.normal(size=(3, 5)).astype(np.float32) + 3
    weight[:, 3] = weight[:, 1]
    point = ((jnp.asarray(weight), jnp.zeros(3)), (jnp.asarray(random.normal(size=(2, 3)), jnp.float32), jnp.zeros(2)))
    masks = tuple(jnp.ones(w.shape) for w, _ in point)
    shape = Shape(
        Architecture((Sums(Activation.RELU, 0.01), Sums(Activation.LINEAR, 0.01)), chain(2)), OutputMetric.LOGITS
    )
    *_, done = remove_exactly(point, masks, make_reference(point, jnp.asarray(x), shape), shape, 8)
    assert [(r.layer, r.unit, r.input) for r in done[:6]] == [(0, j, i) for j in range(3) for i in (0, 4)]
    assert all(r.cost == 0 for r in done[:6])
    assert not any(r.input == 3 and (0, r.unit, 1) not in [(p.layer, p.unit, p.input) for p in done] for r in done[6:])


def test_abandoning_changes_nothing_and_spares_much(monkeypatch):
    network = initialised((12, 8, 6, 4), 4)
    shape = Shape(architecture_of(network), OutputMetric.LOGITS)
    raw = np.random.default_rng(0).normal(size=(3000, 12)).astype(np.float32)
    reference = make_reference(point_of(network), jnp.asarray(normalised(network, raw)), shape)
    quick = remove_exactly(point_of(network), masks_of(network), reference, shape, 60)[2]
    blocks = -(-3000 // BLOCK)
    monkeypatch.setattr(ExactSearch, "_remaining", lambda self: np.full(blocks + 1, np.inf))
    whole = remove_exactly(point_of(network), masks_of(network), reference, shape, 60)[2]
    assert [(r.layer, r.unit, r.input) for r in quick] == [(r.layer, r.unit, r.input) for r in whole]
    assert all(r.samples_read == 3000 for r in whole)
    assert np.mean([r.samples_read for r in quick]) < 2000


def test_the_selector_removes_one_by_one_and_repeats_to_the_bit():
    network = initialised((12, 8, 4), 5)
    shape = Shape(architecture_of(network), OutputMetric.FISHER)
    raw = np.random.default_rng(0).normal(size=(500, 12)).astype(np.float32)
    reference = make_reference(point_of(network), jnp.asarray(normalised(network, raw)), shape)
    asked = (point_of(network), masks_of(network), reference, jax.random.key(0), shape)
    once, left, _ = prune(Selector.EXACT, *asked, 40)
    again, _, _ = prune(Selector.EXACT, *asked, 40)
    for one, other in zip(jax.tree.leaves(once), jax.tree.leaves(again)):
        np.testing.assert_array_equal(one, other)
    assert sum(int(mask.sum()) for mask in left) == network.weights - 40
    at_once, _, _ = prune(Selector.DIAGONAL, *asked, 40)
    assert distance(once, reference, shape) < distance(at_once, reference, shape)


def test_the_last_of_a_path_is_where_all_paths_meet():
    wide, narrow = np.ones((3, 4), bool), np.zeros((2, 3), bool)
    narrow[1, 2] = True
    first, second = last_of_path([wide, narrow])
    assert not first.any()
    assert second.sum() == 1
    assert second[1, 2]
    wide[2] = [False, True, False, False]
    first, _ = last_of_path([wide, narrow])
    assert np.argwhere(first).tolist() == [[2, 1]]
    assert not any(layer.any() for layer in last_of_path([wide, np.zeros((2, 3), bool)]))
