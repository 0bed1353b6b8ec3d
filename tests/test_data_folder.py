"""Resampling is exact by area; a data set folder reads back whole and is written whole or not at all."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from armlet.data.dataset import OWNS, DataSet, conversions, make_dataset, read_dataset, write_dataset
from armlet.data.digits import read_digits
from armlet.data.resample import area_weights, resample
from armlet.data.source import SourceOptions, read_source
from armlet.data.table import read_inputs, read_targets
from armlet.errors import InputError
from armlet.network.topology import Topology

sides = st.integers(1, 40)


@given(sides, sides)
def test_area_weights_are_the_overlaps_of_two_rulers(old: int, new: int):
    weights = area_weights(old, new)
    for i in range(new):
        for j in range(old):
            left = max(Fraction(i, new), Fraction(j, old))
            right = min(Fraction(i + 1, new), Fraction(j + 1, old))
            assert weights[i, j] == pytest.approx(float(max(right - left, 0) * new), rel=1e-15)


pictures = nps.arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12)))


@given(pictures, st.integers(1, 20))
def test_resampling_keeps_mean_brightness_and_range(pixels: np.ndarray, side: int):
    rows = resample(pixels, side, 255.0)
    assert rows.shape == (len(pixels), side * side)
    assert rows.min() >= pixels.min() / 255 - 1e-6
    assert rows.max() <= pixels.max() / 255 + 1e-6
    assert np.allclose(rows.mean(axis=1), pixels.mean(axis=(1, 2)) / 255, atol=1e-6)


@given(pictures, st.integers(1, 4))
def test_enlarging_by_a_whole_factor_repeats_and_shrinking_undoes_it(pixels: np.ndarray, factor: int):
    square = pixels[:, : min(pixels.shape[1:]), : min(pixels.shape[1:])]
    side = square.shape[1]
    large = resample(square, side * factor, 255.0).reshape(len(square), side * factor, -1)
    repeated = square.repeat(factor, axis=1).repeat(factor, axis=2) / 255
    assert np.allclose(large, repeated, atol=1e-7)
    assert np.allclose(resample(large, side, 1.0), resample(square, side, 255.0), atol=1e-6)


@given(nps.arrays(np.uint8, st.tuples(st.integers(1, 3), st.just(7), st.just(7))))
def test_resampling_to_the_same_side_is_division_by_white(pixels: np.ndarray):
    assert resample(pixels, 7, 255.0).tobytes() == (pixels / 255.0).astype(np.float32).tobytes()


def digits_at(side: int) -> DataSet:
    return make_dataset(read_digits(10, seed=0), Topology(side, (10,)))


@settings(max_examples=6)
@given(st.integers(1, 17))
def test_a_data_set_folder_reads_back_bit_for_bit(tmp_path: Path, side: int):
    data = digits_at(side)
    write_dataset(data, 10, tmp_path / "d")
    back = read_dataset(tmp_path / "d", Topology(side, (5, 10)))
    assert back.made == data.made
    for name in set(DataSet.__slots__) - {"made"}:
        assert getattr(back, name).tobytes() == getattr(data, name).tobytes()
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == sorted(OWNS)
    small = read_inputs(tmp_path / "d" / "X_test_small.csv", side * side)
    assert small.tobytes() == data.test_inputs[:100].tobytes()
    labels = read_targets(tmp_path / "d" / "Y_test_small.csv", 10, True, pytest.fail)
    assert np.array_equal(labels, data.test_labels[:100])


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        write_dataset(digits_at(5), 10, tmp_path / name)
    for name in OWNS:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_inputs_lie_in_0_to_1_and_the_test_rows_are_not_in_train():
    data = digits_at(8)
    assert data.train_inputs.min() == 0
    assert data.train_inputs.max() == 1
    seen = {row.tobytes() for row in data.train_inputs}
    assert not any(row.tobytes() in seen for row in data.test_inputs)


def test_a_data_set_of_another_side_or_with_more_classes_is_refused(tmp_path: Path):
    write_dataset(digits_at(5), 10, tmp_path / "d")
    with pytest.raises(InputError, match=r"train.npz: has 25 columns, the network takes 64 inputs"):
        read_dataset(tmp_path / "d", Topology(8, (10,)))
    with pytest.raises(InputError, match="is not a class from 0 to 4"):
        read_dataset(tmp_path / "d", Topology(5, (5,)))
    with pytest.raises(InputError, match="is not a data set folder"):
        read_dataset(tmp_path / "nothing", Topology(5, (10,)))


def test_a_side_whose_data_set_would_not_be_read_back_is_refused_before_it_is_made():
    with pytest.raises(InputError, match="choose a smaller side"):
        digits_at(900)


def test_an_unwritable_folder_is_refused_and_nothing_is_left(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_dataset(digits_at(2), 10, tmp_path / "file" / "d")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (np.arange(24, dtype=np.uint8).reshape(6, 2, 2), []),
        (np.linspace(0, 1, 24).reshape(6, 2, 2), []),
        (np.arange(24, dtype=np.uint16).reshape(6, 2, 2) * 44, ["pixels are divided by 1012"]),
        (np.ones((6, 2, 3), np.uint8), ["images of 2x3 are squeezed to 4x4: their aspect changes"]),
    ],
)
def test_conversions_of_images_are_said_and_leave_a_trace(tmp_path: Path, pixels: np.ndarray, said: list[str]):
    np.savez(tmp_path / "a.npz", X=pixels, y=[0, 1] * 3)
    topology = Topology(4, (2,))
    data = make_dataset(read_source(SourceOptions(str(tmp_path / "a.npz")), 2), topology)
    assert conversions(data) == said
    write_dataset(data, 2, tmp_path / "d")
    back = read_dataset(tmp_path / "d", topology)
    assert back.made == data.made
    assert (back.made["height"], back.made["width"]) == pixels.shape[1:]
    assert conversions(back) == said
