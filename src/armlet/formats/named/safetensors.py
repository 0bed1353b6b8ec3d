"""safetensors: tensors by name, without code, as PyTorch's and others' models are shared.

The package checks that the header is JSON, that offsets are in order, without gaps or overlaps, agree with shape and
type, and cover the file. It takes headers of 100 MB and any number of tensors: those are bounded here first.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError, one_line
from armlet.formats.arrays import LARGEST
from armlet.formats.assemble import Parameter
from armlet.formats.declaration import WORDS, Declaration
from armlet.formats.description import Description, parse_description
from armlet.formats.model import Model
from armlet.formats.named.assemble import model_layers, network_named
from armlet.formats.named.names import layers_named
from armlet.storage import open_input, read_file

_LONGEST_HEADER = 4 << 20  # bytes; a hundred for each tensor
_WORDS = "network.toml"  # the key of the metadata under which a network.toml may stand
_FLOATS = {"F64": ("<f8", "float64"), "F32": ("<f4", "float32"), "F16": ("<f2", "float16"), "BF16": ("<u2", "bfloat16")}
_HINT = "write it again with safetensors.numpy.save_file, at most 1 GB"


def read_safetensors(path: Path, declare: Declaration) -> Model:
    """The network whose arrays have names by a rule of names.py. Raises `InputError`."""
    notes: list[str] = []
    data, said = _bytes_of(path), _description(path)
    tensors = _tensors(path, data)
    layers = layers_named(path, [*tensors])
    words = [word for word in WORDS if word in tensors]
    read = layers.arrays | {*words}
    if unread := sorted(tensors.keys() - read - layers.idle):
        notes.append(f"{', '.join(unread[:8])} {'is' if len(unread) == 1 else 'are'} not read")
    arrays = {name: _array(path, name, tensors[name]) for name in sorted(read)}
    parameters = {word: Parameter(f"{path}: {word}", arrays[word]) for word in words}
    stored = {name: _FLOATS[tensors[name]["dtype"]][1] for name in read}
    if others := sorted({kind for kind in stored.values() if kind != "float32"}):
        notes.append(f"{' and '.join(others)} is converted to float32")
    if declare.over(said.declaration).activation is None and len(layers.layers) > 1:
        notes.append("no activation is said: hidden layers are taken as relu, the last one as linear (--declare)")

    def tell(note: str) -> None:
        notes.append(note.removeprefix(f"{path}: "))

    network, named = network_named(path, layers, arrays, parameters, said, declare, tell)
    return Model("safetensors", network, model_layers(network, named, stored), tuple(notes))


def _bytes_of(path: Path) -> bytes:
    """The whole file, once its header is known to be short."""
    with open_input(path) as file:
        length = int.from_bytes(file.read(8), "little")
    if length > _LONGEST_HEADER:
        raise InputError(path, f"has a header of {length} bytes, armlet reads {_LONGEST_HEADER}", _HINT)
    return read_file(path, LARGEST)


def _tensors(path: Path, data: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Type, shape and bytes of each tensor by its name."""
    from safetensors import SafetensorError, deserialize

    try:
        return dict(deserialize(data))
    except (SafetensorError, ValueError, OverflowError, MemoryError) as broken:
        raise InputError(path, f"is not safetensors: {one_line(str(broken))[:120]}", _HINT) from broken


def _description(path: Path) -> Description:
    """What a network.toml in the metadata says."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            text = (file.metadata() or {}).get(_WORDS)
    except (SafetensorError, ValueError, OSError, OverflowError, MemoryError) as broken:
        raise InputError(path, f"is not safetensors: {one_line(str(broken))[:120]}", _HINT) from broken
    return Description() if text is None else parse_description(path, text.encode())


def _array(path: Path, name: str, tensor: Mapping[str, Any]) -> NDArray[Any]:
    """The values of a tensor, which must be real numbers."""
    kind, shape = tensor["dtype"], tuple(tensor["shape"])
    if kind not in _FLOATS:
        problem = f"{name[:60]} holds {kind}, not real numbers"
        raise InputError(path, problem, "save float32; a model in integers goes in as TFLite or ONNX")
    if len(shape) > 8:
        raise InputError(path, f"{name[:60]} has {len(shape)} dimensions, armlet reads 8")
    values = np.frombuffer(tensor["data"], _FLOATS[kind][0])
    if kind == "BF16":  # the upper half of a float32
        values = (values.astype("<u4") << 16).view("<f4")
    try:
        return values.reshape(shape)
    except ValueError as broken:  # an extent beyond numpy's, beside one of zero
        raise InputError(path, f"{name[:60]} has shape {shape}, which numpy does not take") from broken
