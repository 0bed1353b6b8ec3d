"""Nothing is assumed of inputs in silence: which input model is the default, and how it is described."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.errors import InputError
from armlet.network.domain import InputDomain, domain_of
from armlet.network.network import Network, multilayer_perceptron
from armlet.pruning.geometry.functional import point_of
from armlet.pruning.geometry.metric import OutputMetric, distance
from armlet.pruning.inputs.default import default_model, describe_inputs, looks_like_images
from armlet.pruning.inputs.moments import make_moments
from armlet.pruning.inputs.parse import SAMPLERS, input_model
from armlet.pruning.inputs.samples import clipping_note
from armlet.pruning.inputs.smooth import smooth_noise
from armlet.pruning.inputs.wide import POSITIONS, SCALES, hyperplanes
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.reference import draw_references
from armlet.pruning.sparsify import sparsify
from generators.perceptrons import random_network

QUICK = SparsifyOptions(sparsity=0.5, epochs=3, steps=10, draws=512, judged=256, validation=256)


def flat(inputs: int, seed: int = 0, domain: InputDomain | None = None, shape: tuple[int, ...] = ()) -> Network:
    """A network on a list of features, which treats each by itself."""
    domain = domain or InputDomain.undeclared(inputs)
    return random_network((inputs, 12, 3), 1.0, seed, domain, gain=1, bias=0.25, shape=shape)


def seeing(side: int, domain: InputDomain | None = None, shift: float = 0.0) -> Network:
    """A network on images, which treats neighbouring pixels alike; `shift` shuts every unit to what lies below it."""
    random = np.random.default_rng(1)
    first = smooth_noise(random, 12, (side, side), side / 8).reshape(12, -1).astype(np.float64)
    return multilayer_perceptron([first, random.normal(size=(3, 12))], [np.full(12, -shift), np.zeros(3)], domain)


@pytest.mark.parametrize("inputs", [1, 2, 4, 13, 16, 25, 36, 49, 64, 100, 144])
def test_a_list_of_features_is_no_image_however_many_there_are(inputs):
    assert default_model(flat(inputs)) == "wide"
    declared_one = default_model(flat(inputs, domain=InputDomain.uniform(inputs, -3, 3)))
    assert declared_one == ("uniform" if inputs == 1 else "signal:0.5,gaussian:0.5")


@pytest.mark.parametrize("side", [8, 12, 28])
def test_what_treats_neighbours_alike_and_switches_on_images_is_shown_images(side):
    with_assumed_interval = InputDomain.uniform(side * side)
    for domain in (
        None,
        with_assumed_interval,
        replace(with_assumed_interval, mean=np.full(side**2, 0.13), std=np.full(side**2, 0.31)),
    ):
        assert default_model(seeing(side, domain)) == "image"


def test_each_thing_that_speaks_against_images_is_enough():
    assert not looks_like_images(seeing(7))
    assert not looks_like_images(replace(seeing(8), shape=(64,)))
    assert not looks_like_images(seeing(8, shift=1e3))  # no unit ever opens
    uneven = np.linspace(0.1, 0.2, 64)
    assert not looks_like_images(seeing(8, InputDomain.uniform(64, 0, 1, uneven, 1.0)))
    assert not looks_like_images(seeing(8, InputDomain.uniform(64, 0, 1, 0.0, uneven)))
    shuffled = np.random.default_rng(0).permutation(64)
    first, *rest = seeing(8).dense
    assert not looks_like_images(replace(seeing(8), layers=(replace(first, weight=first.weight[:, shuffled]), *rest)))


def test_units_that_training_never_opened_do_not_speak_against_images():
    first, *rest = seeing(12).dense
    weight, bias = first.weight.copy(), first.bias.copy()
    weight[:6] *= 0.1
    bias[:6] = -100
    assert looks_like_images(replace(seeing(12), layers=(replace(first, weight=weight, bias=bias), *rest)))


@given(st.integers(1, 30), st.integers(0, 60), st.integers(0, 2**32))
def test_wide_repeats_and_is_finite_whatever_the_network(inputs, count, seed):
    for network in (flat(inputs), silent(inputs)):
        raw = SAMPLERS["wide"](network, count, seed)
        assert raw.shape == (count, inputs)
        assert raw.dtype == np.float32
        assert np.isfinite(raw).all()
        np.testing.assert_array_equal(raw, SAMPLERS["wide"](network, count, seed))


def test_wide_stays_in_the_intervals_where_hyperplanes_lie_beyond_float32():
    network = multilayer_perceptron(
        [np.full((1, 1), 1e-45), np.ones((1, 1))], [np.ones(1), np.zeros(1)], InputDomain.uniform(1, 0, 1)
    )
    raw = SAMPLERS["wide"](network, 40, 0)
    assert ((raw >= 0) & (raw <= 1)).all()


def silent(inputs: int) -> Network:
    return multilayer_perceptron([np.zeros((4, inputs)), np.ones((1, 4))], [np.ones(4), np.zeros(1)])


def test_wide_draws_every_scale_alike_and_lies_between_the_origin_and_beyond_the_centre():
    network = silent(4000)  # which shows nothing, so that the centre is the origin and the unit 1
    raw = SAMPLERS["wide"](network, 2000, 0).astype(np.float64)
    sizes = np.sqrt((raw**2).mean(axis=1))
    assert sizes.max() < 4 * SCALES[1]
    decades = np.histogram(np.log(sizes), np.linspace(np.log(SCALES[0]), np.log(SCALES[1]), 4))[0]
    assert decades.min() > 0.6 * decades.max()
    levels = raw.mean(axis=1)
    assert levels.std() > 0.2  # of all inputs together, which noise of 4000 inputs never has


def test_the_first_layer_shows_where_its_hyperplanes_meet():
    """All of them pass near one point: there the draws lie, and spread as far."""
    random = np.random.default_rng(0)
    weight, point = random.normal(size=(40, 3)), np.array([40.0, -7.0, 12.0])
    network = multilayer_perceptron([weight, np.ones((1, 40))], [-weight @ point, np.zeros(1)])
    shown = hyperplanes(network)
    np.testing.assert_allclose(shown.centre, point, rtol=0.1)
    assert 10 < shown.unit < 45
    raw = SAMPLERS["wide"](network, 4000, 0)
    np.testing.assert_allclose(raw.mean(axis=0), np.mean(POSITIONS) * point, atol=3)


def test_wide_on_declared_inputs_is_in_their_units_and_stays_in_their_intervals():
    network = flat(5, domain=InputDomain.uniform(5, 90, 110, 100, 4))
    raw = SAMPLERS["wide"](network, 500, 0)
    assert raw.min() == 90
    assert raw.max() == 110
    assert 2 < np.std(raw) < 8


def test_what_the_user_gives_is_drawn_as_given_where_nothing_is_declared():
    rows = np.random.default_rng(0).normal(50, 20, (40, 5)).astype(np.float32)
    drawn = input_model("samples", rows)(flat(5), 40, 0)
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(rows, axis=0))
    given_moments = make_moments(np.full(5, 50.0), np.full(5, 20.0), None, 5)
    assert input_model("moments", None, given_moments)(flat(5), 4000, 0).max() > 100


@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - {"wide"}))
def test_samplers_that_need_an_interval_assume_that_of_pixels_and_say_so(name):
    network = flat(64, shape=(8, 8))
    raw = input_model(name)(network, 300, 0)
    assert raw.min() >= 0
    assert raw.max() <= 1
    assert describe_inputs(network, name) == "undeclared; assumed, [0, 1]"


def test_the_words_tell_who_said_what_the_inputs_are():
    rows = np.array([[-2.0, 7.0, 1.0]], np.float32)
    row = flat(3)
    assert describe_inputs(row, "samples", rows) == "undeclared; sampled, 1 rows from -2 to 7"
    assert describe_inputs(row, "moments") == "undeclared; sampled, by the moments given"
    assert "undeclared; assumed, about" in describe_inputs(row, "wide")
    assert "at scales up to 2" in describe_inputs(row, "wide")
    mixed = describe_inputs(row, "samples:0.5,wide:0.5", rows)
    assert "sampled" in mixed
    assert "assumed" in mixed
    assert describe_inputs(flat(3, domain=InputDomain.uniform(3, -1, 4)), "wide") == "declared, from -1 to 4"
    implied = domain_of(784, None, None, 0.1307, 0.3081)
    assert "implied" in describe_inputs(seeing(28, implied), "signal")
    assert describe_inputs(seeing(28, implied), "image").endswith("pixels assumed in [0, 1]")


def test_pixels_of_an_implied_interval_begin_at_nothing():
    """Mean and std of pixels do not imply negative brightness."""
    for mean, std, top in ((0.1307, 0.3081, 1), (33.3, 78.6, 255)):
        raw = input_model("image")(seeing(28, domain_of(784, None, None, mean, std)), 64, 0)
        assert raw.min() == 0
        assert raw.max() <= top
        assert raw.max() > 0.9 * top


def test_samples_mostly_outside_the_declared_intervals_are_refused_with_their_place():
    domain = InputDomain.uniform(3, 0, [1, 10, 1])
    rows = np.tile(np.array([0.5, 9.0, 1.0], np.float32), (50, 1))
    assert clipping_note(domain, rows) is None
    rows[6, 2] = 1.5
    note = clipping_note(domain, rows)
    assert note == "1 of 150 values of the samples are clipped: row 7, column 3 holds 1.5, its interval is [0, 1]"
    assert input_model("samples", rows)(flat(3, domain=domain), 50, 0).max(axis=0).tolist() == [0.5, 9.0, 1.0]
    rows[7:9, 0] = -4
    with pytest.raises(InputError, match=r"row 7, column 3 holds 1.5, outside that input's interval \[0, 1\]"):
        clipping_note(domain, rows)
    with pytest.raises(InputError, match="row 7, column 3"):
        sparsify(flat(3, domain=domain), QUICK, samples=rows)
    assert clipping_note(InputDomain.undeclared(3), rows) is None


def test_values_that_float32_moved_over_an_end_are_not_outside():
    domain = InputDomain.uniform(1, 0.1, 0.3)
    assert clipping_note(domain, np.array([[0.1], [0.3]], np.float32)) is None


def test_the_trace_and_the_result_name_the_input_model_and_the_domain():
    result = sparsify(flat(13), QUICK)
    for found in (result.trace.settings, result.network.provenance):
        assert found["sparsify_inputs"] == "wide"
        assert str(found["sparsify_domain"]).startswith("undeclared; assumed")
        assert found["sparsify_metric"] == "values"
    assert not result.network.domain.is_declared


def test_where_the_scale_is_a_guess_what_lies_near_counts_by_itself():
    """One unit's slight weight puts its hyperplane far away, and draws out there would drown all that is near."""
    random = np.random.default_rng(0)
    weight, places = random.normal(size=(16, 1)), random.uniform(0, 6, 16)
    places[0], weight[0] = 300.0, 0.02
    network = multilayer_perceptron(
        [weight, random.normal(size=(16, 16)) / 4, random.normal(size=(1, 16)) / 4],
        [-weight[:, 0] * places, random.normal(size=16) / 4, np.zeros(1)],
    )
    assert hyperplanes(network).unit > 50
    inputs = draw_references(network, QUICK, "wide", OutputMetric.VALUES)
    assert inputs.near is not None
    x = np.asarray(inputs.near.x)
    assert len(x) == QUICK.effort(windows=False).validation // 2
    assert np.abs(x - hyperplanes(network).centre).max() < np.abs(np.asarray(inputs.validation.x)).max() / 2
    moved = point_of(replace(network, layers=(*network.dense[:-1], replace(network.dense[-1], bias=np.array([1.0])))))
    near, far = (distance(moved, draw, inputs.shape) for draw in (inputs.near, inputs.validation))
    assert inputs.distance(moved) == near > 2 * far
    for certain in (flat(13), replace(network, domain=InputDomain.uniform(1, 0, 6))):
        assert draw_references(certain, QUICK, "wide", OutputMetric.VALUES).near is None
