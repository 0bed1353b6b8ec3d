"""Every input model is a sampler on the declared domain: it repeats, and it stays inside."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.errors import InputError
from armlet.network.domain import InputDomain
from armlet.network.network import Network, multilayer_perceptron
from armlet.pruning.inputs.augmentation import augment
from armlet.pruning.inputs.images.brightness_prior import brightness_from_weights
from armlet.pruning.inputs.images.margin_sampling import margin_sample
from armlet.pruning.inputs.parse import PIXELS, SAMPLERS, input_model
from armlet.pruning.inputs.smooth import smooth_noise
from generators.networks import networks
from generators.perceptrons import random_network

FEATURES = sorted(set(SAMPLERS) - PIXELS)


def image_network(shape: tuple[int, int] = (9, 7), low: float = -0.5, high: float = 2.0, classes: int = 4) -> Network:
    inputs = shape[0] * shape[1]
    return random_network(
        (inputs, 8, classes), domain=InputDomain.uniform(inputs, low, high, 0.25, 0.5), bias=0, shape=shape
    )


def assert_inside(network: Network, raw: np.ndarray) -> None:
    """Inside the closed interval, up to the float32 nearest to an end that holds none."""
    low, high = network.domain.low, network.domain.high
    assert raw.dtype == np.float32
    assert (raw >= np.minimum(low, low.astype(np.float32))).all()
    assert (raw <= np.maximum(high, high.astype(np.float32))).all()
    exact = low.astype(np.float32) < high.astype(np.float32)
    assert ((raw >= low) & (raw <= high))[:, exact].all()


@given(networks(), st.sampled_from(FEATURES), st.integers(0, 40), st.integers(0, 2**32))
def test_every_sampler_stays_in_the_interval_and_repeats(network, name, count, seed):
    sampler = input_model(name)
    raw = sampler(network, count, seed)
    assert raw.shape == (count, network.inputs)
    assert_inside(network, raw)
    np.testing.assert_array_equal(raw, sampler(network, count, seed))


@pytest.mark.parametrize("name", ["image", "fields", "image:0.7,weights:0.3"])
@pytest.mark.parametrize("shape", [(9, 7), (2, 2), (1, 5), (14, 14)])
def test_image_samplers_stay_in_the_interval_and_repeat(name, shape):
    network = image_network(shape)
    raw = input_model(name)(network, 101, 5)
    assert raw.shape == (101, network.inputs)
    assert_inside(network, raw)
    np.testing.assert_array_equal(raw, input_model(name)(network, 101, 5))
    assert (raw != input_model(name)(network, 101, 6)).any()


def test_ends_that_no_float32_hits_are_not_overstepped():
    network = image_network(low=0.1, high=0.3)
    assert float(np.float32(0.3)) > 0.3 > float(np.nextafter(np.float32(0.3), np.float32(0)))
    raw = input_model("gaussian")(network, 500, 0).astype(np.float64)
    assert (raw >= 0.1).all()
    assert (raw <= 0.3).all()


@pytest.mark.parametrize("shape", [(9, 7), (63,)])
def test_each_sample_comes_once_before_any_is_augmented(shape):
    network = replace(image_network(), shape=shape)
    rows = np.random.default_rng(1).random((10, 63)).astype(np.float32)
    few, many = (input_model("samples", rows)(network, count, 0) for count in (7, 40))
    given = {row.tobytes() for row in rows}
    assert len({row.tobytes() for row in few} & given) == 7
    assert len({row.tobytes() for row in many} & given) == 10
    assert len({row.tobytes() for row in many}) > 30
    assert many.min() >= rows.min()
    assert many.max() <= rows.max()
    assert np.array_equal(many, input_model("samples", rows)(network, 40, 0))


def test_an_augmented_image_is_that_image_moved_a_little():
    """A bright spot stays one spot, near its place."""
    image = np.zeros((28, 28), np.float32)
    image[10:14, 16:20] = 1
    moved = augment(np.tile(image.ravel(), (200, 1)), (28, 28), np.random.default_rng(0)).reshape(200, 28, 28)
    mass = moved.sum(axis=(1, 2))
    rows, columns = ((moved * axis).sum(axis=(1, 2)) / mass for axis in np.mgrid[:28, :28])
    assert np.abs(mass / image.sum() - 1).max() < 0.4
    assert np.abs(rows - 11.5).max() < 5
    assert np.abs(columns - 17.5).max() < 5
    assert rows.std() > 0.5
    assert columns.std() > 0.5


def test_a_mixture_draws_its_shares():
    network = image_network()
    rows = np.full((1, 63), 1.125, np.float32)
    raw = input_model("samples:3,uniform:1", rows)(network, 200, 0)
    same = np.all(np.abs(raw - 1.125) < 1e-5, axis=1)
    assert same.sum() == 150
    assert not np.all(same[:150])  # and they are mixed, so that any part of the draw is like the whole


@pytest.mark.parametrize("text", ["imge", "image:0", "image:x", "image:-1", "", "image,,uniform", "uniform:inf"])
def test_a_wrong_model_is_refused_with_the_mend(text):
    with pytest.raises(InputError, match="give one of"):
        input_model(text)


def test_samples_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="give rows of 63 inputs"):
        input_model("samples", np.zeros((3, 62), np.float32))(image_network(), 4, 0)
    with pytest.raises(InputError, match="--samples"):
        input_model("samples")(image_network(), 4, 0)
    with pytest.raises(InputError, match="rows and columns"):
        input_model("image")(multilayer_perceptron([np.ones((2, 3))], [np.zeros(2)]), 4, 0)


def test_margin_sampling_keeps_the_largest_margins_of_each_class():
    network = image_network(classes=3)
    raw = input_model("uniform")(network, 600, 0)
    kept = margin_sample(network, raw, 90)
    answers, margins = answers_and_margins(network, raw)
    chosen = {row.tobytes() for row in kept}
    for answer in range(3):
        of_class = [(m, row.tobytes() in chosen) for m, a, row in zip(margins, answers, raw) if a == answer]
        clip_to = [m for m, was_kept in of_class if was_kept]
        outside = [m for m, was_kept in of_class if not was_kept]
        assert len(clip_to) == min(30, len(of_class)) or len(clip_to) > 30
        assert not outside or not clip_to or min(clip_to) >= max(outside)


def answers_and_margins(network: Network, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    logits = np.sort(network(raw), axis=1)
    return network(raw).argmax(axis=1), (logits[:, -1] - logits[:, -2]).astype(np.float32)


def test_smooth_noise_has_variance_one_everywhere_and_falls_off_with_distance():
    noise = smooth_noise(np.random.default_rng(0), 20_000, (12, 5), 1.5)
    np.testing.assert_allclose(noise.var(axis=0), 1.0, atol=0.06)
    near = (noise[:, 4, 2] * noise[:, 5, 2]).mean()
    far = (noise[:, 0, 2] * noise[:, 11, 2]).mean()
    assert near > 0.8
    assert abs(far) < 0.05


def test_images_are_more_decisive_than_fields():
    network = image_network((12, 12))
    image, field = (
        answers_and_margins(network, input_model(name)(network, 400, 0))[1].mean() for name in ("image", "fields")
    )
    assert image > 1.5 * field


def test_a_batch_border_changes_only_how_many_there_are(monkeypatch):
    network = image_network((6, 6))
    monkeypatch.setattr("armlet.pruning.inputs.images.fields._AT_ONCE", 0)  # so batches are of 64
    for count in (0, 63, 64, 65, 200):
        assert input_model("image")(network, count, 0).shape == (count, 36)


def test_the_first_layer_shows_where_there_was_light():
    """Columns moved together in the left half, and at random in the right."""
    random = np.random.default_rng(0)
    grown = smooth_noise(random, 50, (10, 20), 2.0) * (np.arange(20) < 10)
    weight = grown + 0.05 * random.normal(size=grown.shape)
    network = multilayer_perceptron(
        [weight.reshape(50, 200), np.ones((2, 50))], [np.zeros(50), np.zeros(2)], shape=(10, 20)
    )
    brightness = brightness_from_weights(network)
    assert brightness[:, :9].min() > 0.9
    assert brightness[:, 12:].max() == 0.0
    assert input_model("fields")(network, 200, 0).reshape(-1, 10, 20)[:, :, 0].max() > 0.5  # outside the window


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (3, 3)])
def test_a_first_layer_that_shows_nothing_gives_no_support(shape):
    inputs = shape[0] * shape[1]
    dead = multilayer_perceptron([np.zeros((3, inputs)), np.ones((2, 3))], [np.zeros(3), np.zeros(2)], shape=shape)
    assert (brightness_from_weights(dead) == 0).all()
    lone = multilayer_perceptron([np.ones((1, inputs)), np.ones((2, 1))], [np.zeros(1), np.zeros(2)], shape=shape)
    assert (brightness_from_weights(lone) == 0).all()


def test_a_class_that_is_seldom_found_has_as_many_turns_as_the_rest():
    """One input in twenty is of the second class: its rows come again, each about as often as the others."""
    domain = InputDomain.uniform(1, 0.0, 1.0)
    network = multilayer_perceptron([np.array([[1.0], [-1.0]])], [np.array([0.0, 0.1])], domain)
    raw = np.linspace(0, 1, 400, dtype=np.float32)[:, None]
    rare = raw[raw[:, 0] < 0.05]
    kept = margin_sample(network, raw, 200)
    again = kept[kept[:, 0] < 0.05]
    assert len(again) == 100
    times = [(again == row).sum() for row in rare]
    assert max(times) - min(times) <= 1
    assert len(np.unique(kept[kept[:, 0] >= 0.05])) == 100


def test_small_images_are_means_of_finer_ones():
    """The same distribution at every side: as bright, with less of it in lengths below a pixel."""
    brightness = {
        side: input_model("fields")(image_network((side, side), 0, 1), 1500, 0).mean() for side in (7, 14, 28)
    }
    assert max(brightness.values()) < 1.25 * min(brightness.values())


def test_fields_are_darkest_at_the_corners_and_nowhere_dark_for_ever():
    network = image_network((12, 10), 0, 1)
    mean = input_model("fields")(network, 3000, 0).reshape(-1, 12, 10).mean(axis=0)
    assert mean[0, 0] < 0.5 * mean[6, 5]
    assert (mean[1:-1, 1:-1] > 0).all()
