"""Arrays by name, in .npz and safetensors: names, layouts, orders and normalisations, read or refused with the mend."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armlet.errors import InputError
from armlet.formats.arrays import write_npy, write_npz
from armlet.formats.declaration import Declaration, Layout
from armlet.formats.declare import parse_declaration
from armlet.formats.read import read_model, read_network
from armlet.network.activation import Activation
from armlet.network.domain import Origin
from armlet.network.layers import Conv, Dense, Depthwise
from armlet.network.network import Network

pytest.importorskip("safetensors", reason="safetensors is not installed (extra [formats])")

from safetensors.numpy import save_file

RANDOM = np.random.default_rng(3)
Arrays = dict[str, np.ndarray]


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


W0, B0, W1, B1 = normal(8, 4), normal(8), normal(3, 8), normal(3)
X = normal(20, 4)
MEAN, VARIANCE, GAMMA, BETA = normal(8), np.square(normal(8)) + 0.1, normal(8), normal(8)
NORM = {"running_mean": MEAN, "running_var": VARIANCE, "weight": GAMMA, "bias": BETA}


def norm(key: str) -> Arrays:
    return {f"{key}.{name}": of for name, of in NORM.items()} | {f"{key}.num_batches_tracked": np.array(7)}


def saved(path: Path, arrays: Arrays, metadata: dict[str, str] | None = None) -> Path:
    if path.suffix == ".npz":
        path.write_bytes(write_npz(arrays))
    else:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path, metadata)
    return path


def heard(path: Path, declare: str = "") -> tuple[Network, str]:
    notes: list[str] = []
    network = read_network(path, parse_declaration(declare) if declare else Declaration(), notes.append)
    return network, "\n".join(notes)


def refused(read: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def forward(x: np.ndarray) -> np.ndarray:
    return relu(x @ W0.T.astype(np.float64) + B0) @ W1.T + B1


def normalised(x: np.ndarray) -> np.ndarray:
    return (x - MEAN) / np.sqrt(VARIANCE + 1e-5) * GAMMA + BETA


each_suffix = pytest.mark.parametrize("suffix", ["npz", "safetensors"])

RIGHT: dict[str, Arrays] = {
    "state_dict": {"0.weight": W0, "0.bias": B0, "2.weight": W1, "2.bias": B1},
    "torch_names": {"fc1.weight": W0, "fc1.bias": B0, "fc2.weight": W1, "fc2.bias": B1},
    "nested": {"layers.0.0.weight": W0, "layers.0.0.bias": B0, "layers.1.0.weight": W1, "layers.1.0.bias": B1},
    "keras": {"dense/kernel": W0.T, "dense/bias": B0, "dense_1/kernel": W1.T, "dense_1/bias": B1},
    "plain": {"W1": W0, "b1": B0, "W2": W1, "b2": B1},
    "scikit-learn": {"coefs_0": W0.T, "intercepts_0": B0, "coefs_1": W1.T, "intercepts_1": B1},
    "turned under PyTorch's names": {"fc1.weight": W0.T, "fc1.bias": B0, "fc2.weight": W1.T, "fc2.bias": B1},
    "turned under Keras's names": {"dense/kernel": W0, "dense/bias": B0, "dense_1/kernel": W1, "dense_1/bias": B1},
    "names out of order": {"to.weight": W0, "to.bias": B0, "from.weight": W1, "from.bias": B1},
}


@each_suffix
@pytest.mark.parametrize("name", RIGHT)
def test_names_and_layouts_that_people_use_give_the_same_network(tmp_path: Path, suffix: str, name: str):
    network, notes = heard(saved(tmp_path / f"n.{suffix}", RIGHT[name]))
    assert np.abs(network(X) - forward(X)).max() < 1e-12
    assert [layer.activation for layer in network.dense] == [Activation.RELU, Activation.LINEAR]
    assert ("as their shapes tell" in notes) == name.startswith("turned")
    assert ("the only one in which their shapes meet" in notes) == (name == "names out of order")


def test_a_folder_of_kernels_inputs_first_is_read_and_said(tmp_path: Path):
    for name, array in {"W_0": W0.T, "b_0": B0, "W_1": W1.T, "b_1": B1}.items():
        (tmp_path / f"{name}.npy").write_bytes(write_npy(array))
    network, notes = heard(tmp_path)
    assert np.abs(network(X) - forward(X)).max() < 1e-12
    assert "stand inputs x outputs" in notes


def test_a_folder_without_biases_is_read_and_said(tmp_path: Path):
    for name, array in {"W_0": W0, "W_1": W1}.items():
        (tmp_path / f"{name}.npy").write_bytes(write_npy(array))
    network, notes = heard(tmp_path)
    assert np.abs(network(X) - relu(X @ W0.T.astype(np.float64)) @ W1.T).max() < 1e-12
    assert notes.count("has no bias beside it, zeros are taken") == 2


NO_BIASES = {name: array for name, array in RIGHT["torch_names"].items() if "bias" not in name}
SQUARE = {"a.weight": normal(4, 4), "b.weight": normal(4, 4)}


@each_suffix
def test_the_layout_of_square_weights_is_taken_from_their_names_and_may_be_declared(tmp_path: Path, suffix: str):
    path = saved(tmp_path / f"n.{suffix}", SQUARE)
    assert heard(path)[0].dense[0].weight.tolist() == SQUARE["a.weight"].tolist()
    assert heard(path, "layout=inputs-outputs")[0].dense[1].weight.tolist() == SQUARE["b.weight"].T.tolist()
    assert heard(path, "layout=outputs-inputs")[0].dense[1].weight.tolist() == SQUARE["b.weight"].tolist()
    kernels = saved(tmp_path / f"k.{suffix}", {f"{name[0]}/kernel": array for name, array in SQUARE.items()})
    assert heard(kernels)[0].dense[1].weight.tolist() == SQUARE["b.weight"].T.tolist()
    assert heard(kernels, "layout=outputs-inputs")[0].dense[1].weight.tolist() == SQUARE["b.weight"].tolist()


def test_a_declared_layout_that_does_not_fit_is_refused_and_not_mended(tmp_path: Path):
    path = saved(tmp_path / "n.npz", RIGHT["torch_names"])
    assert "takes 3 values, layer 0 gives 4" in refused(lambda: heard(path, "layout=inputs-outputs"))
    assert "no layout of weights" in refused(lambda: heard(path, "layout=keras"))


def test_shapes_that_meet_in_two_orders_keep_the_order_of_the_names(tmp_path: Path):
    arrays = {"a.weight": normal(6, 4), "b.weight": normal(6, 6), "c.weight": normal(6, 6), "d.weight": normal(3, 6)}
    _, notes = heard(saved(tmp_path / "n.npz", arrays))
    assert "in the order a, b, c, d" in notes


def test_an_order_that_hangs_on_the_layout_is_asked_for(tmp_path: Path):
    """Without biases, 4-8-3 turned is 3-8-4 the other way round."""
    path = saved(tmp_path / "n.npz", {name: array.T for name, array in NO_BIASES.items()})
    assert "say --declare layout=outputs-inputs (PyTorch) or layout" in refused(lambda: heard(path))
    assert heard(path, "layout=inputs-outputs")[0].widths == (4, 8, 3)
    assert heard(path, "layout=outputs-inputs")[0].widths == (3, 8, 4)


PLACES: dict[str, tuple[Arrays, Callable[[np.ndarray], np.ndarray]]] = {
    "behind a layer": (
        {"0.weight": W0, "0.bias": B0, **norm("1"), "3.weight": W1, "3.bias": B1},
        lambda x: relu(normalised(x @ W0.T + B0)) @ W1.T + B1,
    ),
    "behind a layer without bias": (
        {"body.0.weight": W0, **norm("body.1"), "body.3.weight": W1, "body.3.bias": B1},
        lambda x: relu(normalised(x @ W0.T)) @ W1.T + B1,
    ),
    "before a layer": (
        {"0.weight": W0, "0.bias": B0, **norm("2"), "3.weight": W1},
        lambda x: normalised(relu(x @ W0.T + B0)) @ W1.T,
    ),
    "in blocks": (
        {"b.0.0.weight": W0, "b.0.0.bias": B0, **norm("b.0.1"), "b.1.0.weight": W1, "b.1.0.bias": B1},
        lambda x: relu(normalised(x @ W0.T + B0)) @ W1.T + B1,
    ),
}


@each_suffix
@pytest.mark.parametrize("name", PLACES)
def test_a_batch_normalisation_is_folded_where_numbers_tell_its_place(tmp_path: Path, suffix: str, name: str):
    arrays, function = PLACES[name]
    network, notes = heard(saved(tmp_path / f"n.{suffix}", arrays))
    assert len(network.dense) == 2
    wanted = function(X.astype(np.float64))
    assert np.abs(network(X) - wanted).max() <= 2.0**-21 * np.abs(wanted).max()  # weights and biases are rounded once
    assert "the batch normalisation is folded into" in notes
    assert "epsilon is taken as 1e-05" in notes
    assert "not read" not in notes


def test_a_normalisation_before_all_layers_is_the_mean_and_std_of_the_inputs(tmp_path: Path):
    rows = normal(20, 8) + MEAN
    arrays = {**norm("0"), "1.weight": W1, "1.bias": B1}
    network, _ = heard(saved(tmp_path / "n.safetensors", arrays))
    assert network.domain.origin is Origin.IMPLIED
    assert np.array_equal(network.domain.mean, MEAN.astype(np.float64))
    wanted = normalised(rows.astype(np.float64)) @ W1.T + B1
    assert np.abs(network(rows) - wanted).max() <= 2.0**-21 * np.abs(wanted).max()


UNCLEAR: dict[str, tuple[Arrays, str]] = {
    "names without numbers": (RIGHT["torch_names"] | norm("bn1"), "n.npz: bn1: is a batch normalisation, and its name"),
    "nothing beside it": ({"0.weight": W0, **norm("2"), "4.weight": W1}, "its name does not say its place"),
    "other channels": ({"0.weight": W1, **norm("1")}, "has 8 channels, the layer before has the shape (3, 8)"),
    "other inputs": ({"0.weight": W1, **norm("2"), "3.weight": W0}, "stands before a layer of the shape (8, 4)"),
    "Keras's": (
        RIGHT["keras"] | {"bn/moving_mean": MEAN, "bn/moving_variance": VARIANCE, "bn/gamma": GAMMA, "bn/beta": BETA},
        "n.npz: bn: is a batch normalisation beside weights that stand inputs x outputs; give the model as .keras",
    ),
    "no variance": ({"0.weight": W0, "1.running_mean": MEAN}, "holds one of mean and variance of '1', not both"),
    "a variance below zero": (
        {"0.weight": W0, **norm("1"), "1.running_var": -VARIANCE},
        "a variance below zero",
    ),
    "NaN": ({"0.weight": W0, **norm("1"), "1.running_mean": MEAN * np.nan}, "not finite"),
    "several shapes": ({"0.weight": W0, **norm("1"), "1.weight": GAMMA[:3]}, "has statistics of several shapes"),
    "a scale beyond float32": ({"0.weight": W0 * 1e30, **norm("1"), "1.weight": GAMMA * 1e30}, "give finite float32"),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_a_batch_normalisation_whose_place_or_shape_is_unclear_is_refused(tmp_path: Path, name: str):
    arrays, says = UNCLEAR[name]
    assert says in refused(lambda: heard(saved(tmp_path / "n.npz", arrays)))


def test_each_type_of_real_numbers_is_read_and_a_conversion_is_said(tmp_path: Path):
    for kind in (np.float16, np.float64):
        network, notes = heard(saved(tmp_path / "n.safetensors", {"fc.weight": W0.astype(kind)}))
        assert network.dense[0].weight.tolist() == W0.astype(kind).astype(np.float32).tolist()
        assert f"{np.dtype(kind).name} is converted to float32" in notes
    halves = (W0.view(np.uint32) >> 16).astype("<u2").tobytes()
    path = tmp_path / "b.safetensors"
    path.write_bytes(packed({"fc.weight": {"dtype": "BF16", "shape": [8, 4], "data_offsets": [0, 64]}}, halves))
    network, notes = heard(path)
    assert network.dense[0].weight.tobytes() == (W0.view(np.uint32) & 0xFFFF0000).tobytes()
    assert "bfloat16 is converted to float32" in notes
    assert read_model(path).layers[0].weights == "bfloat16"


def test_the_metadata_may_hold_a_network_toml_and_a_declaration_wins_over_it(tmp_path: Path):
    toml = '[network]\noutput = "scores"\n[[layer]]\nactivation = "tanh"\n[[layer]]\n[input]\nlow = 0\nhigh = 1\n'
    path = saved(tmp_path / "n.safetensors", RIGHT["torch_names"], {"format": "pt", "network.toml": toml})
    network, notes = heard(path)
    assert network.dense[0].activation is Activation.TANH
    assert network.domain.high.tolist() == [1] * 4
    assert "no activation is said" not in notes
    assert heard(path, "activation=relu6,high=2,low=0")[0].domain.high.tolist() == [2] * 4
    wrong = saved(tmp_path / "w.safetensors", RIGHT["torch_names"], {"network.toml": "[network"})
    assert "w.safetensors: is not TOML" in refused(lambda: heard(wrong))


def test_kinds_of_layers_are_declared_for_a_state_dict(tmp_path: Path):
    toml = tmp_path / "net.toml"
    toml.write_text(
        '[network]\nshape = [2, 5, 5]\n[[layer]]\nkind = "conv"\n[[layer]]\nkind = "depthwise"\n[[layer]]\n', "utf-8"
    )
    arrays = {"0.weight": normal(4, 2, 3, 3), "2.weight": normal(4, 1, 2, 2), "5.weight": normal(3, 16)}
    network, _ = heard(saved(tmp_path / "n.safetensors", arrays), str(toml))
    assert [type(layer) for layer in network.layers] == [Conv, Depthwise, Dense]
    assert network.outputs == 3


def test_a_model_names_its_layers_as_the_file_does(tmp_path: Path):
    model = read_model(saved(tmp_path / "n.safetensors", RIGHT["nested"] | {"extra": normal(2)}))
    assert [layer.name for layer in model.layers] == ["layers.0.0", "layers.1.0"]
    assert "extra is not read" in model.notes
    assert any("no activation is said: hidden layers are taken as relu" in note for note in model.notes)


def packed(header: Any, data: bytes, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(kind: str, shape: list[int], begin: int, end: int) -> dict[str, Any]:
    return {"fc.weight": {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}}


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is not safetensors"),
    "a header beyond the file": (packed(b"{}", b"", 1 << 20), "is not safetensors"),
    "a header beyond all measure": (packed(b"{}", b"", 1 << 40), "has a header of 1099511627776 bytes"),
    "no JSON": (packed(b"[" * 9999, b""), "is not safetensors"),
    "offsets beyond the file": (packed(tensor("F32", [2, 2], 0, 1 << 40), b""), "is not safetensors"),
    "an offset upside down": (packed(tensor("F32", [0], 16, 0), b"0" * 16), "is not safetensors"),
    "a gap": (packed(tensor("F32", [2, 2], 16, 32), b"0" * 32), "is not safetensors"),
    "bytes behind the end": (packed(tensor("F32", [2, 2], 0, 16), b"0" * 17), "is not safetensors"),
    "another size": (packed(tensor("F32", [2, 3], 0, 16), b"0" * 16), "is not safetensors"),
    "a product that overflows": (packed(tensor("F32", [1 << 40, 1 << 40], 0, 0), b""), "is not safetensors"),
    "an extent beyond numpy": (packed(tensor("F32", [0, 1 << 62], 0, 0), b""), "numpy does not take"),
    "dimensions without end": (packed(tensor("F32", [1] * 99, 0, 4), b"0" * 4), "has 99 dimensions, armlet reads 8"),
    "integers": (packed(tensor("I8", [2, 2], 0, 4), b"0" * 4), "fc.weight holds I8, not real numbers; save float32"),
    "floats of a byte": (packed(tensor("F8_E4M3", [2, 2], 0, 4), b"0" * 4), "holds F8_E4M3"),
    "other names": (packed({"x": tensor("F32", [1], 0, 4)["fc.weight"]}, b"0" * 4), "holds ['x']; name the arrays"),
    "no numbers": (packed(tensor("F32", [1, 1], 0, 4), b"\0\0\xc0\x7f"), "[0, 0] is nan; give finite float32"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_safetensors_file_is_refused_in_one_line(tmp_path: Path, name: str):
    content, says = HOSTILE[name]
    (tmp_path / "n.safetensors").write_bytes(content)
    assert says in refused(lambda: heard(tmp_path / "n.safetensors"))


def test_a_layout_is_a_word_of_python_too(tmp_path: Path):
    path = saved(tmp_path / "n.npz", SQUARE)
    network = read_network(path, Declaration(layout=Layout.INPUTS_FIRST), lambda note: None)
    assert network.dense[0].weight.tolist() == SQUARE["a.weight"].T.tolist()


SEVERAL = {  # prefixes of two networks, and what is told of them
    "actor and critic": ("actor", "critic", "actor.0, ... and critic.0, ..."),
    "a network and its target": ("q_net", "q_net_target", "q_net.0, ... and q_net_target.0, ..."),
    "a policy and its value": ("mlp.policy_net", "mlp.value_net", "mlp.policy_net.0, ... and mlp.value_net.0, ..."),
}


@each_suffix
@pytest.mark.parametrize("name", SEVERAL)
def test_networks_that_only_training_needs_are_not_joined_to_the_others(tmp_path: Path, suffix: str, name: str):
    """Their shapes may well meet: as many outputs of the one as inputs of the other."""
    one, other, told = SEVERAL[name]
    arrays = {f"{of}.{i}.weight": normal(4, 4) for of in (one, other) for i in (0, 2)}
    line = refused(lambda: read_model(saved(tmp_path / f"n.{suffix}", arrays)))
    assert f"holds more than one network: {told}" in line
    assert "save the arrays of one of them alone" in line
    alone = {key: array for key, array in arrays.items() if key.startswith(f"{other}.")}
    assert read_model(saved(tmp_path / f"alone.{suffix}", alone)).network is not None


@pytest.mark.parametrize("name", ["weight_orig", "weight_mask", "weight_g", "parametrizations.weight.original0"])
def test_a_weight_that_pytorch_computes_from_others_is_not_left_out(tmp_path: Path, name: str):
    arrays = {f"fc1.{name}": normal(4, 4), "fc2.weight": normal(2, 4)}
    line = refused(lambda: read_model(saved(tmp_path / "n.safetensors", arrays)))
    assert f"holds fc1.{name}, of which PyTorch computes a weight" in line
    assert "torch.nn.utils.prune.remove" in line
