"""Optimal Brain Surgeon removes what costs least after compensation, and compensates it as well as possible."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from armlet.errors import InputError, InvariantError
from armlet.pruning.geometry.architecture import architecture_of
from armlet.pruning.geometry.curvature import curvature, sensitivities
from armlet.pruning.geometry.functional import masks_of, normalised, point_of
from armlet.pruning.geometry.metric import OutputMetric, Reference, Shape, distance, make_reference
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.select import RIDGE, Selector, prune
from armlet.pruning.select.auto import resolve_selector
from armlet.pruning.select.obs import equal_savings, invert_with_ridge, prune_unit, remove_second_order
from armlet.pruning.sparsify import sparsify
from generators.perceptrons import initialised

KEY = jax.random.key(0)


def setting(widths: tuple[int, ...] = (8, 6, 3), seed: int = 0):
    network = initialised(widths, seed)
    shape = Shape(architecture_of(network), OutputMetric.LOGITS)
    random = np.random.default_rng(seed)
    mixing = np.eye(widths[0]) + random.normal(size=(widths[0], widths[0])) / 2  # inputs that tell of each other
    raw = (random.normal(size=(400, widths[0])) @ mixing * 0.5).astype(np.float32)
    reference: Reference = make_reference(point_of(network), jnp.asarray(normalised(network, raw)), shape)
    return point_of(network), masks_of(network), reference, shape


def test_cores_do_not_decide_the_bytes(monkeypatch):
    point, masks, reference, shape = setting((8, 6, 3))
    found = []
    for cores in (1, 3):
        monkeypatch.setattr("armlet.pruning.select.obs.os.cpu_count", lambda cores=cores: cores)
        found.append(remove_second_order(point, masks, reference, KEY, shape, 30))
    for one, three in zip(*map(jax.tree.leaves, found), strict=True):
        np.testing.assert_array_equal(one, three)


def test_each_removal_is_the_cheapest_and_leaves_the_rest_at_its_best():
    """Against the definition: every weight in turn held at zero, the others solved for."""
    random = np.random.default_rng(0)
    root = random.normal(size=(30, 7))
    H, start = root.T @ root, random.normal(size=7)
    inverse = np.linalg.inv(H)
    gone: list[int] = []
    last = 0.0
    for step in range(5):
        values, free = start.copy(), np.array([True] * 6 + [False])
        places, costs, moved = prune_unit(values, inverse, free, step + 1, equal_savings(7))
        np.testing.assert_allclose(start - moved.sum(axis=0, dtype=np.float64), values, rtol=1e-5, atol=1e-6)
        place, cost = int(places[-1]), costs[-1]
        exact = {}
        for i in set(range(6)) - set(gone):
            held = [*gone, i]
            rest = [k for k in range(7) if k not in held]
            best = start.copy()
            best[held] = 0
            best[rest] = np.linalg.solve(H[np.ix_(rest, rest)], (H[rest] @ start))
            exact[i] = float((best - start) @ H @ (best - start)), best
        assert places[:-1].tolist() == gone
        assert exact[place][0] == pytest.approx(min(c for c, _ in exact.values()), rel=1e-9)
        assert last + cost == pytest.approx(exact[place][0], rel=1e-9)
        np.testing.assert_allclose(values, exact[place][1], rtol=1e-8, atol=1e-10)
        last += cost
        gone.append(place)


def test_an_inverse_is_the_inverse_and_of_nothing_indefinite():
    root = np.random.default_rng(1).normal(size=(40, 25))
    H = root.T @ root
    found, ridge = invert_with_ridge(H)
    wanted = np.linalg.inv(H + RIDGE * np.trace(H) / 25 * np.eye(25))
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(found, found.T)
    assert ridge == RIDGE
    with pytest.raises(InvariantError, match="25 weights has no inverse"):
        invert_with_ridge(np.where(np.eye(25) > 0, np.nan, H))


def test_the_ridge_grows_until_it_holds_and_is_told():
    """Where rounding has taken more from H than the ridge gives back."""
    root = np.random.default_rng(1).normal(size=(40, 25))
    H = root.T @ root
    for below, wanted in ((0.5, 1), (5, 10), (50, 100), (500, 1000)):
        lacking = H - np.eye(25) * (np.linalg.eigvalsh(H)[0] + below * RIDGE * np.trace(H) / 25)
        found, ridge = invert_with_ridge(lacking)
        assert ridge == pytest.approx(wanted * RIDGE, rel=0.5)
        ridged = lacking + np.eye(25) * ridge * np.trace(lacking) / 25
        np.testing.assert_allclose(found @ ridged, np.eye(25), atol=1e-6)


def test_a_range_that_float32_cannot_square_needs_no_more_ridge():
    """Inputs of which one direction outweighs all others by far: H in float32 is not positive definite there."""
    random = np.random.default_rng(0)
    widths = (125, 6, 3)
    network = initialised(widths, 0)
    shape = Shape(architecture_of(network), OutputMetric.LOGITS)
    raw = 3e3 * (1 + random.normal(size=(2000, 1))) + 1e-3 * random.normal(size=(2000, 125))
    reference = make_reference(point_of(network), jnp.asarray(raw, jnp.float32), shape)
    _, left, ridge = remove_second_order(point_of(network), masks_of(network), reference, KEY, shape, 300)
    assert ridge == RIDGE
    assert sum(float(mask.sum()) for mask in left) == network.weights - 300


def test_sensitivities_are_what_moments_sum_however_they_are_chunked(monkeypatch):
    point, _, reference, shape = setting()
    monkeypatch.setattr("armlet.pruning.geometry.curvature._LARGEST", 3 * 8 * 7)  # 7 samples a chunk
    for (x, s), found in zip(
        sensitivities.__wrapped__(point, reference, KEY, shape),  # pyright: ignore[reportFunctionMemberAccess, reportAttributeAccessIssue]
        curvature(point, reference, KEY, shape),
        strict=True,
    ):
        assert len(x) == len(s) == 400
        np.testing.assert_allclose(s.T @ x**2, found.weight, rtol=1e-4, atol=1e-7)


def test_as_many_go_as_were_asked_and_the_last_path_stays():
    point, masks, reference, shape = setting()
    for count in (0, 1, 20, 64):
        after, left, _ = remove_second_order(point, masks, reference, KEY, shape, count)
        assert sum(int((np.asarray(m) == 0).sum()) for m in left) == count
        for (weight, _), mask in zip(after, left):
            assert not np.asarray(weight)[np.asarray(mask) == 0].any()
    assert (np.asarray(left[1]) @ np.asarray(left[0])).any()
    with pytest.raises(InvariantError, match="65 removals"):
        remove_second_order(point, masks, reference, KEY, shape, 65)


def test_compensation_by_weights_beats_that_by_the_bias():
    for seed in range(3):
        point, masks, reference, shape = setting((20, 12, 4), seed)
        far = {}
        for selector in (Selector.COMPENSATED, Selector.SECOND_ORDER):
            pruned, _, _ = prune(selector, point, masks, reference, KEY, shape, 90, 30)
            far[selector] = distance(pruned, reference, shape)
        assert far[Selector.SECOND_ORDER] < 0.8 * far[Selector.COMPENSATED]


def test_the_ridge_stands_in_the_trace():
    asked = SparsifyOptions(sparsity=0.5, epochs=1, steps=0, draws=64, judged=64, validation=64, inputs="gaussian")
    network = initialised()
    trace = sparsify(network, replace(asked, selector=Selector.SECOND_ORDER)).trace
    assert trace.settings["sparsify_ridge"] == RIDGE
    plain = replace(asked, selector=Selector.COMPENSATED)
    assert "sparsify_ridge" not in sparsify(network, plain).trace.settings


def test_auto_is_second_order_once_that_is_affordable():
    few, many = (jnp.ones((10, 196)),), (jnp.ones((300, 784)),)
    assert resolve_selector(Selector.AUTO, few) is Selector.SECOND_ORDER
    assert resolve_selector(Selector.AUTO, many) is Selector.COMPENSATED
    thinned = (jnp.ones((300, 784)).at[:, 300:].set(0.0),)
    assert resolve_selector(Selector.AUTO, thinned) is Selector.SECOND_ORDER
    assert resolve_selector(Selector.DIAGONAL, many) is Selector.DIAGONAL


def test_a_unit_that_nothing_hears_goes_first_and_nothing_breaks():
    (weight, bias), (last, end) = setting()[0]
    _, masks, reference, shape = setting()
    mute = ((weight, bias), (last.at[:, 2].set(0.0), end))
    reference = make_reference(mute, reference.x, shape)
    after, left, _ = remove_second_order(mute, masks, reference, KEY, shape, 8 + 3)
    assert np.asarray(left[0])[2].sum() + np.asarray(left[1])[:, 2].sum() <= 1
    assert all(np.isfinite(np.asarray(a)).all() for a in jax.tree.leaves(after))


def test_slopes_that_leave_float32_are_refused_in_one_line():
    point, masks, reference, shape = setting()
    first, (weight, bias) = point
    with pytest.raises(InputError, match="slopes of its outputs leave float32"):
        remove_second_order((first, (weight * 1e30, bias)), masks, reference, KEY, shape, 8)
