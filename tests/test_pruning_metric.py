"""The metric has the properties that make it one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from armlet.network.frozen import F32
from armlet.pruning.geometry.architecture import architecture_of
from armlet.pruning.geometry.curvature import chain_curvature, curvature
from armlet.pruning.geometry.functional import Point, evaluate, normalised, point_of
from armlet.pruning.geometry.metric import (
    OutputMetric,
    Reference,
    Shape,
    distance,
    jacobian_vector,
    make_reference,
    metric_vector,
    residual,
    squared_distance,
    vector_jacobian,
)
from generators.perceptrons import initialised

KEY = jax.random.key(0)


def single(values: np.ndarray) -> F32:
    return values.astype(np.float32)


@pytest.fixture(params=[(seed, output) for seed in (0, 1) for output in OutputMetric], ids=str)
def setting(request: pytest.FixtureRequest) -> tuple[Point, Reference, Shape]:
    """A dense point in float64, so that properties hold to many digits."""
    seed, output = request.param
    network = initialised(seed=seed)
    raw = np.random.default_rng(seed).uniform(-1, 1, (40, network.inputs))
    dense = jax.tree.map(lambda a: a.astype(jnp.float64), point_of(network))
    shape = Shape(architecture_of(network), output)
    return dense, make_reference(dense, jnp.asarray((raw - 0.25) / 0.5), shape), shape


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def like(point: Point, seed: int) -> Point:
    flat, back = ravel_pytree(point)
    return back(jax.random.normal(jax.random.key(seed), flat.shape, flat.dtype))


def dot(u: Point, v: Point) -> float:
    return float(ravel_pytree(u)[0] @ ravel_pytree(v)[0])


def moved(point: Point, step: float, v: Point) -> Point:
    return jax.tree.map(lambda t, d: t + step * d, point, v)


def formed(point: Point, reference: Reference, shape: Shape) -> np.ndarray:
    flat, back = ravel_pytree(point)
    J = jax.jacobian(lambda t: residual(back(t), reference, shape).ravel())(flat)
    return np.asarray(J.T @ J)


def test_f_is_the_network_on_raw_inputs():
    network = initialised(seed=3)
    raw = np.random.default_rng(0).uniform(-1, 1, (20, 6)).astype(np.float32)
    got = evaluate(point_of(network), jnp.asarray(normalised(network, raw)), architecture_of(network))
    np.testing.assert_allclose(got, network(raw), rtol=1e-5, atol=1e-5)


def test_the_dense_network_is_at_distance_zero(setting):
    assert distance(*setting) == 0.0


def test_a_network_that_says_the_mean_of_every_input_is_at_distance_one(setting):
    point, reference, shape = setting
    weight, bias = point[-1]
    mute = (*point[:-1], (jnp.zeros_like(weight), reference.dense.mean(axis=0)))
    assert distance(mute, reference, shape) == pytest.approx(1.0, rel=1e-12)
    assert bias.shape == reference.dense.mean(axis=0).shape


@pytest.mark.parametrize("output", [OutputMetric.LOGITS, OutputMetric.TEMPERED, OutputMetric.VALUES])
def test_distance_has_no_unit(setting, output):
    """Outputs in other units (logits times a number) leave d alone; the Fisher metric has its own scale of logits."""
    point, _, shape = setting
    shape = shape._replace(output=output)
    x = setting[1].x

    def scaled(p: Point) -> Point:
        return (*p[:-1], (p[-1][0] * 7.0, p[-1][1] * 7.0))

    near = moved(point, 0.1, like(point, 5))
    one = distance(near, make_reference(point, x, shape), shape)
    assert distance(scaled(near), make_reference(scaled(point), x, shape), shape) == pytest.approx(one, rel=1e-9)


def test_metric_is_symmetric_and_positive(setting):
    point, reference, shape = setting
    u, v = like(point, 1), like(point, 2)
    Gv = metric_vector(point, v, reference, shape)
    assert dot(u, Gv) == pytest.approx(dot(metric_vector(point, u, reference, shape), v), rel=1e-9)
    assert dot(v, Gv) > 0


def test_products_agree_with_the_formed_matrix(setting):
    point, reference, shape = setting
    v = like(point, 3)
    G = formed(point, reference, shape)
    got = ravel_pytree(metric_vector(point, v, reference, shape))[0]
    np.testing.assert_allclose(got, G @ np.asarray(ravel_pytree(v)[0]), rtol=1e-9, atol=1e-12)
    u = jax.random.normal(jax.random.key(4), reference.dense.shape)
    Jv, Ju = jacobian_vector(point, v, reference, shape), vector_jacobian(point, u, reference, shape)
    assert float(jnp.sum(u * Jv)) == pytest.approx(dot(Ju, v), rel=1e-9)


def test_squared_distance_tends_to_the_metric(setting):
    point, reference, shape = setting
    v = like(point, 6)
    limit = dot(v, metric_vector(point, v, reference, shape))
    for h, within in ((1e-5, 1e-3), (1e-7, 1e-5)):
        assert float(squared_distance(moved(point, h, v), reference, shape)) / h**2 == pytest.approx(limit, rel=within)


def test_rescaling_a_relu_unit_is_a_null_direction(setting):
    """relu(a z) / a = relu(z) for a > 0: along that curve the network stays where it is."""
    point, reference, shape = setting
    (W0, b0), (W1, b1), last = point
    zero = jax.tree.map(jnp.zeros_like, point)
    v = ((zero[0][0].at[2].set(W0[2]), zero[0][1].at[2].set(b0[2])), (zero[1][0].at[:, 2].set(-W1[:, 2]), zero[1][1]))
    v = (*v, zero[2])
    assert dot(v, v) > 0.01
    assert dot(v, metric_vector(point, v, reference, shape)) == pytest.approx(0.0, abs=1e-20)
    a = 3.0
    same = ((W0.at[2].mul(a), b0.at[2].mul(a)), (W1.at[:, 2].divide(a), b1), last)
    assert distance(same, reference, shape) == pytest.approx(0.0, abs=1e-12)


def test_only_fisher_lets_all_outputs_move_together(setting):
    """Adding a constant to every output changes no probability, yet a network whose outputs are values is another."""
    point, reference, shape = setting
    weight, bias = point[-1]
    lifted = distance((*point[:-1], (weight, bias + 0.1)), reference, shape)
    assert lifted < 1e-9 if shape.output is OutputMetric.FISHER else lifted > 0.01


def test_a_temperature_is_in_units_of_the_outputs(setting):
    _, reference, shape = setting
    apart = reference.dense - reference.dense.mean(axis=1, keepdims=True)
    half = float(jnp.sqrt(jnp.mean(apart**2))) / 2
    assert float(reference.temperature) == pytest.approx(half if shape.output is OutputMetric.TEMPERED else 1.0)


def test_one_output_is_one_logit():
    network = initialised((6, 5, 1), 2)
    x, point = jnp.asarray(np.random.default_rng(2).uniform(-1, 1, (30, 6))), point_of(network)
    near = moved(point, 0.1, like(point, 3))
    logits, tempered = (
        Shape(architecture_of(network), output) for output in (OutputMetric.LOGITS, OutputMetric.TEMPERED)
    )
    one = distance(near, make_reference(point, x, logits), logits)
    assert distance(near, make_reference(point, x, tempered), tempered) == pytest.approx(one, rel=1e-9)


def test_moments_are_the_blocks_of_the_formed_metric(setting):
    point, reference, shape = setting
    G = formed(point, reference, shape)
    _, back = ravel_pytree(point)
    number = back(jnp.arange(len(G), dtype=jnp.float64))  # where each parameter stands in G
    for (weight, bias), found in zip(number, curvature(point, reference, KEY, shape), strict=True):
        w, b = np.asarray(weight, int), np.asarray(bias, int)
        np.testing.assert_allclose(found.weight, G[w, w], rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(found.bias, G[b, b], rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(found.cross, G[w, b[:, None]], rtol=1e-9, atol=1e-12)


def test_moments_do_not_depend_on_how_samples_are_chunked(setting, monkeypatch):
    point, reference, shape = setting
    whole = curvature(point, reference, KEY, shape)
    monkeypatch.setattr("armlet.pruning.geometry.curvature._LARGEST", 3 * 6 * 7)  # 7 samples a chunk; 40 is no multiple
    parts = chain_curvature.__wrapped__(point, reference, KEY, shape)  # pyright: ignore[reportFunctionMemberAccess, reportAttributeAccessIssue]
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-15)


def test_many_outputs_are_probed_without_bias(setting, monkeypatch):
    """With two random signs for three outputs, the mean over keys tends to the exact moments."""
    point, reference, shape = setting
    exact = curvature(point, reference, KEY, shape)
    monkeypatch.setattr("armlet.pruning.geometry.curvature.MOST_ROWS", 2)
    monkeypatch.setattr("armlet.pruning.geometry.curvature.PROBES", 2)
    probed = chain_curvature.__wrapped__  # pyright: ignore[reportFunctionMemberAccess, reportAttributeAccessIssue]
    keys = jax.random.split(jax.random.key(1), 300)
    many = jax.jit(jax.vmap(lambda key: probed(point, reference, key, shape)))(keys)
    for one, other in zip(jax.tree.leaves(exact), jax.tree.leaves(many), strict=True):
        error = other.std(axis=0) / len(keys) ** 0.5
        assert (jnp.abs(other.mean(axis=0) - one) <= 5 * error + 1e-12).all()
    assert float(jnp.max(jnp.abs(many[0].weight[0] - exact[0].weight))) > 0
