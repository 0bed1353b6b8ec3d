"""Networks go to disk and come back bit for bit; what is broken is refused in one line and nothing half is left."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.errors import InputError
from armlet.formats.arrays import read_npy, read_npz, write_npy, write_npz
from armlet.formats.named.npz import read_npz_network
from armlet.formats.params import read_params, write_params
from armlet.formats.read import read_network
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain, Origin
from armlet.network.layers import Dense
from armlet.network.network import Network, multilayer_perceptron
from armlet.network.normalise import fold_normalisation
from armlet.network.topology import read_topology
from generators.damage import mutations
from generators.networks import inputs_for, networks


def refused(read: Callable[[], object]) -> str:
    """The one line with which a reader refuses."""
    with pytest.raises(InputError) as caught:
        read()
    line = str(caught.value)
    assert "\n" not in line
    return line


def tiny() -> Network:
    domain = InputDomain.uniform(9)
    return multilayer_perceptron([np.eye(4, 9), np.ones((2, 4))], [np.zeros(4), np.ones(2)], domain)


@given(networks(overflowing=True))
def test_a_params_folder_reads_back_bit_for_bit(tmp_path: Path, network: Network):
    write_params(network, tmp_path / "P")
    back = read_params(tmp_path / "P")
    assert back.digest() == network.digest()
    assert back.shape == network.shape
    for ours, theirs in zip(network.dense, back.dense):
        assert ours.weight.tobytes() == theirs.weight.tobytes()  # the sign of zero too
        assert ours.bias.tobytes() == theirs.bias.tobytes()


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9) | st.integers(-(2**62), 2**62) | st.booleans()))
def test_provenance_of_any_text_reads_back(tmp_path: Path, provenance: dict[str, object]):
    net = tiny()
    write_params(Network(net.dense, net.domain, net.shape, provenance), tmp_path / "P")
    assert dict(read_params(tmp_path / "P").provenance) == provenance


@given(networks(normalised=True))
def test_an_npz_network_reads_back_as_relu_with_a_linear_end(tmp_path: Path, network: Network):
    arrays: dict[str, np.ndarray] = {}
    for i, layer in enumerate(network.dense):
        arrays |= {f"W{i + 9}": layer.weight, f"b{i + 9}": layer.bias}  # W10 comes after W9, not before
    (tmp_path / "n.npz").write_bytes(write_npz(arrays))
    back = read_network(tmp_path / "n.npz")
    assert [layer.weight.tobytes() for layer in back.dense] == [layer.weight.tobytes() for layer in network.dense]
    assert [layer.activation for layer in back.dense[:-1]] == [Activation.RELU] * (len(back.dense) - 1)
    assert back.dense[-1].activation is Activation.LINEAR


def test_a_folder_without_description_is_relu_on_inputs_that_nobody_declared(tmp_path: Path):
    write_params(tiny(), tmp_path / "P")
    (tmp_path / "P" / "network.toml").unlink()
    back = read_params(tmp_path / "P")
    assert back.shape == (3, 3)
    assert back.domain.origin is Origin.UNDECLARED
    assert back.dense[0].activation is Activation.RELU


@given(st.data())
def test_folding_the_normalisation_keeps_the_function(data: st.DataObject):
    network = data.draw(networks(deepest=1))
    x = data.draw(inputs_for(network))
    folded = fold_normalisation(network)
    assert folded.domain.is_normalised
    layer, z = network.dense[0], np.abs((x - network.domain.mean) / network.domain.std)
    size = np.abs(layer.weight.astype(np.float64)) @ (z.max(axis=0) + np.abs(network.domain.mean / network.domain.std))
    bound = 2.0**-22 * (size + np.abs(layer.bias)) + 2.0**-100  # each folded number is rounded once
    assert (np.abs(folded(x) - network(x)) <= bound).all()


def test_a_normalisation_that_leaves_float32_is_refused_with_the_place():
    layer = Dense(np.array([[1.0, 3e38]], np.float32), np.zeros(1, np.float32), Activation.LINEAR)
    network = Network((layer,), InputDomain.uniform(2, std=0.5), (2,))
    assert "weight[0, 1] leaves float32" in refused(lambda: fold_normalisation(network))


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no first weight": (lambda p: [f.unlink() for f in p.glob("W_*")], "W_0.npy"),
    "widths that do not meet": (lambda p: (p / "W_1.npy").write_bytes(write_npy(np.ones((2, 5)))), "takes 5 values"),
    "a bias too long": (lambda p: (p / "b_0.npy").write_bytes(write_npy(np.ones(5))), "b_0.npy: has 5 values"),
    "NaN": (lambda p: (p / "W_1.npy").write_bytes(write_npy(np.full((2, 4), np.nan))), "[0, 0] is nan"),
    "a number beyond float32": (lambda p: (p / "b_1.npy").write_bytes(write_npy(np.full(2, 1e39))), "[0] is 1e+39"),
    "three dimensions": (lambda p: (p / "W_0.npy").write_bytes(write_npy(np.ones((1, 1, 1)))), "shape (1, 1, 1)"),
    "objects": (lambda p: np.save(p / "W_0.npy", np.array([[{}]]), allow_pickle=True), "not numbers"),
    "text": (lambda p: (p / "W_0.npy").write_text("0.5"), "W_0.npy"),
    "broken TOML": (lambda p: (p / "network.toml").write_text("[network"), "network.toml: is not TOML"),
    "a later format": (lambda p: change(p, "format = 1", "format = 2"), "format is 2"),
    "other widths": (lambda p: change(p, "width = 4", "width = 3"), "widths are [3, 2]"),
    "an unknown activation": (lambda p: change(p, '"relu"', '"swish"'), "swish"),
    "an unknown key": (lambda p: change(p, "inputs =", "input ="), "network.toml"),
    "an interval upside down": (lambda p: change(p, "low = 0.0", "low = 2.0"), "upside down"),
    "an interval too short": (lambda p: change(p, "low = 0.0", "low = [0.0, 0.0]"), "2 values for 9 inputs"),
    "no spread": (lambda p: change(p, "std = 1.0", "std = 0.0"), "std"),
    "a shape that does not hold": (lambda p: change(p, "[3, 3]", "[2, 3]"), "shape"),
}


def change(folder: Path, old: str, new: str) -> None:
    text = (folder / "network.toml").read_text()
    assert old in text
    (folder / "network.toml").write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_params_folder_is_refused_naming_file_and_place(tmp_path: Path, name: str):
    accident, says = BROKEN[name]
    write_params(tiny(), tmp_path / "P")
    accident(tmp_path / "P")
    line = refused(lambda: read_params(tmp_path / "P"))
    assert says in line
    assert str(tmp_path / "P") in line


def test_what_does_not_exist_or_is_no_network_is_refused(tmp_path: Path):
    assert "does not exist" in refused(lambda: read_network(tmp_path / "nothing"))
    assert "holds no W_0.npy" in refused(lambda: read_network(tmp_path))
    (tmp_path / "network.png").write_text("")
    assert "not a network file" in refused(lambda: read_network(tmp_path / "network.png"))
    (tmp_path / "n.npz").write_bytes(write_npz({"weights": np.ones((2, 2))}))
    assert "name the arrays W1, b1" in refused(lambda: read_network(tmp_path / "n.npz"))


def test_a_folder_with_somebodys_work_in_it_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("years")
    assert "thesis.tex" in refused(lambda: write_params(tiny(), tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_write_that_fails_leaves_the_old_folder_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_params(tiny(), tmp_path / "P")
    before = {path.name: path.read_bytes() for path in (tmp_path / "P").iterdir()}

    written: list[int] = []

    def full(handle: int) -> None:
        written.append(handle)
        if len(written) == 3:  # of three files
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    other = multilayer_perceptron([np.ones((1, 1))], [np.ones(1)])
    assert "no space left" in refused(lambda: write_params(other, tmp_path / "P"))
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in (tmp_path / "P").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["P"]


def test_an_unwritable_place_is_refused_and_nothing_is_left(tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused(lambda: write_params(tiny(), tmp_path / "file" / "P"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


NPY = write_npy(np.arange(12, dtype=np.float32).reshape(3, 4))
NPZ = write_npz({"W1": np.ones((3, 2), np.float32), "b1": np.zeros(3, np.float32)})


@settings(max_examples=300)
@given(mutations(NPY) | st.binary(max_size=200))
def test_no_npy_file_whatever_its_bytes_does_worse_than_a_refusal(tmp_path: Path, content: bytes):
    (tmp_path / "a.npy").write_bytes(content)
    answer_or_refuse(lambda: read_npy(tmp_path / "a.npy"))


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f2", "|b1", "|u1", ">i2", "<i8"])
@pytest.mark.parametrize("shape", [(), (3,), (0, 4), (2, 3), (1, 2, 1, 2)])
@pytest.mark.parametrize("by_columns", [False, True])
def test_what_numpy_saves_comes_back(tmp_path: Path, kind: str, shape: tuple[int, ...], by_columns: bool):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(kind)
    np.save(tmp_path / "a.npy", np.array(array, order="F" if by_columns else "C"))
    read = read_npy(tmp_path / "a.npy")
    assert (read.dtype, read.shape, read.tobytes()) == (array.dtype, array.shape, array.tobytes())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"(3, 4), }  ", b"(3L, 4L), }", ""),
        (b"'", b'"', ""),
        (b"<f4", b"<c8", "holds <c8, not numbers"),
        (b"<f4", b"<f3", "holds <f3, which is no type"),
        (b"(3, 4)", b"(12)  ", "has no shape"),
        (b"False", b"Never", "has no header of plain numbers"),
        (b"\x93NUMPY\x01", b"\x93NUMPY\x03", "is .npy version 3.0"),
    ],
)
def test_the_header_of_an_array_is_read_in_any_spelling_of_python_and_no_other(
    tmp_path: Path, old: bytes, new: bytes, said: str
):
    assert old in NPY
    (tmp_path / "a.npy").write_bytes(NPY.replace(old, new))
    if not said:
        assert np.array_equal(read_npy(tmp_path / "a.npy"), np.arange(12).reshape(3, 4))
        return
    with pytest.raises(InputError, match=re.escape(said)):
        read_npy(tmp_path / "a.npy")


@settings(max_examples=500)
@given(mutations(NPZ) | st.binary(max_size=200))
def test_no_npz_file_whatever_its_bytes_does_worse_than_a_refusal(tmp_path: Path, content: bytes):
    (tmp_path / "a.npz").write_bytes(content)
    answer_or_refuse(lambda: read_npz(tmp_path / "a.npz"))
    answer_or_refuse(lambda: read_npz_network(tmp_path / "a.npz", tell=lambda note: None))


@settings(max_examples=200)
@given(st.data())
def test_no_description_whatever_its_bytes_does_worse_than_a_refusal(tmp_path: Path, data: st.DataObject):
    write_params(tiny(), tmp_path / "P")
    path = tmp_path / "P" / "network.toml"
    path.write_bytes(data.draw(mutations(path.read_bytes()) | st.binary(max_size=100)))
    answer_or_refuse(lambda: read_params(tmp_path / "P", tell=lambda note: None))


@settings(max_examples=200)
@given(
    mutations(b"14, 10, 10, 10\n") | st.binary(max_size=60) | st.text("0123456789, -\n\t٣", max_size=20).map(str.encode)
)
def test_no_topology_whatever_its_bytes_does_worse_than_a_refusal(tmp_path: Path, content: bytes):
    (tmp_path / "t.csv").write_bytes(content)
    answer_or_refuse(lambda: read_topology(tmp_path / "t.csv"))


@given(st.integers(1, 1000), st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
def test_a_topology_is_a_side_and_the_widths_after_it(tmp_path: Path, side: int, layers: list[int]):
    path = tmp_path / "t.csv"
    path.write_text(", ".join(str(n) for n in (side, *layers)) + "\n")
    topology = read_topology(path)
    assert topology.widths == (side * side, *layers)
    assert topology.classes == layers[-1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no lines"),
        ("0, 10", "entry 1: 0 is not between"),
        ("14, 0", "entry 2: 0 is not between"),
        ("14, -3", "entry 2: '-3'"),
        ("14, ten", "entry 2: 'ten'"),
        ("14", "it needs a side and at least one layer"),
        ("14, 10\n14, 10", "2 lines"),
        ("5000, 10", "a side of 5000"),
    ],
)
def test_a_wrong_topology_is_refused_naming_the_entry(tmp_path: Path, text: str, says: str):
    (tmp_path / "t.csv").write_text(text)
    assert says in refused(lambda: read_topology(tmp_path / "t.csv"))


def answer_or_refuse(read: Callable[[], object]) -> None:
    with suppress(InputError):
        read()


def test_provenance_of_every_kind_that_toml_has_comes_back(tmp_path: Path):
    said = """
[provenance]
day = 1979-05-27
moment = 1979-05-27T07:32:00Z
noon = 12:00:00
table = {b = 1, "a key" = [1.5, inf, {c = "x"}]}
lost = nan
"""
    for name, values in (("W_0", np.ones((2, 3))), ("b_0", np.zeros(2))):
        np.save(tmp_path / f"{name}.npy", values)
    (tmp_path / "network.toml").write_text(said)
    network = read_params(tmp_path, tell=lambda _: None)
    write_params(network, tmp_path / "again")
    again = read_params(tmp_path / "again", tell=lambda _: None)
    assert sorted(again.provenance) == sorted(network.provenance)
    assert {key: str(value) for key, value in again.provenance.items() if key != "table"} == {
        key: str(value) for key, value in network.provenance.items() if key != "table"
    }
    assert again.provenance["table"] == network.provenance["table"]
