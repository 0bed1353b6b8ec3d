"""Networks with windows in integers, without data: what holds of every such result."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.formats.params import params_files, write_params
from armlet.formats.read import read_any_network
from armlet.integer.interpret import evaluate
from armlet.integer.layers import IntegerConv, IntegerPool, body_of
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier
from armlet.network.activation import Activation
from armlet.network.layers import Conv, Dense, Pool, Reduction, Reshape
from armlet.network.network import Network
from armlet.pruning.checkpoint import Partial
from armlet.pruning.geometry.functional import evaluate_all, point_of
from armlet.pruning.quantise.compensate import nearest, snap_unit
from armlet.pruning.quantise.formats import ActivationFormat, WeightFormat
from armlet.pruning.quantise.grid import Grid, grid_of
from armlet.pruning.quantise.layers import integer_windows, multiplier_of
from armlet.pruning.quantise.stored import stored_between
from armlet.pruning.sparsify import sparsify
from armlet.pruning.trace import PruningEpoch
from generators.classifier import classifier
from generators.layered import layered_networks
from quantised_windows import BYTES, clamped, farthest, followed, onto_grid, prepared_of, real_inputs, stored_rows


@settings(max_examples=15, deadline=None)
@given(layered_networks(), st.sampled_from((WeightFormat.INT8, WeightFormat.POW2)))
def test_integers_are_the_real_numbers_within_the_steps_of_what_is_stored(drawn: Network, kind: WeightFormat):
    network = clamped(drawn)
    if network.is_chain or (prepared := prepared_of(network, kind)) is None:
        return
    at = onto_grid(prepared)
    made = replace(integer_windows(network, at, prepared, {}), domain=network.domain)
    rows = stored_rows(prepared, 6)
    bound = followed(network, at, prepared, real_inputs(prepared, rows))
    assert farthest(made, rows, bound) <= bound.error


def planted(network: IntegerNetwork) -> list[IntegerNetwork]:
    """Networks that differ from this one by one fault each: another padding, zero, bias or scaling."""
    first = network.layers[0]
    assert isinstance(first, IntegerConv)
    body, by = first.body, first.body.requantisation
    assert isinstance(by, Multiplier)
    changed = [
        replace(first, border=first.border + 60 if first.border < 0 else first.border - 60),
        replace(first, body=replace(body, zero=body.zero + 9)),
        replace(first, body=replace(body, bias=body.bias + (1 << 12))),
        replace(first, body=replace(body, requantisation=replace(by, exponent=by.exponent - 1))),
    ]
    return [replace(network, layers=(layer, *network.layers[1:])) for layer in changed]


def test_the_bound_is_tight_enough_to_see_a_fault():
    network = clamped(classifier())
    network = replace(network, layers=network.layers[:1], wiring=())
    prepared = prepared_of(network, WeightFormat.INT8)
    assert prepared is not None
    at, rows = onto_grid(prepared), stored_rows(prepared, 6)
    made = integer_windows(network, at, prepared, {})
    bound = followed(network, at, prepared, real_inputs(prepared, rows))
    assert farthest(made, rows, bound) <= bound.error
    for number, wrong in enumerate(planted(made)):
        assert farthest(wrong, rows, bound) > bound.error, number


def averaging(*pools: Pool) -> Network:
    """The first convolution of the classifier, pools, and a dense layer on all that they give."""
    first = classifier().layers[0]
    network = replace(classifier(), layers=(first, *pools, Reshape()), wiring=())
    weight = np.random.default_rng(4).standard_normal((3, network.outputs)).astype(np.float32)
    last = Dense(weight, np.zeros(3, np.float32), Activation.LINEAR)
    return clamped(replace(network, layers=(*network.layers, last)))


AVERAGE = Pool(Reduction.AVERAGE)


def test_an_average_of_planes_is_stored_in_a_finer_unit_of_its_own():
    network = averaging(AVERAGE)
    prepared = prepared_of(network, WeightFormat.INT8)
    assert prepared is not None
    assert prepared.stored[2].unit < prepared.stored[1].unit
    at, rows = onto_grid(prepared), stored_rows(prepared, 6)
    made = integer_windows(network, at, prepared, {})
    pool = made.layers[1]
    assert isinstance(pool, IntegerPool)
    assert pool.scaling is not None
    assert pool.scaling.exponent <= -2  # what programs scale by
    bound = followed(network, at, prepared, real_inputs(prepared, rows))
    assert farthest(made, rows, bound) <= bound.error
    by = pool.scaling
    faults = {"bias": by.bias + (1 << 12), "exponent": by.exponent - 1, "zero": by.zero + 20}
    for name, value in faults.items():
        wrong = replace(pool, scaling=replace(by, **{name: value}))
        found = replace(made, layers=(made.layers[0], wrong, *made.layers[2:]))
        assert farthest(found, rows, bound) > bound.error, name


@pytest.mark.parametrize(
    "pool",
    [
        Pool(Reduction.MAX),
        Pool(Reduction.AVERAGE, (3, 3), (1, 1), (1, 1, 1, 1)),
        Pool(Reduction.AVERAGE, (1, 1), (1, 1)),
        Pool(Reduction.AVERAGE, (1, 2), (1, 2)),
    ],
)
def test_the_largest_padded_and_small_windows_keep_the_unit_of_what_they_take(pool: Pool):
    network = averaging(pool)
    prepared = prepared_of(network, WeightFormat.INT8)
    assert prepared is not None
    assert prepared.stored[2] == prepared.stored[1]
    made = integer_windows(network, onto_grid(prepared), prepared, {}).layers[1]
    assert isinstance(made, IntegerPool)
    assert made.scaling is None


@pytest.mark.parametrize("count", [5, 64, 1024])
def test_the_unit_of_an_average_is_no_finer_than_its_sums(count: int):
    """Averages that hardly vary would want a multiplier above those that programs have."""
    taken = stored_between(0.0, 255.0)
    own = stored_between(0.0, 1e-9, 5 * taken.unit / count)
    assert own.unit == 5 / count
    assert own.zero == -128
    assert multiplier_of(np.array([taken.unit / (count * own.unit)])).exponent[0] == -2


def test_scaling_channels_leaves_the_function_as_it_is():
    network = classifier()
    prepared = prepared_of(network, WeightFormat.INT8)
    assert prepared is not None
    x, architecture = prepared.inputs.scoring.x, prepared.inputs.shape.architecture
    before = np.asarray(evaluate_all(point_of(network), x, architecture))
    after = np.asarray(evaluate_all(prepared.point, x, architecture))
    assert np.abs(after - before).max() < 1e-5 * np.abs(before).max()
    assert any(not np.allclose(w, v) for (w, _), (v, _) in zip(prepared.point, point_of(network)))


@pytest.mark.parametrize("grid", [Grid(127, powers=False), Grid(8, powers=True), Grid(1, powers=True)])
def test_what_is_still_free_is_the_best_that_can_be_made_of_the_rest(grid: Grid):
    random = np.random.default_rng(3)
    root, start, step = random.standard_normal((40, 9)), random.standard_normal(9), 1.7 / grid.largest
    H, values = root.T @ root, start.copy()
    chosen = snap_unit(values, np.linalg.inv(H), step, float(grid.largest), grid.powers, 5)
    on = np.sort(chosen)
    assert len(set(on.tolist())) == 5
    assert 8 not in on  # the bias has no grid
    assert np.allclose(grid.nearest(values[None, on], np.array([step]))[0], values[on], atol=1e-12)
    rest = np.setdiff1d(np.arange(9), on)
    moved = np.linalg.solve(H[np.ix_(rest, rest)], H[np.ix_(rest, on)] @ (start[on] - values[on]))
    assert np.allclose(values[rest], start[rest] + moved)


def test_the_weight_that_is_dearest_to_remove_goes_first():
    random, grid = np.random.default_rng(5), Grid(8, powers=True)
    for _ in range(20):
        root, start = random.standard_normal((40, 9)), random.standard_normal(9)
        H, values, free, wanted = root.T @ root, start.copy(), list(range(9)), list[int]()
        for _ in range(6):
            inverse = np.linalg.inv(H[np.ix_(free, free)])
            price = [values[i] ** 2 / inverse[k, k] for k, i in enumerate(free[:-1])]
            k = int(np.argmax(price))
            wanted.append(i := free[k])
            to = grid.nearest(values[None, i : i + 1], np.array([0.2]))[0, 0]
            values[free] -= (values[i] - to) / inverse[k, k] * inverse[k]
            values[i] = to
            free.remove(i)
        snapped = start.copy()
        assert snap_unit(snapped, np.linalg.inv(H), 0.2, 8.0, True, 6).tolist() == wanted
        assert np.allclose(snapped, values)


def test_the_nearest_value_of_one_weight_is_that_of_the_grid():
    weight = np.random.default_rng(0).standard_normal((1, 500)) * 3
    for grid in (Grid(127, powers=False), Grid(8, powers=True), Grid(1, powers=True)):
        one = [nearest(float(w), 0.3, float(grid.largest), grid.powers) for w in weight[0]]
        assert np.array_equal(one, grid.nearest(weight, np.array([0.3]))[0])


def files(network: IntegerNetwork | Network) -> dict[str, bytes | str]:
    return dict(params_files(network))


@pytest.mark.parametrize("kind", [WeightFormat.INT8, WeightFormat.POW2, WeightFormat.TERNARY])
def test_a_network_with_windows_comes_out_in_integers_on_its_grid(kind: WeightFormat, tmp_path: Path):
    made = sparsify(classifier(), replace(BYTES, weights=kind))
    network = made.network
    assert isinstance(network, IntegerNetwork)
    grid = grid_of(kind, 4)
    for body in filter(None, map(body_of, network.layers)):
        for row in np.abs(body.weight.astype(np.int64)):
            part = row // np.gcd.reduce(row) if row.any() else row
            assert part.max() <= grid.largest
            assert not grid.powers or set(part.tolist()) <= {0, 1, 2, 4, 8}
    write_params(network, tmp_path / "P")
    again = read_any_network(tmp_path / "P", tell=lambda _: None)
    assert isinstance(again, IntegerNetwork)
    assert again.digest() == network.digest()
    x = np.random.default_rng(1).uniform(0, 255, (20, 192))
    assert np.array_equal(evaluate(again, x), evaluate(network, x))
    assert made.trace.distance == network.provenance["sparsify_distance"] < (0.2 if kind is WeightFormat.INT8 else 1.0)


def test_the_same_bytes_come_out_again_and_of_a_run_that_was_broken_off(tmp_path: Path):
    options = replace(BYTES, sparsity=0.5, path=(0.3,))
    whole = sparsify(classifier(), options)

    for stops in (2, len(whole.trace.epochs) - 1):

        def stop(epoch: PruningEpoch, made: object, stops: int = stops) -> None:
            if epoch.number == stops:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            sparsify(classifier(), options, stop, partial=Partial(tmp_path))
    resumed = sparsify(classifier(), options, partial=Partial(tmp_path, resume=True))
    assert files(resumed.network) == files(whole.network)
    assert files(resumed.path[0.3]) == files(whole.path[0.3])
    assert whole.network.sparsity >= 0.5


def test_weights_alone_go_onto_a_grid_and_stay_real():
    made = sparsify(classifier(), replace(BYTES, weights=WeightFormat.POW2, activations=ActivationFormat.FLOAT32))
    assert isinstance(made.network, Network)
    first = made.network.layers[0]
    assert isinstance(first, Conv)
    for row in np.abs(first.weight).reshape(4, -1):
        assert len(set(np.round(np.log2(row[row > 0] / row.max()), 4))) <= 4
