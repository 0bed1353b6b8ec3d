"""Any file or folder that holds a network, to the network: one reader for each kind."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from armlet.errors import InputError
from armlet.extras import require
from armlet.formats.assemble import Tell, warn
from armlet.formats.declaration import Declaration
from armlet.formats.foreign.hints import require_kind, told_by_suffix, told_of_folder
from armlet.formats.integers.layers import narrowest
from armlet.formats.integers.params import read_integer_params
from armlet.formats.model import Model, ModelLayer, joined
from armlet.formats.named.npz import read_npz_layers, read_npz_network
from armlet.formats.params import is_integer, read_params
from armlet.integer.layers import body_of, integer_kind_of
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Weighted, kind_of
from armlet.network.network import Network
from armlet.storage import open_input, read_up_to

ModelReader = Callable[[Path, Declaration], Model]
MODELS: Mapping[str, tuple[str, str, str]] = {  # by suffix, in lower case: what it is, the module, and its reader
    ".onnx": ("ONNX", "armlet.formats.onnx.read", "read_onnx"),
    ".tflite": ("TensorFlow Lite", "armlet.formats.tflite.read", "read_tflite"),
    ".safetensors": ("safetensors", "armlet.formats.named.safetensors", "read_safetensors"),
    ".keras": ("Keras", "armlet.formats.keras.read", "read_keras"),
}
SUFFIXES = (".npz", *MODELS)
_NPZ = "NumPy arrays"
_CHUNK = 1 << 20  # bytes

AnyNetwork = TypeVar("AnyNetwork", bound=Network | IntegerNetwork)


def read_network(path: Path | str, declare: Declaration = Declaration(), tell: Tell = warn) -> Network:
    """The network in a PARAMS folder or in a file of one of `SUFFIXES`.

    What is declared wins over what the file says; `tell` hears a line for each thing that was taken without being
    said (by default an `ArmletWarning`). Convolutions in integers are read as the real numbers that they stand for.
    Raises `InputError`.
    """
    network = _read(Path(path), declare, tell, in_reals=True)
    if isinstance(network, IntegerNetwork):
        raise InputError(path, "holds a network in integers", "give the one in real numbers that it was made from")
    return network


def read_any_network(
    path: Path | str, declare: Declaration = Declaration(), tell: Tell = warn
) -> Network | IntegerNetwork:
    """The network in a PARAMS folder or file, in real numbers or in integers. Raises `InputError`.

    A PARAMS folder of integers says all that they mean, so nothing may be declared of them.
    """
    path = Path(path)
    if not (path.is_dir() and is_integer(path)):
        return _read(path, declare, tell)
    if not declare.is_empty:
        raise InputError("--declare", f"says something of {path}, a network in integers", "its network.toml says it")
    return read_integer_params(path, tell)


def read_model(path: Path | str, declare: Declaration = Declaration()) -> Model:
    """All that a PARAMS folder or a file says, also where armlet has no counterpart for a part of it.

    Raises `InputError`.
    """
    path = Path(path)
    if path.suffix.lower() in MODELS and not path.is_dir():
        _require_readable(path)
        return _read_file(path, declare)
    notes: list[str] = []
    if path.is_dir():
        network = read_any_network(path, declare, notes.append)
        format, layers = "PARAMS folder", _layers_of(network)
    else:
        _require_readable(path)
        arrays, layers = read_npz_layers(path, declare, notes.append)
        format, network = _NPZ, _with_origin(arrays, path, _NPZ)
    return Model(format, network, layers, tuple(note.removeprefix(f"{path}: ") for note in notes))


def _read_file(path: Path, declare: Declaration) -> Model:
    """The model in a file whose suffix is one of `MODELS`, with what it came from in its provenance."""
    what, module, reader = MODELS[path.suffix.lower()]
    require(f"reading {what}", "formats")
    read: ModelReader = getattr(import_module(module), reader)
    model = read(path, declare)
    return _with_file(model, path)


def _with_file(model: Model, path: Path) -> Model:
    """With what it came from in the provenance of each network, and what is told of several nodes in one note."""
    model = replace(model, notes=joined(model.notes))
    if model.network is None:
        return model
    network = _with_origin(model.network, path, model.format)
    return replace(model, network=network, reals=model.reals and _with_file(model.reals, path))


def _read(path: Path, declare: Declaration, tell: Tell, in_reals: bool = False) -> Network | IntegerNetwork:
    _require_readable(path)
    if path.is_dir():
        return read_params(path, declare, tell)
    if path.suffix.lower() == ".npz":
        return _with_origin(read_npz_network(path, declare, tell), path, _NPZ)
    model = _read_file(path, declare)
    model = model.reals if in_reals and model.reals is not None else model
    network = model.require(str(path))
    for note in model.notes:
        tell(f"{path}: {note}")
    return network


def _require_readable(path: Path) -> None:
    """Raise `InputError` where nothing is there, or a file that no reader is for."""
    if not path.exists():
        raise InputError(path, "does not exist", "give a PARAMS folder or a network file")
    if path.is_dir():
        if told := told_of_folder(path):
            raise InputError(path, *told)
        return
    with open_input(path) as file:  # a pipe has no suffix that tells
        begin = bytes(read_up_to(file, 8))
    if path.suffix.lower() not in SUFFIXES:
        hint = f"give a PARAMS folder or {', '.join(SUFFIXES)}"
        raise InputError(path, *(told_by_suffix(path) or ("is not a network file that armlet reads", hint)))
    require_kind(path, begin)


def _with_origin(network: AnyNetwork, path: Path, format: str) -> AnyNetwork:
    """The network, its provenance with the file that it was read from."""
    sha = sha256()
    with open_input(path) as file:
        for part in iter(lambda: file.read(_CHUNK), b""):
            sha.update(part)
    origin = {"model_file": path.name, "model_sha256": sha.hexdigest(), "model_format": format}
    return replace(network, provenance={**network.provenance, **origin})


def _layers_of(network: Network | IntegerNetwork) -> tuple[ModelLayer, ...]:
    """What a PARAMS folder says of its layers."""
    if isinstance(network, IntegerNetwork):
        return tuple(_integer_layer(network, i) for i in range(len(network.layers)))
    return tuple(
        ModelLayer(f"W_{i}.npy" if isinstance(layer, Weighted) else "", kind_of(layer))
        for i, layer in enumerate(network.layers)
    )


def _integer_layer(network: IntegerNetwork, i: int) -> ModelLayer:
    kind, stored = integer_kind_of(network.layers[i]), network.formats[i + 1].name
    if (body := body_of(network.layers[i])) is None:
        return ModelLayer("", kind, "", stored)
    return ModelLayer(f"W_{i}.npy", kind, narrowest(body.weight).name, stored)
