"""Inputs and labels out of .npz and .csv: what is written reads back, what is wrong is refused with its place."""

import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from armlet.data.dataset import show_rows
from armlet.data.sheet import read_sheet
from armlet.data.table import I64, as_labels, read_inputs, read_samples, read_targets
from armlet.errors import InputError
from armlet.formats.arrays import write_npz
from generators.damage import mutations

tables = nps.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
)


@given(tables)
def test_rows_shown_as_csv_read_back_bit_for_bit(tmp_path: Path, rows: np.ndarray):
    (tmp_path / "x.csv").write_text(show_rows(rows))
    assert read_inputs(tmp_path / "x.csv", rows.shape[1]).tobytes() == rows.tobytes()


@given(tables)
def test_rows_of_an_npz_read_back_bit_for_bit(tmp_path: Path, rows: np.ndarray):
    (tmp_path / "x.npz").write_bytes(write_npz({"X": rows, "y": np.arange(len(rows))}))
    values, labels = read_samples(tmp_path / "x.npz", rows.shape[1], len(rows))
    assert values.tobytes() == rows.tobytes()
    assert list(labels) == list(range(len(rows)))


def labels_in(path: Path, classes: int) -> I64:
    return read_targets(path, classes, True, lambda note: None)


@given(st.integers(2, 9).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1), min_size=1))))
def test_class_numbers_and_one_hot_rows_are_the_same_labels(tmp_path: Path, drawn: tuple[int, list[int]]):
    classes, labels = drawn
    (tmp_path / "one_hot.csv").write_text(show_rows(np.eye(classes, dtype=np.float32)[labels]))
    (tmp_path / "numbers.npz").write_bytes(write_npz({"y": np.array(labels)}))
    assert list(labels_in(tmp_path / "one_hot.csv", classes)) == labels
    assert list(labels_in(tmp_path / "numbers.npz", classes)) == labels


def test_a_single_row_and_a_single_column_are_told_apart_by_the_network(tmp_path: Path):
    (tmp_path / "x.npz").write_bytes(write_npz({"X": np.arange(3.0)}))
    assert read_inputs(tmp_path / "x.npz", 3).shape == (1, 3)
    assert read_inputs(tmp_path / "x.npz", 1).shape == (3, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no numbers"),
        ("\n\n", "holds no numbers"),
        ("1,2\n3\n", "line 2 has 1 columns, the lines before have 2"),
        ("1,2\n\n3,4,5\n", "line 3 has 3 columns"),
        ("1,2\n3,four\n", "line 2, column 2: 'four' is not a number"),
        ("pixel0,pixel1\n3,4\n", "line 1, column 1: 'pixel0' is not a number"),
        ("1,2\n3,\n", "line 2, column 2: '' is not a number"),
        ("1,nan\n", "line 1, column 2: nan is not a finite float32"),
        ("1,2\n-inf,4\n", "line 2, column 1: -inf is not"),
        ("1,1e39\n", "line 1, column 2: 1e39 is not a finite float32"),
        ("1,2,3\n", "has 3 columns, the network takes 2 inputs"),
        ("1;2\n", "'1;2' is not a number"),
    ],
)
def test_a_wrong_csv_is_refused_with_line_and_column(tmp_path: Path, text: str, says: str):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        read_inputs(tmp_path / "x.csv", 2)
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "x.csv"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0,1\n1,1\n", "row 2 is not one-hot"),
        ("0,1\n0,0\n", "row 2 is not one-hot"),
        ("0,1\n0,2\n", "row 2 is not one-hot"),
        ("0,1,0\n", "shape (1, 3) for 2 classes"),
        ("0\n2\n", "row 2: 2.0 is not a class from 0 to 1"),
        ("0\n0.5\n", "row 2: 0.5 is not a class"),
        ("-1\n0\n", "row 1: -1.0 is not a class"),
    ],
)
def test_wrong_labels_are_refused_with_their_row(tmp_path: Path, text: str, says: str):
    (tmp_path / "y.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        labels_in(tmp_path / "y.csv", 2)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"X": np.full((2, 2), np.nan), "y": np.zeros(2)}, "X[0, 0] is nan"),
        ({"X": np.array([[0, 1e39]]), "y": np.zeros(1)}, "X[0, 1] is 1e+39"),
        ({"X": np.zeros((0, 2)), "y": np.zeros(0)}, "X has shape (0, 2)"),
        ({"X": np.zeros((3, 2)), "y": np.zeros(2)}, "holds 3 rows of inputs and 2 labels"),
        ({"images": np.zeros((3, 2)), "labels": np.zeros(3)}, "name the inputs X"),
        ({"X": np.zeros((3, 2)), "labels": np.zeros(3)}, "name the labels y"),
    ],
)
def test_a_wrong_npz_is_refused_naming_the_array(tmp_path: Path, arrays: dict[str, np.ndarray], says: str):
    (tmp_path / "a.npz").write_bytes(write_npz(arrays))
    with pytest.raises(InputError) as caught:
        read_samples(tmp_path / "a.npz", 2, 2)
    assert says in str(caught.value)


