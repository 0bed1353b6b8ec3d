"""The geometry of networks with windows: their function, its slopes, and the path that no removal breaks."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool, Reduction, Reshape
from armlet.network.network import Network
from armlet.pruning.fine_tune import fine_tune, fine_tune_chain
from armlet.pruning.geometry import functional
from armlet.pruning.geometry.architecture import architecture_of
from armlet.pruning.geometry.curvature import curvature, gradient
from armlet.pruning.geometry.functional import (
    evaluate,
    evaluate_all,
    masks_of,
    network_at,
    outputs,
    point_of,
    weighted,
)
from armlet.pruning.geometry.metric import (
    OutputMetric,
    Shape,
    distance,
    make_reference,
    residual,
    squared_distance,
)
from armlet.pruning.select import RIDGE, Selector, prune, strongest_path
from armlet.pruning.select.blocks import blocks_of
from generators.layered import LINEAR, RELU, layered_networks, zeros
from generators.perceptrons import initialised

KEY = jax.random.key(0)
few = settings(max_examples=10)


def residual_network(outputs: int = 3, seed: int = 0) -> Network:
    """Every kind of layer, on two channels of 6x5."""
    random = np.random.default_rng(seed)

    def some(*size: int) -> np.ndarray:
        return (random.standard_normal(size) / np.sqrt(np.prod(size[1:]))).astype(np.float32)

    layers = (
        Conv(some(4, 2, 3, 3), some(4, 4)[0], RELU, padding=(1, 1, 1, 1)),
        Depthwise(some(4, 3, 3), some(4, 4)[0], RELU, padding=(1, 1, 1, 1)),
        Conv(some(4, 2, 1, 1), some(4, 4)[0], LINEAR, groups=2),
        Add(RELU),
        Pool(Reduction.MAX, (2, 2), (2, 2)),
        Conv(some(5, 4, 2, 1), some(5, 5)[0], Activation.TANH, dilation=(2, 1)),
        Pool(Reduction.AVERAGE),
        Reshape(),
        Dense(some(outputs, 5), some(outputs, outputs)[0], LINEAR),
    )
    wiring = ((0,), (1,), (2,), (3, 1), (4,), (5,), (6,), (7,), (8,))
    return Network(layers, InputDomain.uniform(60, 0, 1), (2, 6, 5), wiring=wiring)


def setting_of(network: Network, output: OutputMetric = OutputMetric.LOGITS, rows: int = 40):
    """Point, masks, reference and shape."""
    x = np.random.default_rng(1).random((rows, network.inputs)).astype(np.float32)
    point, shape = point_of(network), Shape(architecture_of(network), output)
    return point, masks_of(network), make_reference(point, jnp.asarray(x), shape), shape


@given(layered_networks(), st.integers(0, 2**32 - 1))
@few
def test_the_function_of_the_point_is_the_network(network: Network, seed: int):
    rows = np.random.default_rng(seed).standard_normal((3, network.inputs)).astype(np.float32)
    wanted = network(rows)
    found = evaluate(point_of(network), jnp.asarray(rows), architecture_of(network))
    assert np.abs(np.asarray(found) - wanted).max() <= 1e-4 * max(1.0, float(np.abs(wanted).max()))


def test_parts_of_bounded_memory_change_nothing(monkeypatch: pytest.MonkeyPatch):
    network = residual_network()
    rows = np.random.default_rng(0).random((23, 60)).astype(np.float32)
    whole = np.asarray(evaluate_all(point_of(network), rows, architecture_of(network)))
    monkeypatch.setattr(functional, "_AT_ONCE", 5 * architecture_of(network).size)  # parts of 5, the last of 3
    np.testing.assert_allclose(evaluate_all(point_of(network), rows, architecture_of(network)), whole, atol=1e-6)
    np.testing.assert_allclose(outputs(network, rows), network(rows), atol=1e-5)


def test_a_network_comes_back_from_its_point():
    network = residual_network()
    assert network_at(point_of(network), network, {}).digest() == network.digest()


def jacobian_of(network: Network, point, reference, shape: Shape) -> list[tuple[NDArray, NDArray]]:
    """dr/dt of each layer's weights and biases, (samples x outputs, size of the array)."""
    slopes = jax.jacrev(lambda t: residual(t, reference, shape).ravel())(point)
    return [(np.asarray(w).reshape(len(w), -1), np.asarray(b)) for w, b in slopes]


