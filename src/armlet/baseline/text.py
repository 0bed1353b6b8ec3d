"""The pieces of C that every baseline is made of."""

from collections.abc import Sequence, Set
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from armlet.baseline.activation_c import activation_c
from armlet.network.activation import Activation
from armlet.network.layers import Add, Dense, Weighted
from armlet.network.network import Network
from armlet.network.normalise import fold_normalisation

_TEXTS = {  # short functions as one would write them; the others as armlet computes them, so that only code differs
    Activation.RELU: "static inline float relu(float x) { return x > 0.0f ? x : 0.0f; }",
    Activation.LEAKY_RELU: "static inline float leaky_relu(float x, float s) { return x > 0.0f ? x : s * x; }",
    Activation.RELU6: "static inline float relu6(float x) { return x > 6.0f ? 6.0f : x > 0.0f ? x : 0.0f; }",
}


def begin(network: Network) -> tuple[Sequence[Dense], list[str]]:
    """The layers on raw inputs, and the head of the file."""
    return fold_normalisation(network).dense, head({layer.activation for layer in network.dense})


def head(kinds: Set[Activation]) -> list[str]:
    """The head of a file that activates so."""
    used = [kind for kind in Activation if kind is not Activation.LINEAR and kind in kinds]
    return ["#include <stdint.h>", "", *map(_function, used), ""]


def floats(values: ArrayLike) -> str:
    """Float32 values to the bit, as hexadecimal C constants."""
    return ", ".join(f"{value.hex()}f" for value in np.asarray(values, np.float64).ravel().tolist())


def integers(values: ArrayLike) -> str:
    """Whole numbers as C constants."""
    return ", ".join(map(str, np.asarray(values).ravel().tolist()))


def vectors(layers: Sequence[Dense]) -> list[tuple[str, str]]:
    """For each layer the C names of what it reads and writes; hidden values live in static arrays h0, h1, ..."""
    names = ["input", *(f"h{i}" for i in range(len(layers) - 1)), "output"]
    return list(pairwise(names))


def hidden(layers: Sequence[Dense]) -> list[str]:
    """The declarations of the static arrays that hold hidden values."""
    return [f"static float h{i}[{layer.outputs}];" for i, layer in enumerate(layers[:-1])]


def activated(layer: Weighted | Add, value: str) -> str:
    """A C expression for what `layer` makes of a sum."""
    kind = layer.activation
    slope = f", {floats(layer.slope)}" if kind.has_slope else ""
    return value if kind is Activation.LINEAR else f"{_named(kind)}({value}{slope})"


def _named(kind: Activation) -> str:
    return f"{kind.value}_" if kind is Activation.TANH else kind.value  # C has a tanh of its own


def _function(kind: Activation) -> str:
    return _TEXTS.get(kind) or activation_c(kind, _named(kind))


def signature(name: str) -> str:
    """`restrict` lets the compiler keep what it has loaded, as one who wants speed would write it."""
    return f"void {name}_run(const float *restrict input, float *restrict output) {{"
