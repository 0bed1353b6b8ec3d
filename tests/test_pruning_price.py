"""Prices of connections: what removals save, how they are ranked by it, and blocks of two weights."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.errors import InputError
from armlet.integer.price import PRICES, WEIGHT_CLASSES, classes_of
from armlet.pruning.checkpoint import Partial
from armlet.pruning.geometry.architecture import architecture_of
from armlet.pruning.geometry.functional import masks_of, point_of
from armlet.pruning.geometry.metric import OutputMetric, Shape, make_reference
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.quantise.formats import ActivationFormat, WeightFormat
from armlet.pruning.quantise.grid import grid_of
from armlet.pruning.quantise.present import savings_at
from armlet.pruning.reference import draw_references
from armlet.pruning.select import LayerSavings, Selector, mates_of, prune, remove, score_removals, scores
from armlet.pruning.select.obs import UnitSavings, equal_savings, prune_unit
from armlet.pruning.sparsify import sparsify
from generators.perceptrons import initialised

KEY = jax.random.key(0)
QUICK = SparsifyOptions(
    sparsity=0.5,
    epochs=2,
    steps=20,
    batch=32,
    draws=512,
    judged=128,
    validation=128,
    inputs="uniform",
    rounds=2,
    rest=1,
    weights=WeightFormat.INT8,
    activations=ActivationFormat.INT8,
)
IN_BLOCKS = replace(QUICK, target_core="cortex-m4", blocks="1x2")
RANKED = (Selector.DIAGONAL, Selector.COMPENSATED, Selector.SECOND_ORDER, Selector.EXACT, Selector.MAGNITUDE)

seeds = st.integers(0, 2**32 - 1)


def perceptron():
    return initialised((16, 12, 8, 4), 1, (4, 4))


def setting():
    network = initialised((8, 6, 3), 0)
    shape = Shape(architecture_of(network), OutputMetric.LOGITS)
    raw = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    return point_of(network), masks_of(network), make_reference(point_of(network), jax.numpy.asarray(raw), shape), shape


def savings(masks, of) -> list[LayerSavings]:
    """Those of every layer without blocks; `of` gives one layer's, by its shape."""
    made = [of(mask.shape) for mask in masks]
    return [LayerSavings(each, each, np.arange(each.shape[1])) for each in made]


def gone(masks) -> np.ndarray:
    return np.concatenate([np.asarray(mask).ravel() == 0 for mask in masks])


def test_classes_of_weights():
    numbers = np.array([0, 1, -4, 3, -12, 5, 7, -9, 11, 127, 43])
    assert classes_of(numbers).tolist() == [-1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3]


@given(seeds, st.sampled_from(sorted(PRICES)))
def test_the_price_of_a_layer_is_the_sum_over_its_connections(seed: int, target: tuple[str, str]):
    random, ways = np.random.default_rng(seed), PRICES[target]
    weight = random.integers(-127, 128, (4, 6)) * (random.random((4, 6)) < 0.5)
    kinds = [int(classes_of(np.array(each))) for each in weight.ravel() if each]
    for way in ways:
        cycles, size = way.of(weight)
        assert cycles.sum() == pytest.approx(sum(way.cycles[kind] for kind in kinds))
        assert size.sum() == pytest.approx(sum(way.bytes[kind] for kind in kinds))
        shares = [(way.cycles[k] / ways[0].cycles[0] + way.bytes[k] / ways[0].bytes[0]) / 2 for k in kinds]
        assert way.cost(weight, ways[0]).sum() == pytest.approx(sum(shares))


def test_no_class_costs_less_than_a_power_of_two():
    for ways in PRICES.values():
        for way in ways:
            assert len(way.cycles) == len(WEIGHT_CLASSES)
            assert min(way.cycles) == way.cycles[0] > 0
            assert min(way.bytes) == way.bytes[0] > 0
            if way.block:
                assert way.block.cycles < way.block.cycles_alone < 2 * way.block.cycles
                assert way.block.bytes < way.block.bytes_alone < 2 * way.block.bytes


@pytest.mark.parametrize("selector", RANKED, ids=lambda s: s.value)
def test_equal_prices_are_the_walk_without_prices(selector: Selector):
    point, masks, reference, shape = setting()
    asked = selector, point, masks, reference, KEY, shape, 20
    usual, priced = prune(*asked), prune(*asked, savings=savings(masks, np.ones))
    for one, other in zip(jax.tree.leaves(usual), jax.tree.leaves(priced), strict=True):
        np.testing.assert_array_equal(one, other)


@given(seeds, st.integers(1, 50))
def test_removals_are_those_of_the_least_distance_for_what_they_save(seed: int, count: int):
    point, masks, _, shape = SETTING
    random = np.random.default_rng(seed)
    saves = savings(masks, lambda size: random.uniform(0.3, 1, size))
    _, left = remove(point, masks, COSTS, None, count, shape.architecture, saves)
    score = np.concatenate([(cost / each.alone).ravel() for cost, each in zip(COSTS, saves, strict=True)])
    kept = score[~gone(left)]
    assert gone(left).sum() == count
    assert np.count_nonzero(kept < score[gone(left)].max() * (1 - 1e-6)) <= 2  # the path that stays


