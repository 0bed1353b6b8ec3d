"""Weights and biases of a network back into the TensorFlow Lite file that it came from; all else stays as it was.

What is written is read again: the file is there only if it gives the network to the bit.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.model import Model
from armlet.formats.tflite.draft import Draft, Origin, along_axis, real_numbers
from armlet.formats.tflite.integer_operators import WEIGHTED
from armlet.formats.tflite.integers import integer_draft
from armlet.formats.tflite.parse import LONGEST, Operator, Tensor, TfliteFile, parse_bytes
from armlet.formats.tflite.read import draft_of, model_of
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool, body_of
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier
from armlet.network.layers import Conv, Dense, Depthwise, Layer, Reshape, Weighted
from armlet.network.network import Network
from armlet.storage import read_file, write_file

_SAME = "give the file that the network was made from"


def write_tflite(network: Network | IntegerNetwork, source: Path, path: Path) -> tuple[str, ...]:
    """Write `network` as the file `source` with other weights and biases; nothing is left to be said.

    Raises `InputError` where it is another network.
    """
    if source.suffix.lower() != ".tflite":
        hint = "name it: --from SOURCE.tflite"
        raise InputError(path, "is written from the .tflite file that the network was made from", hint)
    write_file(path, _written(network, source))
    return ()


def _written(network: Network | IntegerNetwork, source: Path) -> bytes:
    """The bytes of the file. Raises `InputError`."""
    data = bytearray(read_file(source, LONGEST))
    file = parse_bytes(data, source)
    before = _alike(model_of(file, source), network, source)
    _require_same(before, network, source)
    written = dict[int, bytes]()
    for tensor, values in _constants(file, network, source):
        content = np.ascontiguousarray(values).tobytes()
        if tensor.data is None or len(content) != tensor.data.size:
            raise InputError(source, f"has {tensor.name} in another shape", _SAME)
        if written.setdefault(tensor.buffer, content) != content:
            problem = f"keeps {tensor.name} and another tensor in one buffer, and they differ now"
            raise InputError(source, problem, "convert the model without shared buffers")
        tensor.data[:] = np.frombuffer(content, np.uint8)
    _require_arrays(_alike(model_of(parse_bytes(data, source), source), network, source), network, source)
    return bytes(data)


def _alike(model: Model, network: Network | IntegerNetwork, source: Path) -> Network | IntegerNetwork:
    """What the file holds, in real numbers where the network is."""
    found = model.reals if isinstance(network, Network) and model.reals is not None else model
    return found.require(str(source))


def _require_same(before: Network | IntegerNetwork, network: Network | IntegerNetwork, source: Path) -> None:
    """Layers of the same kinds and shapes, in the same wiring, on the same inputs."""
    fused = [i for i, each in enumerate(network.layers) if isinstance(each, IntegerConv) and each.residual is not None]
    if fused:
        problem = f"holds no convolution with an addition in it, as layer {fused[0]} is"
        raise InputError(source, problem, "export the network in real numbers before it is brought to integers")
    match before, network:
        case Network(), Network():
            same = _facts(before) == _facts(network)
            same = same and np.array_equal(before.domain.mean, network.domain.mean)
            same = same and np.array_equal(before.domain.std, network.domain.std)
        case IntegerNetwork(), IntegerNetwork():
            facts = [(each.shapes, each.sources, [*map(_frame, each.layers)]) for each in (before, network)]
            same = facts[0] == facts[1] and network.argmax is None
        case _:
            same = False
    if not same:
        raise InputError(source, "holds another network: other layers, activations, numbers or normalisation", _SAME)


def _facts(network: Network) -> object:
    """All but the values of arrays."""
    layers = [
        (type(layer), layer.weight.shape, layer.activation) if isinstance(layer, Weighted) else layer
        for layer in network.layers
    ]
    return layers, network.sources


def _constants(
    file: TfliteFile, network: Network | IntegerNetwork, source: Path
) -> Iterator[tuple[Tensor, NDArray[Any]]]:
    """The tensors of weights and biases, and what they hold from now on."""
    if isinstance(network, IntegerNetwork):
        yield from _integer_constants(file, network, source)
        return
    draft = draft_of(file)
    assert isinstance(draft, Draft)
    for layer, origin in zip(network.layers, draft.origins, strict=True):
        if isinstance(layer, Weighted) and origin is not None:
            yield from _pair(file, origin.operator, _turned(layer, origin), layer.bias, source)


def _integer_constants(
    file: TfliteFile, network: IntegerNetwork, source: Path
) -> Iterator[tuple[Tensor, NDArray[Any]]]:
    """Biases are told without the zero point of what a layer takes."""
    for layer, origin in zip(network.layers, integer_draft(file).origins, strict=True):
        body = body_of(layer)
        if body is None or origin is None or origin.operator.kind not in WEIGHTED:
            continue
        scales = file.tensors[origin.operator.inputs[0]].scales
        moved = (int(scales.zero[0]) if scales else 0) * body.weight.sum(axis=1, dtype=np.int64)
        yield from _pair(file, origin.operator, _turned_whole(layer, body, origin), body.bias + moved, source)


def _turned_whole(layer: IntegerLayer, body: IntegerDense, origin: Origin) -> NDArray[np.int64]:
    weight = body.weight.astype(np.int64)
    if not isinstance(layer, IntegerConv):
        return weight if origin.places is None else weight[:, origin.places]
    if origin.operator.kind == "DEPTHWISE_CONV_2D":
        return layer.weight[:, 0].transpose(1, 2, 0)[None].astype(np.int64)
    return layer.weight.transpose(0, 2, 3, 1).astype(np.int64)


def _turned(layer: Weighted, origin: Origin) -> NDArray[np.float32]:
    """A weight as the file has it: channels last."""
    match layer:
        case Dense(weight):
            return weight if origin.places is None else weight[:, origin.places]
        case Depthwise(weight):
            return weight.transpose(1, 2, 0)[None]
        case _:
            if origin.operator.kind == "DEPTHWISE_CONV_2D":
                return layer.weight[:, 0].transpose(1, 2, 0)[None]
            return layer.weight.transpose(0, 2, 3, 1)


def _pair(
    file: TfliteFile, operator: Operator, weight: NDArray[Any], bias: NDArray[Any], source: Path
) -> Iterator[tuple[Tensor, NDArray[Any]]]:
    numbers = [number for number in operator.inputs[1:3] if number >= 0]
    if len(numbers) < 2 and bias.any():
        problem = f"has no bias in {file.tensors[operator.outputs[0]].name}, the network has one"
        raise InputError(source, problem, "convert the model with biases")
    for number, values in zip(numbers, (weight, bias)):
        tensor = file.tensors[_constant_behind(file, number)]
        yield tensor, _stored(tensor, values, source)


def _constant_behind(file: TfliteFile, number: int) -> int:
    """The tensor itself, or what a DEQUANTIZE makes it of."""
    made = {step.outputs[0]: step.inputs[0] for step in file.operators if step.kind == "DEQUANTIZE"}
    return made.get(number, number)


def _stored(tensor: Tensor, values: NDArray[Any], source: Path) -> NDArray[Any]:
    """The numbers that the tensor keeps for `values`."""
    before, scales = tensor.values, tensor.scales
    if before.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return values.astype(before.dtype).reshape(before.shape)
    stored = values.reshape(before.shape)
    if values.dtype.kind == "f" and scales is not None:
        if np.array_equal(real_numbers(tensor), stored):  # a bias beyond 2^24 has no one float32
            return before
        scale, zero = along_axis(scales, before.ndim)
        stored = np.rint(stored / scale) + zero
    ends = np.iinfo(before.dtype)
    if stored.min() < ends.min or stored.max() > ends.max:
        raise InputError(source, f"keeps {tensor.name} as {before.dtype}, which does not hold the network's", _SAME)
    return stored.astype(before.dtype)


def _require_arrays(after: Network | IntegerNetwork, network: Network | IntegerNetwork, source: Path) -> None:
    """What was written is the network, to the bit."""
    for i, (one, other) in enumerate(zip(after.layers, network.layers, strict=True)):
        if _bits(one) != _bits(other):
            raise InputError(source, f"cannot hold layer {i} to the bit: its scales or folded operators differ", _SAME)


def _frame(layer: IntegerLayer) -> object:
    """All of a layer that is neither weights nor scaling."""
    match layer:
        case IntegerConv():
            windows = layer.kernel, layer.stride, layer.padding, layer.dilation, layer.groups, layer.border
            return *windows, layer.residual is None
        case IntegerDense() | IntegerAdd():
            return type(layer)
        case IntegerPool() | Reshape():
            return layer


def _bits(layer: IntegerLayer | Layer) -> tuple[object, ...]:
    """All numbers of a layer."""
    match layer:
        case IntegerConv(body, residual=residual):
            return *_bits(body), b"" if residual is None else residual.tobytes()
        case IntegerAdd(offset, raised, scaling, by):
            bits = [each.tobytes() for scale in (scaling, by) for each in (scale.multiplier, scale.exponent)]
            return (offset, raised, scaling.once, by.once, *bits, layer.stored, layer.low, layer.high, layer.zero)
        case IntegerDense(weight, bias, Multiplier(multiplier, exponent, once)):
            scaling = multiplier.tobytes(), exponent.tobytes(), once
            return (weight.tobytes(), bias.tobytes(), scaling, layer.low.tobytes(), layer.high.tobytes(), layer.zero)
        case IntegerDense():
            return (layer.weight.tobytes(), layer.bias.tobytes())
        case Dense() | Conv() | Depthwise():
            return layer.weight.tobytes(), layer.bias.tobytes()
        case _:
            return ()
