"""A run keeps its promises: exact sparsity, a budget held, the same bytes again, zeros that stay."""

import gzip
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from armlet.errors import InputError
from armlet.formats.read import read_network
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.pruning.fine_tune import fine_tune
from armlet.pruning.geometry.architecture import architecture_of
from armlet.pruning.geometry.functional import masks_of, point_of
from armlet.pruning.geometry.metric import OutputMetric, Shape, make_reference
from armlet.pruning.options import DEFAULT_DISTANCE, SparsifyOptions
from armlet.pruning.select import Selector
from armlet.pruning.sparsify import sparsify
from armlet.pruning.trace import PruningEpoch, PruningTrace
from generators.perceptrons import initialised

QUICK = SparsifyOptions(epochs=4, steps=20, batch=32, draws=256, judged=64, validation=128, inputs="gaussian")
WIDTHS = (16, 12, 8, 4)


@pytest.fixture(scope="module")
def network() -> Network:
    return initialised(WIDTHS, 1, (4, 4))


def same_bytes(one: Network, other: Network) -> bool:
    return one.digest() == other.digest()


@pytest.mark.parametrize("sparsity", [0.0, 0.333, 0.9, 0.98])
def test_the_sparsity_asked_for_is_hit_exactly(network, sparsity):
    result = sparsify(network, replace(QUICK, sparsity=sparsity)).network
    assert result.connections == network.weights - round(sparsity * network.weights)
    assert result.domain is network.domain
    assert result.provenance["sparsify_dense_digest"] == network.digest()


def test_a_sparsity_that_leaves_no_path_is_refused(network):
    with pytest.raises(InputError, match="give at most"):
        sparsify(network, replace(QUICK, sparsity=0.999))


@pytest.mark.parametrize("selector", Selector)
def test_masks_only_grow_and_a_path_stays(network, selector):
    seen: list[Network] = []
    sparsify(network, replace(QUICK, sparsity=0.97, selector=selector), lambda _, n: seen.append(n))
    for before, after in zip([network, *seen], seen):
        for a, b in zip(before.dense, after.dense):
            assert not ((a.weight == 0) & (b.weight != 0)).any()
    way = np.eye(network.inputs)
    for layer in seen[-1].dense:
        way = (layer.weight != 0) @ way
    assert way.any()


def test_zeros_of_the_dense_network_stay_and_count(network):
    first = network.dense[0]
    hole = np.where(np.arange(first.weight.size).reshape(first.weight.shape) % 3 == 0, 0, first.weight)
    holed = replace(network, layers=(Dense(hole, first.bias, first.activation), *network.dense[1:]))
    result = sparsify(holed, replace(QUICK, sparsity=0.5)).network
    assert result.connections == round(network.weights * 0.5)
    assert not ((hole == 0) & (result.dense[0].weight != 0)).any()
    assert same_bytes(sparsify(holed, replace(QUICK, sparsity=0.1)).network, holed)  # sparse enough already


def test_fine_tuning_holds_the_mask_and_moves_the_rest(network):
    shape = Shape(architecture_of(network), OutputMetric.LOGITS)
    x = jnp.asarray(np.random.default_rng(0).normal(size=(64, 16)), jnp.float32)
    point = point_of(network)
    masks = tuple(jnp.asarray(np.random.default_rng(1).random(m.shape) < 0.5, jnp.float32) for m in masks_of(network))
    tuned = fine_tune(point, masks, make_reference(point, x, shape), jax.random.key(0), 0.03, 30, shape, 16)
    for (before, b0), (after, b1), mask in zip(point, tuned, masks):
        kept = np.asarray(mask) > 0
        assert (np.asarray(after)[~kept] == 0).all()
        assert (np.asarray(after)[kept] != np.asarray(before)[kept]).mean() > 0.5
        assert (np.asarray(b0) != np.asarray(b1)).any()


@pytest.mark.parametrize("rate", [0.03, 100.0])
def test_fine_tuning_never_raises_the_distance(network, rate):
    """At a rate of 100 Adam diverges, and is rejected."""
    trace = sparsify(network, replace(QUICK, sparsity=0.9, rate=rate)).trace
    for epoch in trace.epochs:
        assert epoch.distance < epoch.before if epoch.adjusted else epoch.distance == epoch.before
    assert any(epoch.adjusted for epoch in trace.epochs) == (rate < 1)


@pytest.mark.parametrize("budget", [0.05, 0.3])
def test_the_distance_budget_is_held_and_used(network, budget):
    result = sparsify(network, replace(QUICK, max_distance=budget, epochs=12))
    assert 0 < result.trace.distance <= budget
    assert result.network.provenance["sparsify_distance"] == result.trace.distance
    assert any(not epoch.kept for epoch in result.trace.epochs)
    assert 0 < result.network.sparsity < 1


def test_with_nothing_asked_the_default_budget_holds(network):
    result = sparsify(network, QUICK)
    assert result.trace.distance <= DEFAULT_DISTANCE
    assert result.network.provenance["sparsify_max_distance"] == DEFAULT_DISTANCE


