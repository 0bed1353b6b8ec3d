"""Natural images without data: dead leaves, the decisive ones of each class, and rows of images that a person gives."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armlet.data.table import read_inputs
from armlet.errors import InputError
from armlet.formats.arrays import write_npy
from armlet.network.domain import InputDomain, domain_of
from armlet.network.layers import Conv, Dense, Pool, Reduction
from armlet.network.network import Network
from armlet.network.outputs import OutputKind
from armlet.pruning.geometry.functional import outputs
from armlet.pruning.inputs.augmentation import augment
from armlet.pruning.inputs.default import default_model, describe_inputs
from armlet.pruning.inputs.images.dead_leaves import draw_leaves
from armlet.pruning.inputs.images.decisive import BALANCE, decisive_sample
from armlet.pruning.inputs.parse import input_model
from generators.layered import LINEAR, RELU, zeros


def classifier(shape: tuple[int, ...] = (3, 10, 8), domain: InputDomain | None = None, outputs: int = 4) -> Network:
    random = np.random.default_rng(0)
    weight = random.standard_normal((6, shape[0], 3, 1)).astype(np.float32)
    layers = (
        Conv(weight, zeros(6), RELU),
        Pool(Reduction.AVERAGE),
        Dense(random.standard_normal((outputs, 6)).astype(np.float32), zeros(outputs), LINEAR),
    )
    return Network(layers, domain or InputDomain.uniform(int(np.prod(shape)), 0, 255), shape)


@pytest.mark.parametrize("shape", [(3, 10, 8), (1, 9, 9), (2, 3, 40)])
def test_dead_leaves_stay_in_the_interval_and_repeat(shape: tuple[int, ...]):
    network, draw = classifier(shape), input_model("dead_leaves")
    raw = draw(network, 101, 5)
    assert raw.shape == (101, network.inputs)
    assert raw.dtype == np.float32
    assert raw.min() >= 0
    assert 200 < raw.max() <= 255
    np.testing.assert_array_equal(raw, draw(network, 101, 5))
    assert (raw != draw(network, 101, 6)).any()
    assert draw(network, 0, 5).shape == (0, network.inputs)


def test_neighbours_are_alike_and_channels_too_and_there_is_no_scale():
    images = draw_leaves(np.random.default_rng(0), 600, (3, 32, 32))
    centred = images - images.mean(axis=(0, 2, 3), keepdims=True)
    variance = (centred**2).mean()

    def correlation(apart: int) -> float:
        return float((centred[..., apart:] * centred[..., :-apart]).mean() / variance)

    assert correlation(1) > 0.9
    assert correlation(1) > correlation(4) > correlation(16) > 0.2
    assert 0.6 < (centred[:, 0] * centred[:, 1]).mean() / variance < 0.98
    power = (np.abs(np.fft.rfft2(centred.mean(axis=1))) ** 2).mean(axis=0)
    slope = np.log2(power[0, 8] / power[0, 2]) / 2  # of the spectrum, per octave: natural images have about -2
    assert -2.7 < slope < -1.5


def test_a_network_without_rows_and_columns_is_refused():
    with pytest.raises(InputError, match="needs rows and columns"):
        input_model("dead_leaves")(classifier((3, 3, 1)), 1, 0)


def test_the_draws_of_highest_probability_are_kept_as_many_of_each_class():
    network, random = classifier(), np.random.default_rng(3)
    raw = random.uniform(0, 255, (300, network.inputs)).astype(np.float32)
    kept = decisive_sample(network, raw, 42)
    scores = outputs(network, raw).astype(np.float64)
    scores -= BALANCE * scores.mean(axis=0)
    chance = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    sizes = [10, 11, 11, 10]
    for answer, some in enumerate(np.split(kept, np.cumsum(sizes)[:-1])):
        assert len(some) == sizes[answer]
        assert chance[some, answer].min() >= np.sort(chance[:, answer])[-sizes[answer]] - 1e-9


@pytest.mark.parametrize("change", ["values", "one output", "few rows"])
def test_a_network_without_classes_takes_the_first(change: str):
    network = classifier(outputs=1 if change == "one output" else 4)
    network = replace(network, output=OutputKind.VALUES) if change == "values" else network
    raw = np.zeros((3 if change == "few rows" else 50, network.inputs), np.float32)
    assert decisive_sample(network, raw, 7).tolist() == list(range(7))[: len(raw)]


def test_windows_on_grey_or_coloured_planes_are_taken_for_natural_images():
    assert default_model(classifier()) == "dead_leaves"
    assert default_model(classifier((1, 8, 8))) == "dead_leaves"
    assert default_model(classifier((2, 8, 8))) == default_model(classifier((1, 4, 90))) == "signal:0.5,gaussian:0.5"
    assert default_model(classifier(), np.zeros((1, 240), np.float32)) == "samples"
    with pytest.raises(InputError, match="nobody declared the intervals"):
        default_model(classifier(domain=InputDomain.undeclared(240)))


def test_pixels_are_assumed_where_only_mean_and_deviation_are_declared():
    network = classifier(domain=domain_of(240, mean=0.45, std=0.25))
    raw = input_model("dead_leaves")(network, 50, 0)
    assert raw.min() >= 0
    assert 0.9 < raw.max() <= 1
    assert "pixels assumed in [0, 1]" in describe_inputs(network, "dead_leaves")


@pytest.mark.parametrize("name", ["weights", "wide", "image"])
def test_what_reads_a_dense_first_layer_refuses_windows_in_one_line(name: str):
    with pytest.raises(InputError) as caught:
        input_model(name)(classifier(), 5, 0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["uniform", "gaussian", "signal:0.5,gaussian:0.5"])
def test_other_laws_serve_windows_too(name: str):
    raw = input_model(name)(classifier(), 20, 0)
    assert raw.shape == (20, 240)
    assert 0 <= raw.min() < raw.max() <= 255


def test_the_channels_of_an_augmented_image_move_together():
    plane = np.random.default_rng(0).random((5, 1, 9, 7)).astype(np.float32)
    grey = augment(plane.reshape(5, -1), (9, 7), np.random.default_rng(1))
    three = np.concatenate([plane, 2 * plane, plane + 1], axis=1).reshape(5, -1)
    moved = augment(three, (3, 9, 7), np.random.default_rng(1)).reshape(5, 3, -1)
    for channel, wanted in enumerate((grey, 2 * grey, grey + 1)):
        np.testing.assert_allclose(moved[:, channel], wanted, atol=1e-5)


def test_tensors_with_channels_last_are_turned_and_rows_are_not(tmp_path: Path):
    planes = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)

    def read(array: np.ndarray) -> np.ndarray:
        (tmp_path / "x.npy").write_bytes(write_npy(array))
        return read_inputs(tmp_path / "x.npy", 60, (3, 4, 5))

    for array in (planes, planes.transpose(0, 2, 3, 1), planes.reshape(2, -1)):
        np.testing.assert_array_equal(read(np.ascontiguousarray(array)), planes.reshape(2, -1))
    with pytest.raises(InputError, match="holds tensors 5x4x3; give channels x height x width, 3x4x5, or channels las"):
        read(np.ascontiguousarray(planes.transpose(0, 3, 2, 1)))
