"""A chain of dense layers as one .npz file: W1, b1, W2, b2, ..., activations, and the words of the domain."""

from pathlib import Path

import numpy as np

from armlet.errors import InputError
from armlet.formats.arrays import write_npz
from armlet.integer.network import IntegerNetwork
from armlet.network.activation import SLOPE
from armlet.network.domain import Origin
from armlet.network.layers import Dense, describe, extents
from armlet.network.network import Network, dense_chain, natural_shape
from armlet.storage import write_file

_WORDS = {Origin.DECLARED: ("low", "high", "mean", "std"), Origin.IMPLIED: ("mean", "std"), Origin.UNDECLARED: ()}


def write_npz_network(network: Network | IntegerNetwork, source: Path, path: Path) -> tuple[str, ...]:
    """Weights outputs x inputs, to the bit. Raises `InputError` for what such a file cannot hold."""
    if isinstance(network, IntegerNetwork):
        raise InputError(source, "holds a network in integers, which no .npz says", "copy its PARAMS folder")
    if others := [i for i, layer in enumerate(network.layers) if not isinstance(layer, Dense)]:
        problem = f"layer {others[0]} is {describe(network.layers[others[0]])}, which no .npz says"
        raise InputError(source, problem, "write .onnx")
    layers = dense_chain(network)
    if odd := [i for i, layer in enumerate(layers) if layer.activation.has_slope and not _is_default(layer.slope)]:
        problem = f"layer {odd[0]} has a leaky_relu of slope {layers[odd[0]].slope:g}, which no .npz says"
        raise InputError(source, problem, "write .onnx")
    arrays = {
        f"{letter}{i + 1}": array
        for i, layer in enumerate(layers)
        for letter, array in (("W", layer.weight), ("b", layer.bias))
    }
    words = {word: getattr(network.domain, word) for word in _WORDS[network.domain.origin]}
    named = {"activations": np.array([layer.activation.value for layer in layers])}
    write_file(path, write_npz({**arrays, **named, **words}))
    unsaid = [] if network.output is None else [f"output={network.output.value}"]
    unsaid += [] if network.shape == natural_shape(network.inputs) else [f"shape={extents(network.shape)}"]
    return (f"an .npz cannot say {','.join(unsaid)}: declare it where the file is read",) if unsaid else ()


def _is_default(slope: float) -> bool:
    return slope == float(np.float32(SLOPE))