def test_both_stops_together_stop_at_the_first(network):
    near = sparsify(network, replace(QUICK, sparsity=0.2, max_distance=0.9))
    assert near.network.connections == network.weights - round(0.2 * network.weights)
    far = sparsify(network, replace(QUICK, sparsity=0.95, max_distance=0.1))
    assert far.network.sparsity < 0.95
    assert far.trace.distance <= 0.1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(network):
    asked = replace(QUICK, sparsity=0.7)
    one = sparsify(network, asked)
    assert same_bytes(one.network, sparsify(network, asked).network)
    assert one.network.provenance == sparsify(network, asked).network.provenance
    assert not same_bytes(one.network, sparsify(network, replace(asked, seed=1)).network)


def test_watching_changes_nothing(network):
    asked = replace(QUICK, sparsity=0.7)
    seen: list[tuple[PruningEpoch, Network]] = []
    watched = sparsify(network, asked, lambda epoch, n: seen.append((epoch, n)))
    assert same_bytes(watched.network, sparsify(network, asked).network)
    assert [epoch for epoch, _ in seen] == list(watched.trace.epochs)
    assert same_bytes(seen[-1][1], watched.network)
    assert [epoch.connections for epoch, _ in seen] == [n.connections for _, n in seen]


def test_one_weight_at_a_time_is_possible(network):
    """Ten removals in one epoch, each scored anew on what the last one left."""
    asked = replace(QUICK, sparsity=10 / network.weights, epochs=1, steps=0, selector=Selector.DIAGONAL)
    single = sparsify(network, replace(asked, step_size=1))
    assert network.connections - single.network.connections == 10
    assert single.trace.epochs[0].number == 1
    assert not any(epoch.adjusted for epoch in single.trace.epochs)


def test_small_steps_go_less_far_than_one_large_one(network):
    asked = replace(QUICK, sparsity=0.5, epochs=1, steps=0)
    asked = replace(asked, validation=2000, judged=2000, draws=2000)
    large = sparsify(network, asked).trace.distance
    assert sparsify(network, replace(asked, step_size=4, selector=Selector.TAYLOR)).trace.distance < large


def test_inputs_decide_what_is_kept(network):
    one = sparsify(network, replace(QUICK, sparsity=0.6, inputs="uniform", steps=0)).network
    other = sparsify(network, replace(QUICK, sparsity=0.6, inputs="image", steps=0)).network
    assert not np.array_equal(one.dense[0].weight == 0, other.dense[0].weight == 0)


def test_fisher_needs_two_outputs():
    lone = initialised((4, 3, 1), 0)
    with pytest.raises(InputError, match="fisher"):
        sparsify(lone, replace(QUICK, metric=OutputMetric.FISHER))
    assert sparsify(lone, replace(QUICK, sparsity=0.5)).network.connections == 15 - round(0.5 * 15)


def test_a_network_that_says_the_same_of_everything_is_refused(network):
    last = network.dense[-1]
    mute = replace(network, layers=(*network.dense[:-1], Dense(last.weight * 0, last.bias, last.activation)))
    with pytest.raises(InputError, match="no distance can be measured"):
        sparsify(mute, QUICK)


def test_the_trace_is_plain_json(network):
    trace = sparsify(network, replace(QUICK, sparsity=0.5)).trace
    assert msgspec.json.decode(trace.to_json(), type=PruningTrace) == trace


@pytest.mark.parametrize(
    ("wrong", "flag"),
    [
        ({"sparsity": 1.0}, "--sparsity"),
        ({"sparsity": float("nan")}, "--sparsity"),
        ({"max_distance": 0.0}, "--max-distance"),
        ({"rate": float("nan")}, "--rate"),
        ({"epochs": 0}, "--epochs"),
        ({"steps": -1}, "--steps"),
        ({"step_size": 0}, "--step-size"),
        ({"seed": -1}, "--seed"),
    ],
)
def test_options_out_of_range_name_their_flag(wrong, flag):
    with pytest.raises(InputError, match=flag):
        SparsifyOptions(**wrong)


def test_lenet_survives_nine_in_ten_without_data(reference_data):
    """A short run: within two points on the first two thousand test images, which it never saw."""
    network = read_network(reference_data / "lenet-300-100" / "dense.npz")
    asked = SparsifyOptions(sparsity=0.9, epochs=8, steps=60, draws=4096, validation=512)
    images, labels = mnist_images(reference_data / "mnist", 2000)
    dense = (network(images).argmax(axis=1) == labels).mean()
    sparse = sparsify(network, asked).network
    assert (sparse(images).argmax(axis=1) == labels).mean() > dense - 0.02


def mnist_images(folder: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    images = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    with_assumed_interval = np.frombuffer(images, np.uint8, count * 784, offset=16).reshape(count, 784) / np.float32(
        255
    )
    return with_assumed_interval, np.frombuffer(labels, np.uint8, count, offset=8)
