"""Gauss-Newton steps come nearer or are not taken, and on a linear network they find the nearest point."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.network import Network, multilayer_perceptron
from armlet.pruning.gauss_newton import gauss_newton
from armlet.pruning.geometry.architecture import architecture_of
from armlet.pruning.geometry.functional import masks_of, normalised, point_of
from armlet.pruning.geometry.metric import OutputMetric, Shape, distance, make_reference
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.sparsify import sparsify


def pruned(network: Network, seed: int = 0):
    """A reference of the dense network, and the masks and the point with a third of the weights removed."""
    random = np.random.default_rng(seed)
    x = random.random((400, network.inputs), dtype=np.float32)
    shape, dense = Shape(architecture_of(network), OutputMetric.LOGITS), point_of(network)
    masks = tuple(mask * (jnp.asarray(random.random(mask.shape)) < 0.67) for mask in masks_of(network))
    there = tuple((w * mask, b) for (w, b), mask in zip(dense, masks, strict=True))
    return make_reference(dense, jnp.asarray(normalised(network, x)), shape), masks, there, shape


def drawn(widths: list[int], seed: int = 1) -> Network:
    random = np.random.default_rng(seed)
    weights = [random.normal(size=(o, i)) for i, o in pairwise(widths)]
    domain = InputDomain.uniform(widths[0])
    return multilayer_perceptron([*weights], [random.normal(size=o) for o in widths[1:]], domain)


def test_one_step_finds_the_least_squares_of_a_linear_layer():
    network = drawn([6, 3])
    assert network.dense[0].activation is Activation.LINEAR
    reference, masks, there, shape = pruned(network)
    point, d, _ = gauss_newton(there, masks, reference, reference, jax.random.key(0), 6, shape)
    best = 0.0
    x, dense = np.asarray(reference.x, np.float64), np.asarray(reference.dense, np.float64)
    for unit, mask in enumerate(np.asarray(masks[0])):
        columns = np.column_stack([x[:, mask > 0], np.ones(len(x))])
        best += np.linalg.lstsq(columns, dense[:, unit], rcond=None)[1].sum()
    assert d == pytest.approx(np.sqrt(best / len(x) / float(reference.spread)), rel=0.02)
    assert (np.asarray(point[0][0])[np.asarray(masks[0]) == 0] == 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_step_never_raises_the_distance_on_the_validation_draw(seed: int):
    network = drawn([8, 7, 6, 4], seed)
    reference, masks, there, shape = pruned(network, seed)
    validation = reference._replace(x=reference.x[:100], dense=reference.dense[:100])
    before = distance(there, validation, shape)
    _, after, ridge = gauss_newton(there, masks, reference, validation, jax.random.key(seed), 4, shape)
    assert after < before
    assert ridge > 0


def test_a_run_with_gauss_newton_repeats_and_records_the_ridge():
    options = SparsifyOptions(
        sparsity=0.5, epochs=2, rest=0, steps=5, gauss_newton=1, draws=256, judged=64, validation=64, inputs="uniform"
    )
    first, second = (sparsify(drawn([8, 7, 4]), options) for _ in range(2))
    assert first.network.digest() == second.network.digest()
    assert all(epoch.ridge is not None for epoch in first.trace.epochs)
    assert first.trace.settings["sparsify_gauss_newton"] == 1
