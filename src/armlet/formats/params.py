"""PARAMS folders: W_i.npy and b_i.npy of layer i where it has some, and network.toml for what arrays cannot say.

A network in integers has more arrays and says `kind = "integer"` (formats/integers/params.py).
"""

import re
from collections.abc import Mapping
from pathlib import Path

from armlet.errors import InputError
from armlet.formats.arrays import read_npy, write_npy
from armlet.formats.assemble import Found, Parameter, Tell, entries_of, network_of, warn
from armlet.formats.declaration import WORDS, Declaration
from armlet.formats.description import Description, read_description, show_description
from armlet.formats.integers.description import KIND, kind_of_description
from armlet.formats.integers.params import integer_params_files
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Weighted
from armlet.network.network import Network
from armlet.storage import write_folder

_KINDS = ("W", "b", "shift", "multiplier", "exponent", "table", "residual")
ARRAYS = tuple(f"{kind}_*.npy" for kind in _KINDS)  # of all layers
_ALONE = (*ARRAYS, "network.toml", "trace.json", "trace.svg")
OWNS = (*_ALONE, *(f"path/s*/{name}" for name in _ALONE))  # what a PARAMS folder may hold


def read_params(folder: Path | str, declare: Declaration = Declaration(), tell: Tell = warn) -> Network:
    """The network in a PARAMS folder; `tell` hears what was taken without being said. Raises `InputError`."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(folder, "is not a PARAMS folder", "give the folder that holds W_0.npy and b_0.npy")
    arrays = {path.name for path in folder.iterdir() if path.suffix == ".npy"}
    count = len([name for name in arrays if re.fullmatch(r"W_\d+\.npy", name)])
    if count == 0:
        raise InputError(folder, "holds no W_0.npy", "give the folder that holds W_0.npy and b_0.npy")
    toml = folder / "network.toml"
    if is_integer(folder):
        raise InputError(folder, "holds a network in integers", "give the one that it was made from")
    described = read_description(toml) if toml.exists() else Description()  # it is smaller than the arrays
    entries = entries_of(described, declare)
    numbers = [i for i, entry in enumerate(entries) if entry.has_weight] if entries else [*range(count)]
    biases = [f"b_{i}.npy" if f"b_{i}.npy" in arrays else None for i in numbers]
    words = {word: f"{word}.npy" for word in WORDS if f"{word}.npy" in arrays}
    found = Found(
        folder,
        tuple(_parameter(folder / f"W_{i}.npy") for i in numbers),
        tuple(None if name is None else _parameter(folder / name) for name in biases),
        {word: _parameter(folder / name) for word, name in words.items()},
        described,
        toml if toml.exists() else None,
    )
    read = {f"W_{i}.npy" for i in numbers} | {*biases} | {*words.values()}
    if unread := sorted(arrays - read):
        tell(f"{folder}: {', '.join(unread[:8])} {'is' if len(unread) == 1 else 'are'} not read")
    return network_of(found, declare, tell)


def is_integer(folder: Path) -> bool:
    """Whether a PARAMS folder says that it holds a network in integers. Raises `InputError`."""
    toml = folder / "network.toml"
    return toml.exists() and kind_of_description(toml) == KIND


def write_params(
    network: Network | IntegerNetwork, folder: Path | str, extra: Mapping[str, bytes | str] | None = None
) -> None:
    """Write `network` as a PARAMS folder, whole or not at all; `extra` files (a trace) go in beside it."""
    write_folder(Path(folder), {**params_files(network), **(extra or {})}, OWNS)


def params_files(network: Network | IntegerNetwork) -> dict[str, bytes | str]:
    """The files of a PARAMS folder, by name."""
    if isinstance(network, IntegerNetwork):
        return integer_params_files(network)
    files: dict[str, bytes | str] = {}
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Weighted):
            files[f"W_{i}.npy"] = write_npy(layer.weight)
            files[f"b_{i}.npy"] = write_npy(layer.bias)
    files["network.toml"] = show_description(network)
    return files


def _parameter(path: Path) -> Parameter:
    return Parameter(str(path), read_npy(path))
