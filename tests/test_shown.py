"""X_TEST and Y_TEST in every shape that people have them; moments of rows; inputs held against the domain."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.cli import app
from armlet.data.moments import moments_of_rows
from armlet.errors import InputError
from armlet.formats.params import write_params
from armlet.network.activation import Activation
from armlet.network.network import Network
from armlet.network.outputs import OutputKind
from armlet.pruning.inputs.moments import read_moments
from armlet.shown import Measure, r_squared, shown_on
from generators.perceptrons import random_network

RANDOM = np.random.default_rng(5)
X = RANDOM.uniform(0, 1, (40, 6)).astype(np.float32)


def network(outputs: int, kind: OutputKind | None = None, last: Activation = Activation.LINEAR) -> Network:
    made = random_network((6, 8, outputs), seed=outputs, shape=(6,))
    hidden, end = made.dense[0], replace(made.dense[1], activation=last)
    middle = made(X).mean(axis=0)  # so that every class is some row's answer
    end = replace(end, bias=end.bias - (middle if last is Activation.LINEAR else 0))
    return replace(made, layers=(hidden, end), output=kind)


def saved(path: Path, array: np.ndarray) -> Path:
    match path.suffix:
        case ".npy":
            np.save(path, array)
        case ".npz":
            np.savez(path, y=array)
        case _:
            np.savetxt(path, array, delimiter=",", fmt="%.9g")
    return path


NET = network(3)
ANSWERS = NET(X).argmax(axis=1)
LABELS: Mapping[str, np.ndarray] = {
    "from 0": ANSWERS,
    "from 1": ANSWERS + 1,
    "one-hot": np.eye(3)[ANSWERS],
    "one-hot of float32": np.eye(3, dtype=np.float32)[ANSWERS],
    "a column": ANSWERS[:, None],
}


@pytest.mark.parametrize("ending", [".csv", ".npy", ".npz"])
@pytest.mark.parametrize("name", LABELS)
def test_labels_in_any_shape_give_the_share_of_right_answers(tmp_path: Path, name: str, ending: str):
    notes: list[str] = []
    x, y = saved(tmp_path / "x.npy", X), saved(tmp_path / f"y{ending}", LABELS[name])
    shown = shown_on(NET, x, y, notes.append)
    assert shown.name is Measure.ACCURACY
    assert shown.of(NET) == 1.0
    assert shown.of(network(3, last=Activation.RELU)) < 1.0  # ties of zeros go to the first class
    assert notes == ([f"{y}: classes are counted from 1 to 3"] if name == "from 1" else [])


@pytest.mark.parametrize("kind", [None, OutputKind.VALUES])
@pytest.mark.parametrize("outputs", [1, 4])
def test_real_valued_targets_give_r_squared(tmp_path: Path, outputs: int, kind: OutputKind | None):
    dense = network(outputs, kind)
    y = saved(tmp_path / "y.npy", dense(X))
    shown = shown_on(dense, saved(tmp_path / "x.csv", X), y, list[str]().append)
    assert shown.name is Measure.R_SQUARED
    assert shown.of(dense) == pytest.approx(1.0, abs=1e-9)


def test_r_squared_is_0_for_the_mean_and_1_for_the_targets():
    targets = RANDOM.normal(size=(50, 2)) * (3578, 0.0047)
    assert r_squared(targets, targets) == 1.0
    assert r_squared(np.broadcast_to(targets.mean(axis=0), targets.shape), targets) == pytest.approx(0.0)
    half = targets.copy()
    half[:, 1] = targets[:, 1].mean()  # the small output lost
    assert r_squared(half, targets) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("outputs", "kind", "wanted"),
    [
        (3, None, Measure.AGREEMENT),
        (3, OutputKind.SCORES, Measure.AGREEMENT),
        (3, OutputKind.VALUES, Measure.R_SQUARED),
        (1, None, Measure.R_SQUARED),
        (1, OutputKind.SCORES, Measure.AGREEMENT),
    ],
)
def test_without_labels_the_dense_network_is_the_target(
    tmp_path: Path, outputs: int, kind: OutputKind | None, wanted: Measure
):
    dense = network(outputs, kind)
    shown = shown_on(dense, saved(tmp_path / "x.npy", X), None, list[str]().append)
    assert shown.name is wanted
    assert shown.of(dense) == 1.0


@pytest.mark.parametrize(("last", "middle"), [(Activation.SIGMOID, 0.5), (Activation.LINEAR, 0.0)])
def test_one_output_with_labels_0_and_1_is_a_score_on_either_side_of_the_middle(
    tmp_path: Path, last: Activation, middle: float
):
    dense = network(1, last=last)
    y = saved(tmp_path / "y.npy", (dense(X)[:, 0] > middle).astype(int))
    shown = shown_on(dense, saved(tmp_path / "x.npy", X), y, list[str]().append)
    assert (shown.name, shown.of(dense)) == (Measure.ACCURACY, 1.0)


def test_classes_without_a_first_one_are_counted_from_0_aloud(tmp_path: Path):
    notes: list[str] = []
    y = saved(tmp_path / "y.npy", np.where(ANSWERS == 0, 1, ANSWERS) % 3)
    shown_on(NET, saved(tmp_path / "x.npy", X), y, notes.append)
    assert len(notes) == 1
    assert "no row has class 0" in notes[0]


@pytest.mark.parametrize(
    ("y", "says"),
    [
        (np.zeros(39, int), "holds 39 rows for 40 inputs"),
        (np.full(40, 7), "row 1: 7 is not a class from 0 to 2"),
        (np.full(40, -1), "row 1: -1 is not a class from 0 to 2"),
        (np.full(40, 0.5), "row 1: 0.5 is not a class from 0 to 2"),
        (np.full((40, 2), 0.5), "has 2 values a row, the network gives 3"),
        (np.full((40, 3), 0.5), "has targets that never vary"),
        (np.full((40, 3), np.nan), "row 1, column 1 is not finite"),
    ],
)
def test_targets_that_fit_nothing_are_refused(tmp_path: Path, y: np.ndarray, says: str):
    with pytest.raises(InputError, match=says):
        shown_on(NET, saved(tmp_path / "x.npy", X), saved(tmp_path / "y.npy", y), list[str]().append)


def test_inputs_outside_the_interval_are_told_once(tmp_path: Path):
    notes: list[str] = []
    shown_on(NET, saved(tmp_path / "x.npy", 3 * X), None, notes.append)
    assert len(notes) == 1
    assert "outside its interval [0, 1]" in notes[0]


@pytest.mark.parametrize("count", [2, 41])
def test_moments_are_those_of_numpy_and_read_back(tmp_path: Path, count: int):
    rows = RANDOM.normal(3, 2, (count, 5)).astype(np.float32)
    mean, covariance = moments_of_rows(rows)
    assert np.allclose(mean, rows.astype(np.float64).mean(axis=0))
    assert np.allclose(covariance, np.cov(rows.astype(np.float64), rowvar=False))
    saved(tmp_path / "rows.csv", rows)
    done = CliRunner().invoke(app, ["moments", str(tmp_path / "rows.csv"), str(tmp_path / "m.npz"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"inputs": 5, "out": str(tmp_path / "m.npz")}
    assert np.allclose(read_moments(tmp_path / "m.npz", 5).mean, mean)
    with np.load(tmp_path / "m.npz") as written:
        assert sorted(written) == ["covariance", "mean"]


@pytest.mark.parametrize(
    ("rows", "out", "says"),
    [(X[:1], "m.npz", "holds one row"), (X, "m.csv", "does not end in .npz"), (None, "m.npz", "does not exist")],
)
def test_moments_of_what_has_none_are_refused(tmp_path: Path, rows: Any, out: str, says: str):
    if rows is not None:
        saved(tmp_path / "rows.npy", rows)
    done = CliRunner().invoke(app, ["moments", str(tmp_path / "rows.npy"), str(tmp_path / out)])
    assert done.exit_code == 2
    assert says in done.output
    assert not (tmp_path / out).exists()


def test_the_command_line_declares_and_compile_says_what_the_inputs_are(tmp_path: Path, monkeypatch: Any):
    monkeypatch.chdir(tmp_path)
    write_params(network(3), tmp_path / "P")
    (tmp_path / "P" / "network.toml").unlink()
    for flag, said in (
        ([], "inputs undeclared, no interval is assumed"),
        (["--declare", "low=0,high=255"], "inputs declared, from 0 to 255"),
        (["--declare", "mean=1,std=2"], "inputs implied by mean and std (mean +- 4 std), from -7 to 9"),
    ):
        done = CliRunner().invoke(app, ["compile", "P", "net", "--no-verify", *flag])
        assert done.exit_code == 0, done.output
        assert said in done.output
        assert (
            said.removeprefix("inputs ") == json.loads((tmp_path / "build/net/net.json").read_text())["domain"]["text"]
        )