@pytest.mark.parametrize("output", [OutputMetric.LOGITS, OutputMetric.VALUES])
def test_the_entries_of_g_are_those_of_the_jacobian(output: OutputMetric):
    """Of a single output, whose sign does not matter: nothing is left to chance."""
    network = residual_network(outputs=1)
    point, _, reference, shape = setting_of(network, output)
    for (slope, by_bias), layer, found in zip(
        jacobian_of(network, point, reference, shape), weighted(network), curvature(point, reference, KEY, shape)
    ):
        units = len(layer.bias)
        crossed = (slope.reshape(len(slope), units, -1) * by_bias[:, :, None]).sum(axis=0)
        np.testing.assert_allclose(found.weight.ravel(), (slope**2).sum(axis=0), rtol=1e-3, atol=1e-7)
        np.testing.assert_allclose(found.bias, (by_bias**2).sum(axis=0), rtol=1e-3, atol=1e-7)
        np.testing.assert_allclose(found.cross.reshape(units, -1), crossed, rtol=1e-3, atol=1e-6)


def test_several_outputs_are_probed_without_bias():
    point, _, reference, shape = setting_of(residual_network(outputs=3))
    exact = [(slope**2).sum(axis=0) for slope, _ in jacobian_of(residual_network(), point, reference, shape)]
    keys = jax.random.split(KEY, 60)
    found = [curvature(point, reference, key, shape) for key in keys]
    for number, wanted in enumerate(exact):
        mean = np.mean([np.asarray(each[number].weight).ravel() for each in found], axis=0)
        assert abs(mean.sum() / wanted.sum() - 1) < 0.05
        np.testing.assert_allclose(mean, wanted, rtol=0.35, atol=0.02 * wanted.max())


def test_blocks_are_those_of_g_over_the_survivors_of_a_channel():
    network = residual_network(outputs=1)
    point, masks, reference, shape = setting_of(network)
    random = np.random.default_rng(0)
    alive = [random.random(np.shape(mask)) < 0.7 for mask in masks]
    _, blocks = blocks_of(point, alive, reference, KEY, shape)
    for (slope, by_bias), open_, layer in zip(jacobian_of(network, point, reference, shape), alive, blocks):
        units = len(open_)
        for unit, some in enumerate(open_.reshape(units, -1)):
            places = np.flatnonzero(some)
            if len(places):
                of = np.column_stack([slope.reshape(len(slope), units, -1)[:, unit, places], by_bias[:, unit]])
                np.testing.assert_allclose(layer.block(unit, places), of.T @ of, rtol=1e-3, atol=1e-6)