def test_the_only_array_of_an_npz_that_fits_is_read(tmp_path: Path):
    rows = np.arange(24, dtype=np.float32).reshape(2, 12)
    kept = {
        "x_test": rows.reshape(2, 3, 2, 2),
        "y_test": np.arange(2),
        "weights": np.ones((2, 5)),
        "words": np.array(["a"]),
    }
    np.savez(tmp_path / "a.npz", **kept)
    assert read_inputs(tmp_path / "a.npz", 12, (3, 2, 2)).tolist() == rows.tolist()
    with pytest.raises(InputError, match="holds weights, words, x_test, y_test; name the inputs X"):
        read_inputs(tmp_path / "a.npz", 7)
    np.savez(tmp_path / "a.npz", **kept, x_train=rows)
    with pytest.raises(InputError, match="x_train, y_test, of which 2 have rows of 12 values; name the inputs X"):
        read_inputs(tmp_path / "a.npz", 12)
    np.savez(tmp_path / "a.npz", **kept, X=rows + 1)
    assert read_inputs(tmp_path / "a.npz", 12).tolist() == (rows + 1).tolist()


@pytest.mark.parametrize("shape", [(3, 1, 4), (3, 4, 1), (3, 2, 2)])
def test_tensors_may_have_their_channels_last(tmp_path: Path, shape: tuple[int, int, int]):
    rows = np.arange(24, dtype=np.float32).reshape(2, *shape)
    told = [rows, np.moveaxis(rows, 1, -1)]
    told += [each.squeeze(each.shape.index(1)) for each in told if 1 in shape]  # a signal without the axis of one
    for table in told:
        np.save(tmp_path / "x.npy", table)
        assert read_inputs(tmp_path / "x.npy", 12, shape).tolist() == rows.reshape(2, 12).tolist()
    for one in (rows[1], np.moveaxis(rows[1], 0, -1)):  # a sample alone
        np.save(tmp_path / "x.npy", one)
        assert read_inputs(tmp_path / "x.npy", 12, shape).tolist() == rows[1:].reshape(1, 12).tolist()
    np.save(tmp_path / "x.npy", rows.reshape(2, 2, 6))
    if 1 in shape:
        with pytest.raises(InputError, match="holds tensors 2x6; give channels x time, 3x4, or channels last"):
            read_inputs(tmp_path / "x.npy", 12, shape)


def test_what_is_not_a_table_is_refused(tmp_path: Path):
    says_what = "give .npz, .npy or .csv"
    for name, says in (("none.csv", "does not exist"), ("", "is a folder, not a file"), ("t.txt", says_what)):
        (tmp_path / "t.txt").write_text("1,2")
        with pytest.raises(InputError, match=says):
            read_inputs(tmp_path / name, 2)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe1,2")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        read_inputs(tmp_path / "binary.csv", 2)


LIKE_CSV = st.text("0123456789.,-+eEnaif\"' \t\r\n\0;#_٣", max_size=60).map(str.encode)


@settings(max_examples=500)
@given(mutations(b"0.5,1,0\n1e-3,0,1\n0,0.25,0\n") | st.binary(max_size=60) | LIKE_CSV)
def test_no_csv_file_whatever_its_bytes_does_worse_than_a_refusal(tmp_path: Path, content: bytes):
    (tmp_path / "x.csv").write_bytes(content)
    with suppress(InputError):
        values = read_inputs(tmp_path / "x.csv", 3)
        assert values.shape[1] == 3
        assert np.isfinite(values).all()
    with suppress(InputError):
        assert (labels_in(tmp_path / "x.csv", 3) < 3).all()
    with suppress(InputError):
        read_sheet(tmp_path / "x.csv", 3, 0)


VALID = write_npz({"X": np.eye(3, dtype=np.float32), "y": np.arange(3)})


@settings(max_examples=300)
@given(mutations(VALID))
def test_no_npz_of_samples_whatever_its_bytes_does_worse_than_a_refusal(tmp_path: Path, content: bytes):
    (tmp_path / "a.npz").write_bytes(content)
    with suppress(InputError):
        values, labels = read_samples(tmp_path / "a.npz", 3, 3)
        assert len(values) == len(labels)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1;2;3\n", "line 1, column 1: '1;2;3' is not a number; it has semicolons between numbers: write commas"),
        ("1,5;2,5;3,5\n", "semicolons between numbers and decimal commas: write commas between, and decimal points"),
        ("1\t2\t3\n", "it has tabs: write commas"),
        ("a,b,c\n1,2,3\n", "the first line is a header: leave it out"),
        ("1,2,3\n1,,3\n", "line 2, column 2: '' is not a number; an entry is empty"),
        ("1,2,3\n1,x,3\n", "line 2, column 2: 'x' is not a number; write one row per sample"),
    ],
)
def test_a_table_that_is_no_numbers_is_refused_with_the_likely_mistake(tmp_path: Path, text: str, says: str):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match=re.escape(says)):
        read_inputs(tmp_path / "x.csv", 3)


def test_labels_from_one_are_refused_where_a_data_set_is_made_with_the_cure(tmp_path: Path):
    with pytest.raises(InputError, match=r"row 3: 3\.0 is not a class from 0 to 2; the classes are counted from 1"):
        as_labels(np.array([1.0, 2.0, 3.0]), 3, tmp_path / "y.csv")
