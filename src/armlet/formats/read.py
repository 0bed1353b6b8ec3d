"""Any file or folder that holds a network, to the network: one reader for each kind."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from armlet.errors import InputError
from armlet.extras import require
from armlet.formats.assemble import Tell, warn
from armlet.formats.declaration import Declaration
from armlet.formats.integer_params import read_integer_params
from armlet.formats.model import Model
from armlet.formats.named.npz import read_npz_network
from armlet.formats.params import is_integer, read_params
from armlet.integer.network import IntegerNetwork
from armlet.network.network import Network
from armlet.storage import open_input

ModelReader = Callable[[Path, Declaration], Model]
MODELS: Mapping[str, tuple[str, str, str]] = {  # by suffix, in lower case: what it is, the module, and its reader
    ".onnx": ("ONNX", "armlet.formats.onnx.read", "read_onnx"),
    ".tflite": ("TensorFlow Lite", "armlet.formats.tflite.read", "read_tflite"),
    ".safetensors": ("safetensors", "armlet.formats.named.safetensors", "read_safetensors"),
    ".keras": ("Keras", "armlet.formats.keras.read", "read_keras"),
    ".h5": ("Keras", "armlet.formats.keras.read", "read_keras_h5"),
}
SUFFIXES = (".npz", *MODELS)


def read_network(path: Path | str, declare: Declaration = Declaration(), tell: Tell = warn) -> Network:
    """The network in a PARAMS folder or in a file of one of `SUFFIXES`.

    What is declared wins over what the file says; `tell` hears a line for each thing that was taken without being
    said (by default an `ArmletWarning`). Raises `InputError`.
    """
    network = _read(Path(path), declare, tell)
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
    """All that a model file says, also where armlet has no counterpart for a part of it. Raises `InputError`."""
    path = Path(path)
    what, module, reader = MODELS[path.suffix.lower()]
    require(f"reading {what}", "formats")
    read: ModelReader = getattr(import_module(module), reader)
    return read(path, declare)


def _read(path: Path, declare: Declaration, tell: Tell) -> Network | IntegerNetwork:
    if not path.exists():
        raise InputError(path, "does not exist", "give a PARAMS folder or a network file")
    if path.is_dir():
        return read_params(path, declare, tell)
    open_input(path).close()  # a pipe has no suffix that tells
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return read_npz_network(path, declare, tell)
    if suffix not in MODELS:
        hint = f"give a PARAMS folder or {', '.join(SUFFIXES)}"
        raise InputError(path, "is not a network file that armlet reads", hint)
    model = read_model(path, declare)
    network = model.require(str(path))
    for note in model.notes:
        tell(f"{path}: {note}")
    return network