SETTING = setting()
COSTS, _ = score_removals(Selector.COMPENSATED, SETTING[0], SETTING[2], KEY, SETTING[3])


@pytest.mark.parametrize("selector", RANKED, ids=lambda s: s.value)
def test_what_saves_much_goes_before_what_saves_little(selector: Selector):
    point, masks, reference, shape = setting()
    half = np.arange(6 * 8) % 2 == 0

    def of(size):
        return np.where(half, 1.0, 0.01).reshape(size) if size == (6, 8) else np.full(size, 0.01)

    asked = selector, point, masks, reference, KEY, shape, 18
    usual, priced = (gone(prune(*asked, savings=saves)[1])[:48] for saves in (None, savings(masks, of)))
    assert priced[half].sum() > usual[half].sum()
    assert priced[~half].sum() < usual[~half].sum()


def cost_of_removing(H: np.ndarray, values: np.ndarray, gone: list[int]) -> float:
    """Against the definition: these held at zero, the others solved for."""
    rest = [k for k in range(len(values)) if k not in gone]
    target = np.zeros(len(values))
    target[rest] = values[rest] + np.linalg.solve(H[np.ix_(rest, rest)], H[np.ix_(rest, gone)] @ values[gone])
    away = target - values
    return float(away @ H @ away)


@given(seeds)
def test_a_unit_loses_next_what_adds_least_for_what_it_saves_in_blocks_or_not(seed: int):
    random = np.random.default_rng(seed)
    root = random.normal(size=(40, 7))
    H, values = root.T @ root, random.normal(size=7)
    alone, beside = random.uniform(0.8, 1, 7), random.uniform(0.3, 0.5, 7)
    mate = np.array([1, 0, 3, 2, -1, -1, -1])
    free = np.array([True] * 6 + [False])
    saves = UnitSavings(alone, beside, mate)
    places, costs, _ = prune_unit(values.copy(), np.linalg.inv(H), free, 1, saves)
    score = {}
    for k in range(6):
        saved = alone[k] if mate[k] < 0 else beside[k]
        score[k] = cost_of_removing(H, values, [k]) / saved
        if mate[k] >= 0:
            both = cost_of_removing(H, values, [k, int(mate[k])]) / (alone[k] + beside[mate[k]])
            score[k] = min(score[k], both)
    assert costs[0] == pytest.approx(min(score.values()), rel=1e-6)
    assert score[int(places[0])] == pytest.approx(costs[0], rel=1e-6)


@given(seeds)
def test_the_second_of_a_block_follows_where_both_were_the_cheapest(seed: int):
    random = np.random.default_rng(seed)
    values = np.append(random.uniform(1, 2, 6), 1.0)
    values[:2] = 0.9  # each alone is dear for the little that it saves, both together are cheapest
    saves = UnitSavings(np.ones(7), np.full(7, 0.1), np.array([1, 0, 3, 2, 5, 4, -1]))
    free = np.array([True] * 6 + [False])
    places, costs, _ = prune_unit(values, np.eye(7), free, 2, saves)
    assert sorted(places.tolist()) == [0, 1]
    assert costs[0] == pytest.approx(2 * 0.81 / 1.1)


def test_removals_of_one_unit_without_prices_are_as_they_were():
    random = np.random.default_rng(0)
    root = random.normal(size=(30, 7))
    inverse, values = np.linalg.inv(root.T @ root), random.normal(size=7)
    places, costs, _ = prune_unit(values.copy(), inverse, np.array([True] * 6 + [False]), 1, equal_savings(7))
    wanted = values[:6] ** 2 / np.diag(inverse)[:6]
    assert places[0] == wanted.argmin()
    assert costs[0] == wanted.min()


@given(seeds, st.floats(0.05, 1))
def test_mates_come_in_twos(seed: int, share: float):
    random = np.random.default_rng(seed)
    alive = random.random((6, 11)) < 0.5
    alive[0, 0] = True
    mate = mates_of(random.random((6, 11)).astype(np.float32), alive, share)
    assert (mate[mate] == np.arange(11)).all()
    assert (mate == np.arange(11)).sum() == 1  # of an odd number one is left


def test_mates_are_those_that_most_neurons_share():
    alive = np.zeros((6, 6), bool)
    alive[:4, [0, 3]] = alive[2:, [1, 5]] = True
    assert mates_of(np.ones((6, 6), np.float32), alive, 1.0).tolist() == [3, 5, 4, 0, 2, 1]


