"""The pieces of C that every baseline is made of."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from armlet.network.network import Activation, Layer, Network
from armlet.network.normalise import fold_normalisation

RELU = "static inline float relu(float x) { return x > 0.0f ? x : 0.0f; }"


def begin(network: Network) -> tuple[Sequence[Layer], list[str]]:
    """The layers on raw inputs, and the head of the file."""
    return fold_normalisation(network).layers, ["#include <stdint.h>", "", RELU, ""]


def floats(values: ArrayLike) -> str:
    """Float32 values to the bit, as hexadecimal C constants."""
    return ", ".join(f"{value.hex()}f" for value in np.asarray(values, np.float64).ravel().tolist())


def integers(values: ArrayLike) -> str:
    """Whole numbers as C constants."""
    return ", ".join(map(str, np.asarray(values).ravel().tolist()))


def vectors(layers: Sequence[Layer]) -> list[tuple[str, str]]:
    """For each layer the C names of what it reads and writes; hidden values live in static arrays h0, h1, ..."""
    names = ["input", *(f"h{i}" for i in range(len(layers) - 1)), "output"]
    return list(pairwise(names))


def hidden(layers: Sequence[Layer]) -> list[str]:
    """The declarations of the static arrays that hold hidden values."""
    return [f"static float h{i}[{layer.outputs}];" for i, layer in enumerate(layers[:-1])]


def activated(layer: Layer, value: str) -> str:
    """A C expression for what `layer` makes of a sum."""
    return f"relu({value})" if layer.activation is Activation.RELU else value


def signature(name: str) -> str:
    """`restrict` lets the compiler keep what it has loaded, as one who wants speed would write it."""
    return f"void {name}_run(const float *restrict input, float *restrict output) {{"
