"""Where a .keras file keeps the arrays of a layer: by its class and its number in the model, layers/dense_1/vars/0."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.keras.config import KerasLayer
from armlet.formats.keras.hdf5.process import Arrays

_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")  # of Keras 3, and of Keras 2.12 to 2.15


@dataclass(frozen=True, slots=True)
class Weights:
    """The arrays in model.weights.h5."""

    source: Path
    file: Arrays

    def of(self, layer: KerasLayer, roles: Sequence[str]) -> Mapping[str, NDArray[Any]]:
        """Those of `roles`, which are in the order in which the layer makes them. Raises `InputError`."""
        name = _snake(layer.kind) + (f"_{layer.ordinal}" if layer.ordinal else "")
        found = dict[str, NDArray[Any]]()
        for i, role in enumerate(roles):
            places = ((container, name, "vars", str(i)) for container in _CONTAINERS)
            array = next((array for place in places if (array := self.file.array(*place)) is not None), None)
            if array is None:
                raise InputError(self.source, f"holds no layers/{name}/vars/{i} for the layer {layer.name[:60]!r}")
            found[role] = _finite(self.source, layer, role, array)
        return found


def _finite(source: Path, layer: KerasLayer, role: str, array: NDArray[Any]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        values = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{source}: {role} of {layer.name[:60]}", "holds a number that is not finite")
    return values


def _snake(name: str) -> str:
    """DepthwiseConv2D is depthwise_conv2d, as Keras has it."""
    parted = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parted).lower()
