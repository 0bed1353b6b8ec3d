"""Models that Keras saved: what is read computes what Keras does, and nothing in them runs or leads elsewhere."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.cli import app
from armlet.errors import InputError
from armlet.formats.declaration import Declaration
from armlet.formats.declare import parse_declaration
from armlet.formats.read import read_model, read_network
from armlet.network.activation import Activation
from armlet.network.domain import Origin
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool
from armlet.network.network import Network
from armlet.network.outputs import OutputKind
from oracles.run_layers import run_layers

h5py = pytest.importorskip("h5py", reason="h5py is not installed (extra [formats])")

MODELS = Path(__file__).parent / "data" / "models"
EXPECTED = np.load(MODELS / "keras_expected.npz")


def heard(path: Path, declare: str = "") -> tuple[Network, list[str]]:
    notes: list[str] = []
    return read_network(path, parse_declaration(declare) if declare else Declaration(), notes.append), notes


def refused(read: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def outputs(network: Network, rows: np.ndarray) -> np.ndarray:
    """What the network gives for inputs as Keras takes them, channels last."""
    planes = np.moveaxis(rows, -1, 1) if rows.ndim > 2 else rows
    return np.array([run_layers(network, row.reshape(-1).astype(np.float64)) for row in planes])


def softmax(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", ["mlp.keras", "planes.keras", "signal.keras"])
def test_a_model_computes_what_keras_computes(name: str):
    network, _ = heard(MODELS / name)
    stem = name.partition(".")[0]
    given, wanted = outputs(network, EXPECTED[f"{stem}_x"]), EXPECTED[f"{stem}_y"]
    given = softmax(given) if stem == "mlp" else given
    assert wanted.std() > 0.01  # the outputs differ from input to input
    assert np.abs(given - wanted).max() <= 2e-6 * np.abs(wanted).max()


def test_what_is_folded_or_left_out_is_said():
    network, notes = heard(MODELS / "mlp.keras")
    assert [layer.activation for layer in network.dense] == [Activation.RELU, Activation.TANH, Activation.LINEAR]
    assert network.output is OutputKind.SCORES
    assert network.domain.origin is Origin.IMPLIED
    assert np.abs(network.domain.mean - [1, -2, 3, 0.5, 9, 4]).max() < 1.5
    text = "\n".join(notes)
    assert "dropout: left out, of training alone" in text
    assert "the softmax at the end is left out" in text
    assert "is the inputs' mean and std: intervals are implied, mean +- 4 std (--declare low=...,high=...)" in text


def test_windows_stand_channels_first_and_what_cannot_be_folded_is_a_layer_of_its_own():
    network, _ = heard(MODELS / "planes.keras")
    assert network.shape == (2, 9, 7)
    assert [type(layer) for layer in network.layers] == [Conv, Depthwise, Add, Pool, Conv, Dense]
    assert network.domain.mean[0] == 127.5
    assert network.domain.std[0] == pytest.approx(127.5)
    assert read_model(MODELS / "signal.keras").layers[0].operator == "Conv1D"


def test_what_is_folded_and_what_takes_a_layer_of_its_own_is_told():
    _, notes = heard(MODELS / "planes.keras")
    both = "planes.keras: batch_normalization, batch_normalization_1: BatchNormalization is folded"
    assert any(note.endswith(both) for note in notes)
    assert any(note.endswith("inputs are taken as channels, height, width; the file has 9x7x2") for note in notes)
    _, notes = heard(MODELS / "signal.keras")
    assert any("takes a layer of its own" in note for note in notes)


def test_every_layer_without_a_counterpart_is_named_at_once():
    model = read_model(MODELS / "foreign.keras")
    assert model.network is None
    assert [(each.node, each.operator) for each in model.obstacles] == [
        ("lambda", "Lambda, Python code in a layer"),
        ("dense", "the activation gelu"),
        ("layer_normalization", "a LayerNormalization layer"),
    ]
    assert "(and 2 more: armlet inspect names all)" in refused(lambda: read_network(MODELS / "foreign.keras"))


def test_what_is_declared_wins_where_the_file_does_not_say_it():
    network, notes = heard(MODELS / "mlp.keras", "low=-99,high=99")
    assert network.domain.origin is Origin.DECLARED
    assert not any("implied" in note for note in notes)
    says = "says it itself; leave it out"
    assert says in refused(lambda: heard(MODELS / "mlp.keras", "activation=tanh"))
    assert "normalises its inputs itself" in refused(lambda: heard(MODELS / "mlp.keras", "mean=1,std=2"))
    assert "ends with a softmax" in refused(lambda: heard(MODELS / "mlp.keras", "output=values"))
    assert "says the shape (9, 14)" in refused(lambda: heard(MODELS / "planes.keras", "shape=9x14"))
    declared = Declaration(low=np.zeros(3), high=np.ones(3))
    assert "has 3 values for 6 inputs" in refused(lambda: read_network(MODELS / "mlp.keras", declared))


def members(name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(MODELS / name) as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def changed(path: Path, change: Callable[[dict[str, Any]], object], name: str = "mlp.keras") -> Path:
    """A model with another config."""
    files = members(name)
    config = json.loads(files["config.json"])
    change(config)
    return packed(path, files | {"config.json": json.dumps(config).encode()})


def layer(config: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in config["config"]["layers"] if each["config"].get("name") == name)


def options(name: str, **to: Any) -> Callable[[dict[str, Any]], object]:
    return lambda config: layer(config, name)["config"].update(to)


@pytest.mark.parametrize("name", ["relu to 0.5", "hard tanh"])
def test_a_clip_between_other_ends_is_folded_around_relu6(tmp_path: Path, name: str):
    plain, _ = heard(MODELS / "mlp.keras")
    first, second, third = plain.dense
    change = options("re_lu", max_value=0.5) if name == "relu to 0.5" else options("dense_1", activation="hard_tanh")
    network, notes = heard(changed(tmp_path / "m.keras", change))
    assert len(network.layers) == 3
    assert any("is relu6 with a scale and a shift around it" in note for note in notes)
    z = (EXPECTED["mlp_x"] - plain.domain.mean) / plain.domain.std
    hidden, top = z @ first.weight.T + first.bias, 0.5 if name == "relu to 0.5" else np.inf
    hidden = np.clip(hidden, 0, top) @ second.weight.T + second.bias
    hidden = np.tanh(hidden) if name == "relu to 0.5" else np.clip(hidden, -1, 1)
    wanted = hidden @ third.weight.T + third.bias
    assert np.abs(wanted - outputs(plain, EXPECTED["mlp_x"])).max() > 0.01  # it clips
    assert np.abs(outputs(network, EXPECTED["mlp_x"]) - wanted).max() <= 2e-6 * np.abs(wanted).max()


def test_a_small_file_cannot_ask_for_many_layers_of_their_own(tmp_path: Path):
    def change(config: dict[str, Any]) -> None:
        taken = layer(config, "input_layer")
        taken["config"]["batch_shape"] = [None, 1024]
        one = {"module": "keras.layers", "class_name": "Activation", "registered_name": None}
        several = [{**one, "config": {"name": f"a{i}", "activation": "tanh"}} for i in range(60)]
        config["config"]["layers"] = [taken, *several]

    model = read_model(changed(tmp_path / "m.keras", change))
    assert model.network is None
    assert model.obstacles[0].operator == "Activation in a layer of its own, of too many"


WRONG: dict[str, tuple[str, Callable[[dict[str, Any]], object], str]] = {
    "a custom model": (
        "mlp.keras",
        lambda c: c.update(class_name="Mine"),
        "of the class Mine, which only its code",
    ),
    "a custom layer": (
        "mlp.keras",
        lambda c: layer(c, "dense_1").update(registered_name="mine>Dense"),
        "dense_1: is Dense, a layer of somebody's own code",
    ),
    "code": ("mlp.keras", lambda c: layer(c, "dense_1").update(class_name="Lambda"), "Python code in a layer"),
    "a model inside": (
        "mlp.keras",
        lambda c: layer(c, "dense_1").update(class_name="Sequential"),
        "a model inside the model",
    ),
    "a custom activation": (
        "mlp.keras",
        options("dense", activation={"class_name": "function", "config": "mine", "registered_name": "mine>f"}),
        "an activation of somebody's own code",
    ),
    "a softmax in the middle": ("mlp.keras", options("dense", activation="softmax"), "a softmax before the end"),
    "other units": (
        "mlp.keras",
        options("dense", units=15),
        "the shape (6, 16), its config says (6, 15)",
    ),
    "units that are no number": (
        "mlp.keras",
        options("dense", units="16"),
        "dense: has options that Keras does not",
    ),
    "another axis": ("planes.keras", options("batch_normalization", axis=1), "on another axis than the last"),
    "channels first": ("planes.keras", options("conv2d", data_format="channels_first"), "Conv2D with channels first"),
    "a threshold": ("planes.keras", options("re_lu", threshold=0.5), "ReLU with a threshold"),
    "a limit and a slope": (
        "planes.keras",
        options("re_lu", max_value=3.0, negative_slope=0.1),
        "ReLU that ends at 3.0 and has the slope 0.1",
    ),
    "a limit far off": ("planes.keras", options("re_lu", max_value=1e30), "ReLU from 0 to 1e+30"),
    "a shared layer": (
        "planes.keras",
        lambda c: layer(c, "flatten")["inbound_nodes"].append({"args": [], "kwargs": {}}),
        "a layer that is used more than once",
    ),
    "an unknown source": (
        "planes.keras",
        lambda c: layer(c, "flatten").update(name="other"),
        "which takes what no layer gives",
    ),
    "two outputs": (
        "planes.keras",
        lambda c: c["config"].update(output_layers=[["dense", 0, 0], ["flatten", 0, 0]]),
        "has not one layer of outputs",
    ),
    "a free extent": (
        "planes.keras",
        options("input_layer", batch_shape=[None, None, 7, 2]),
        "planes.keras: takes inputs of the shape [None, None, 7, 2]",
    ),
    "a window beyond the planes": (
        "planes.keras",
        options("max_pooling2d", pool_size=[9, 9], padding="valid"),
        "a window of 9x9",
    ),
    "an extent beyond measure": (
        "planes.keras",
        options("zero_padding2d", padding=10**9),
        "zero_padding2d: has options",
    ),
    "statistics of text": (
        "mlp.keras",
        options("normalization", mean=["x"], variance=[1]),
        "that are no numbers",
    ),
    "lists in lists": (
        "planes.keras",
        lambda c: layer(c, "flatten").update(inbound_nodes=[json.loads("[" * 50 + "]" * 50)]),
        "a layer that takes more than",
    ),
    "no layers": ("mlp.keras", lambda c: c["config"].update(layers=[]), "has 0 layers"),
    "two of a name": (
        "mlp.keras",
        lambda c: layer(c, "dense")["config"].update(name="dense_1"),
        "two layers of the name",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_model_that_is_wrong_or_beyond_armlet_is_refused_with_the_layer(tmp_path: Path, name: str):
    source, change, says = WRONG[name]
    assert says in refused(lambda: heard(changed(tmp_path / source, change, source)))


def stored(write: Callable[[Any], object]) -> bytes:
    """The weights of mlp.keras, changed."""
    buffer = io.BytesIO(members("mlp.keras")["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        write(file)
    return buffer.getvalue()


def replaced(make: Callable[[Any, str], object]) -> Callable[[Any], object]:
    """Another thing in place of the kernel of the first dense layer."""

    def write(file: Any) -> None:
        del file["layers/dense/vars/0"]
        make(file["layers/dense/vars"], "0")

    return write


def virtual(group: Any, name: str) -> None:
    layout = h5py.VirtualLayout((6, 16), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (6, 16))
    group.create_virtual_dataset(name, layout)


def elsewhere(group: Any, name: str) -> None:
    group.create_dataset(name, (6, 16), "f4", external=[("/etc/passwd", 0, 384)])


HOSTILE: dict[str, tuple[Callable[[Any, str], object], str]] = {
    "nothing": (lambda group, name: None, "holds no layers/dense/vars/0 for the layer 'dense'"),
    "a group": (lambda group, name: group.create_group(name), "holds no layers/dense/vars/0"),
    "a soft link": (lambda g, n: g.__setitem__(n, h5py.SoftLink("/layers/dense_1/vars/0")), "which leads elsewhere"),
    "another file": (lambda g, n: g.__setitem__(n, h5py.ExternalLink("/etc/passwd", "x")), "which leads elsewhere"),
    "a virtual dataset": (virtual, "keeps its values in other files"),
    "values in another file": (elsewhere, "keeps its values in other files"),
    "integers": (lambda g, n: g.create_dataset(n, data=np.ones((6, 16), np.int8)), "holds int8, not real numbers"),
    "objects": (lambda g, n: g.create_dataset(n, data=["x"], dtype=h5py.string_dtype()), "not real numbers"),
    "a bomb without data": (lambda g, n: g.create_dataset(n, (1 << 20, 1 << 20), "f4"), "more than armlet reads"),
    "a packed bomb": (
        lambda g, n: g.create_dataset(n, (1 << 15, 1 << 15), "f4", chunks=(64, 64), compression="gzip"),
        "more than armlet reads of a file of this size",
    ),
    "another packing": (lambda g, n: g.create_dataset(n, (6, 16), "f4", compression="lzf"), "packed in a way"),
    "NaN": (
        lambda g, n: g.create_dataset(n, data=np.full((6, 16), np.nan, "f4")),
        "of dense: holds a number that",
    ),
    "beyond float32": (
        lambda g, n: g.create_dataset(n, data=np.full((6, 16), 1e300)),
        "weight[0, 0] is not a finite",
    ),
    "another shape": (lambda g, n: g.create_dataset(n, (2, 3, 16), "f4"), "kernel of the shape (2, 3, 16)"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_weights_that_lead_elsewhere_or_unpack_without_end_are_refused(tmp_path: Path, name: str):
    make, says = HOSTILE[name]
    files = members("mlp.keras") | {"model.weights.h5": stored(replaced(make))}
    assert says in refused(lambda: heard(packed(tmp_path / "m.keras", files)))


def test_weights_that_are_packed_by_zlib_are_read(tmp_path: Path):
    def pack(file: Any) -> None:
        kernel = file["layers/dense/vars/0"][()]
        replaced(lambda g, n: g.create_dataset(n, data=kernel, compression="gzip", shuffle=True, fletcher32=True))(file)

    path = packed(tmp_path / "m.keras", members("mlp.keras") | {"model.weights.h5": stored(pack)})
    assert heard(path)[0].digest() == heard(MODELS / "mlp.keras")[0].digest()


ARCHIVES: dict[str, tuple[dict[str, bytes], str]] = {
    "no config": ({"config.json": b""}, "is not a config of Keras"),
    "no JSON": ({"config.json": b"["}, "is not a config of Keras"),
    "a deep config": ({"config.json": b"[" * 99_999}, "is not a config of Keras"),
    "no HDF5": ({"model.weights.h5": b"x" * 999}, "is not HDF5 that can be read"),
    "half of it": (
        {"model.weights.h5": members("mlp.keras")["model.weights.h5"][:9000]},
        "is not HDF5 that can be read",
    ),
    "a bomb": ({"model.weights.h5": bytes(1 << 27)}, "unpacks to more than armlet reads"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_broken_archive_is_refused_in_one_line(tmp_path: Path, name: str):
    files, says = ARCHIVES[name]
    assert says in refused(lambda: heard(packed(tmp_path / "m.keras", members("mlp.keras") | files)))


def test_what_is_no_model_is_told_with_what_to_do(tmp_path: Path):
    weights = {"model.weights.h5": members("mlp.keras")["model.weights.h5"]}
    assert "holds 0 of config.json" in refused(lambda: heard(packed(tmp_path / "w.keras", weights)))
    (tmp_path / "t.keras").write_text("x")
    assert "is not a readable .keras archive" in refused(lambda: heard(tmp_path / "t.keras"))


def test_a_model_goes_all_the_way_to_a_verified_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for package in ("jax", "unicorn", "capstone", "elftools"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", X=EXPECTED["mlp_x"])

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, [*words])
        assert done.exit_code == 0, done.output
        return done.output

    run("sparsify", str(MODELS / "mlp.keras"), "sparse", "--sparsity", "0.5", "--fast")
    run("compile", "sparse", "net")
    assert "NOT verified" not in run("verify", "build/net")
    run("run", "build/net", "x.npz", "-o", "y.csv")
    given = np.loadtxt("y.csv", delimiter=",")
    assert np.abs(given - read_network("sparse")(EXPECTED["mlp_x"])).max() < 1e-4