def test_the_dearer_of_a_block_is_removed_after_the_cheaper():
    saves = [LayerSavings(np.ones((1, 4)), np.full((1, 4), 0.5), np.array([1, 0, 2, 3]))]
    cost = (np.array([[1.0, 4.0, 1.5, 3.0]], np.float32),)
    found = scores(cost, [np.ones((1, 4), bool)], saves)[0]
    assert found.tolist() == [[2.0, 4.0, 1.5, 3.0]]
    apart = scores(cost, [np.array([[True, False, True, True]])], saves)[0]
    assert apart[0, 0] == 1.0


def test_savings_are_prices_of_the_values_that_weights_would_have():
    network = perceptron()
    inputs = draw_references(network, QUICK, "uniform", OutputMetric.LOGITS)
    ways = PRICES["cortex-m0plus", "integers"]
    asked = point_of(network), masks_of(network), inputs, KEY
    found = savings_at(*asked, grid_of(WeightFormat.INT8, 4), ways)
    ratios = {round(cycles / ways[0].cycles[0], 3) for cycles in ways[0].cycles}
    assert len({float(value) for saves in found for value in saves.alone.ravel()}) in range(2, len(ratios) + 1)
    powers = savings_at(*asked, grid_of(WeightFormat.POW2, 4), ways)
    assert all((saves.alone == 1).all() for saves in powers)


BLOCKING = (Selector.COMPENSATED, Selector.SECOND_ORDER, Selector.EXACT)


@pytest.mark.parametrize("selector", BLOCKING, ids=lambda s: s.value)
@pytest.mark.parametrize("count", [20, 35])
def test_what_is_left_stands_in_blocks_where_they_cost_less(selector: Selector, count: int):
    point, masks, reference, shape = setting()
    found = []
    for beside in (1.0, 0.2):
        saves = []
        for mask in masks:
            inputs = mask.shape[1]
            mate = np.arange(inputs).reshape(-1, 2)[:, ::-1].ravel()
            saves.append(LayerSavings(np.ones(mask.shape), np.full(mask.shape, beside), mate))
        _, left, _ = prune(selector, point, masks, reference, KEY, shape, count, savings=saves)
        found.append(sum(int(each.in_block(np.asarray(mask) > 0).sum()) for each, mask in zip(saves, left)))
    assert found[1] > found[0]


def test_a_run_in_blocks_broken_at_any_epoch_goes_on_to_the_same_bytes(tmp_path: Path):
    whole = sparsify(perceptron(), IN_BLOCKS)
    for number in range(1, len(whole.trace.epochs)):

        def watch(now, _, number=number):
            if now.number == number:
                raise KeyboardInterrupt
            return {}

        partial = tmp_path / str(number)
        with pytest.raises(KeyboardInterrupt):
            sparsify(perceptron(), IN_BLOCKS, watch, partial=Partial(partial))
        resumed = sparsify(perceptron(), IN_BLOCKS, partial=Partial(partial, resume=True))
        assert resumed.network.digest() == whole.network.digest()
        assert [replace(e, seconds=0) for e in resumed.trace.epochs] == [
            replace(e, seconds=0) for e in whole.trace.epochs
        ]
    assert whole.trace.settings["sparsify_blocks"] == "1x2"


FLOAT = replace(QUICK, activations=ActivationFormat.FLOAT32)


@pytest.mark.parametrize(
    ("asked", "changes", "told"),
    [
        (QUICK, {"target_core": "z80"}, "--for: 'z80' has no prices; give cortex-m0plus or cortex-m4 or cortex-m4f"),
        (FLOAT, {"target_core": "cortex-m4"}, "--for: cortex-m4 has prices of integers alone; give --activations int8"),
        (FLOAT, {"target_core": "cortex-m0plus"}, "--for: cortex-m0plus has prices of integers alone"),
        (
            FLOAT,
            {"target_core": "cortex-m4f", "weights": None},
            "all float32 weights cost the same; give --weights int8",
        ),
        (QUICK, {"blocks": "1x2"}, "--blocks: has no prices to weigh them by; give --for cortex-m4"),
        (QUICK, {"blocks": "2x2", "target_core": "cortex-m4"}, "--blocks: '2x2' is none; give 1x2"),
        (QUICK, {"blocks": "1x2", "target_core": "cortex-m0plus"}, "--blocks: save nothing on cortex-m0plus"),
        (FLOAT, {"blocks": "1x2", "target_core": "cortex-m4f"}, "--blocks: save nothing on cortex-m4f in float32"),
    ],
)
def test_prices_that_do_not_fit_are_refused_in_one_line(asked: SparsifyOptions, changes: dict, told: str):
    with pytest.raises(InputError) as refused:
        replace(asked, **changes)
    assert str(refused.value).startswith(told) or told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_float32_weights_have_prices_on_the_core_with_a_floating_point_unit():
    made = sparsify(perceptron(), replace(FLOAT, target_core="cortex-m4f")).network
    usual = sparsify(perceptron(), FLOAT).network

    def powers(network) -> int:
        return sum(
            int((np.frexp(layer.weight[layer.weight != 0])[0] ** 2 == 0.25).sum()) for layer in network.layers[:-1]
        )

    assert powers(made) > powers(usual)