def test_the_slope_of_the_squared_distance_is_summed_over_parts(monkeypatch: pytest.MonkeyPatch):
    point, _, reference, shape = setting_of(residual_network())
    monkeypatch.setattr("armlet.pruning.geometry.slopes._AT_ONCE", 8 * 4 * shape.architecture.size)  # 5 parts of 8
    moved = jax.tree.map(lambda a: 1.1 * a, point)
    whole = jax.grad(squared_distance)(moved, reference, shape)
    for one, other in zip(jax.tree.leaves(gradient(moved, reference, KEY, shape)), jax.tree.leaves(whole)):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def widest(network: Network, costs: Sequence[NDArray]) -> float:
    """The width of the widest path, over all values of all tensors, by propagation through dense matrices."""
    shapes, parameters = network.shapes, iter(costs)
    reach = [np.full(network.shape, np.inf)]
    for layer, sources, shape in zip(network.layers, network.sources, shapes[1:]):
        taken = [reach[source] for source in sources]
        match layer:
            case Dense():
                cost = next(parameters)
                reach.append(np.minimum(cost, taken[0].ravel()).max(axis=1))
            case Conv() | Depthwise():
                cost = next(parameters)
                kernel = cost if isinstance(layer, Conv) else cost[:, None]
                groups = layer.groups if isinstance(layer, Conv) else len(cost)
                each = len(kernel) // groups
                width = [
                    max(
                        min(float(kernel[o, i].max()), float(taken[0][o // each * kernel.shape[1] + i].max()))
                        for i in range(kernel.shape[1])
                    )
                    for o in range(len(kernel))
                ]
                reach.append(np.broadcast_to(np.array(width)[:, None, None], shape))
            case Pool():
                reach.append(np.broadcast_to(taken[0].max(axis=(1, 2), keepdims=True), shape))
            case Add():
                reach.append(np.maximum(*taken))
            case Reshape():
                flat = taken[0].reshape(shape)
                reach.append(flat if flat.ndim == 1 else np.broadcast_to(flat.max(axis=(1, 2), keepdims=True), shape))
    return float(reach[-1].max())


@given(layered_networks(), st.integers(0, 2**32 - 1))
@few
def test_the_guarded_path_is_the_widest_and_joins_its_layers(network: Network, seed: int):
    random = np.random.default_rng(seed)
    costs = [random.integers(1, 9, layer.weight.shape).astype(np.float32) for layer in weighted(network)]
    path = strongest_path(costs, [np.ones(cost.shape, bool) for cost in costs], architecture_of(network))
    assert [layer for layer, _ in path] == sorted({layer for layer, _ in path})
    assert min((float(costs[layer][place]) for layer, place in path), default=np.inf) == widest(network, costs)


def test_a_network_cut_in_two_has_no_path_but_one_beside_an_addition_has():
    network = residual_network()
    alive = [np.ones(layer.weight.shape, bool) for layer in weighted(network)]
    alive[1][:] = False  # an addition goes around it
    costs = [np.ones(a.shape, np.float32) for a in alive]
    assert [layer for layer, _ in strongest_path(costs, alive, architecture_of(network))] == [0, 3, 4]
    alive[3][:] = False
    assert strongest_path(costs, alive, architecture_of(network)) == []


@pytest.mark.parametrize("selector", [s for s in Selector if s is not Selector.EXACT], ids=lambda s: s.value)
def test_every_selector_removes_as_many_as_asked(selector: Selector):
    point, masks, reference, shape = setting_of(residual_network())
    _, left, _ = prune(selector, point, masks, reference, KEY, shape, 60)
    assert sum(int((np.asarray(m) > np.asarray(n)).sum()) for m, n in zip(masks, left)) == 60


def test_what_is_left_of_a_linear_channel_is_the_best_that_can_be_made_of_it():
    """With one output that is a mean over positions, d^2 is a square of the weights, whose optimum is known."""
    random = np.random.default_rng(0)
    weight = random.standard_normal((1, 2, 3, 3)).astype(np.float32)
    layers = (Conv(weight, zeros(1), LINEAR, padding=(1, 1, 1, 1)), Pool(Reduction.AVERAGE))
    network = Network(layers, InputDomain.uniform(60), (2, 6, 5))
    point, masks, reference, shape = setting_of(network, rows=200)
    after = prune(Selector.SECOND_ORDER, point, masks, reference, KEY, shape, 6)[0]
    found = np.append(np.asarray(after[0][0]).ravel(), after[0][1])
    gone = found == 0
    assert gone.sum() == 6
    planes = np.pad(np.asarray(reference.x, np.float64).reshape(-1, 2, 6, 5), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(planes, (3, 3), (2, 3)).mean(axis=(2, 3)).reshape(200, 18)
    seen = np.column_stack([windows, np.ones(200)])
    h = seen.T @ seen
    h += RIDGE * np.trace(h) / 19 * np.eye(19)
    moved = np.linalg.solve(h[~gone][:, ~gone], h[~gone][:, gone] @ np.append(weight.ravel(), 0)[gone])
    np.testing.assert_allclose(found[~gone], np.append(weight.ravel(), 0)[~gone] + moved, rtol=0.01, atol=0.002)
    for other in (Selector.COMPENSATED, Selector.DIAGONAL, Selector.MAGNITUDE):
        worse = prune(other, point, masks, reference, KEY, shape, 6)[0]
        assert distance(worse, reference, shape) > distance(after, reference, shape)


def test_steps_one_by_one_are_the_steps_of_one_program():
    """A chain of dense layers is fine-tuned in one compiled loop, networks with windows in a loop of steps."""
    chain = initialised(seed=2)
    flat = Network((Reshape(), *chain.layers), chain.domain, chain.shape)
    (point, masks, reference, shape), other = setting_of(chain), setting_of(flat)
    start = jax.tree.map(lambda a: 1.1 * a, point)
    asked = KEY, 0.02, 7
    one = fine_tune_chain(start, masks, reference, *asked, shape, 8)
    two = fine_tune(start, masks, other[2], *asked, other[3], 8)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_fine_tuning_brings_a_network_with_windows_nearer_and_keeps_zeros():
    network = residual_network()
    point, masks, reference, shape = setting_of(network, rows=300)
    point, masks, _ = prune(Selector.DIAGONAL, point, masks, reference, KEY, shape, 80)
    tuned = fine_tune(point, masks, reference, KEY, 0.02, 60, shape, 32)
    assert distance(tuned, reference, shape) < 0.8 * distance(point, reference, shape)
    for (weight, _), mask in zip(tuned, masks):
        assert (np.asarray(weight)[np.asarray(mask) == 0] == 0).all()
