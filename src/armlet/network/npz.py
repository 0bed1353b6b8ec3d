"""Networks in one .npz file: arrays W* and b*, taken in the order of their numbers."""

import re
from pathlib import Path

from armlet.errors import InputError
from armlet.network.arrays import read_npz
from armlet.network.network import Network, multilayer_perceptron


def read_npz_network(path: Path) -> Network:
    """ReLU hidden layers, a linear last one, inputs in [0, 1]. Raises `InputError`."""
    arrays = read_npz(path)
    numbered: dict[str, dict[int, str]] = {"W": {}, "b": {}}
    for name in arrays:
        if match := re.fullmatch(r"(W|b)_?(\d{1,6})", name):
            numbered[match[1]][int(match[2])] = name
    if not numbered["W"] or sorted(numbered["W"]) != sorted(numbered["b"]):
        raise InputError(path, f"holds {sorted(arrays)[:8]}", "name the arrays W1, b1, W2, b2, ... (outputs x inputs)")
    order = sorted(numbered["W"])
    weights = [arrays[numbered["W"][i]] for i in order]
    biases = [arrays[numbered["b"][i]] for i in order]
    try:
        return multilayer_perceptron([*weights], [*biases])
    except InputError as wrong:
        raise InputError(path, f"{wrong.source} {wrong.problem}", wrong.mend) from wrong
