"""Arrays out of any file, and what is declared of them, to a network: where all readers meet.

What the arrays show to be a likely mistake is named with its cure: layers that do not meet, a bias that is too long.
Weights that stand inputs x outputs are turned where their shapes tell it. What is taken without being told is told:
`tell` hears a line for each.
"""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.errors import ArmletWarning, InputError
from armlet.formats.declaration import WORDS, Declaration
from armlet.formats.description import Description
from armlet.formats.kinds import DIMENSIONS, Kind, LayerEntry, layer_of, wiring_of
from armlet.formats.spelling import activation_called, is_softmax
from armlet.network.activation import SLOPE, Activation
from armlet.network.domain import InputDomain, domain_of
from armlet.network.frozen import F32
from armlet.network.layers import Dense, Layer
from armlet.network.network import Network, natural_shape
from armlet.network.outputs import OutputKind
from armlet.network.shapes import LARGEST

Tell: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One array as a file has it, and its place in words."""

    place: str  # P/W_0.npy, or n.npz: fc1.weight
    values: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader found in one file or folder."""

    source: Path
    weights: tuple[Parameter, ...]  # of the layers that have one, in their order
    biases: tuple[Parameter | None, ...]
    words: Mapping[str, Parameter] = field(default_factory=dict)  # arrays called mean, std, low, high
    description: Description = Description()
    toml: Path | None = None  # where the description stands
    inputs_first: bool = False  # whether the names of the weights say that they stand inputs x outputs


def warn(note: str) -> None:
    """How Python callers hear of what was assumed, unless they bring their own way."""
    warnings.warn(note, ArmletWarning, stacklevel=4)


def network_of(found: Found, declared: Declaration, tell: Tell) -> Network:
    """The network in `found`; what is `declared` wins over what the files say. Raises `InputError` with the place."""
    entries = entries_of(found.description, declared) or (LayerEntry(),) * len(found.weights)
    said = declared.over(_with_arrays(found))
    weights = _outputs_first(found, entries, _weights(found, entries), said, tell)
    if all(entry.is_plain for entry in entries):
        _require_chain(found, weights)
    biases = [_bias(parameter, i, weights, found, tell) for i, parameter in enumerate(found.biases)]
    place = f"{found.toml or found.source}" + ("" if declared.is_empty else ", with --declare")
    inputs = weights[0].shape[1] if entries[0].kind == "dense" else _held(said, place)
    _require_sizes(said, declared, found, inputs)
    domain = _domain(said, declared, place, inputs)
    try:
        layers, kind = _layers(entries, weights, biases, said)
        _require_ends(said, inputs, layers[-1].outputs if isinstance(layers[-1], Dense) else None)
        if kind is not said.output:
            tell(f"{place}: the softmax at the end is left out, the outputs are the scores before it")
        shape = said.shape or natural_shape(inputs)
        network = Network(layers, domain, shape, found.description.provenance, kind, wiring_of(entries))
        _require_ends(said, inputs, network.outputs)
        return network
    except InputError as wrong:
        raise InputError(place, f"{wrong.source} {wrong.problem}", wrong.hint) from wrong


def entries_of(described: Description, declared: Declaration) -> tuple[LayerEntry, ...] | None:
    """What is said of each layer beside its arrays; None of a chain of dense layers."""
    return declared.layers or described.declaration.layers


def _weights(found: Found, entries: Sequence[LayerEntry]) -> list[F32]:
    """The arrays of the layers that have some, in their order."""
    kinds: list[Kind] = [entry.kind for entry in entries if entry.has_weight]
    if len(kinds) != len(found.weights):
        problem = f"holds {len(found.weights)} weights, and {len(kinds)} [[layer]] of network.toml have one"
        raise InputError(found.source, problem, "write one [[layer]] for each layer, in order")
    return [_array(parameter, kind) for parameter, kind in zip(found.weights, kinds)]


def _outputs_first(
    found: Found, entries: Sequence[LayerEntry], weights: list[F32], said: Declaration, tell: Tell
) -> list[F32]:
    """The weights with dense ones as outputs x inputs: by what is said, by the names, or as shapes tell."""
    deep = next((i for i, weight in enumerate(weights) if weight.ndim > 2), None)
    if found.inputs_first and deep is not None:  # frameworks differ in the order of the axes
        problem = f"has shape {weights[deep].shape}, only matrices are turned"
        hint = "save it as outputs x inputs x height x width, under W1, W2, ..."
        raise InputError(found.weights[deep].place, problem, hint)
    turned = [weight.T if weight.ndim == 2 else weight for weight in weights]
    first, other = (turned, weights) if found.inputs_first else (weights, turned)
    if said.inputs_first is not None:
        return turned if said.inputs_first else weights
    is_chain = all(entry.is_plain for entry in entries)
    if is_chain and not _fits(first, found.biases) and _fits(other, found.biases):
        stand = "outputs x inputs" if found.inputs_first else "inputs x outputs"
        tell(f"{found.source}: the weights stand {stand}, as their shapes tell")
        return other
    return first


def _array(parameter: Parameter, kind: Kind) -> F32:
    """A finite array of the dimensions that its kind of layer has."""
    values, place = parameter.values, parameter.place
    dimensions, reads = DIMENSIONS[kind]
    if kind == "depthwise" and values.ndim == 4 and values.shape[1] == 1:  # as PyTorch has it: a group for each channel
        values = values[:, 0]
    if values.ndim == 1:
        hint = "fold normalisation layers into the weights beside them; give a weight as outputs x inputs"
        raise InputError(place, f"has shape {values.shape}, it is no matrix", hint)
    if values.ndim != dimensions or 0 in values.shape:
        reader = "armlet" if kind == "dense" else f'kind = "{kind}"'
        fitting = [other for other, (count, _) in DIMENSIONS.items() if count == values.ndim != dimensions]
        way = "in its [[layer]] of network.toml, which armlet reads and does not compute yet"
        hint = f'for such a layer write kind = "{fitting[0]}" {way}' if fitting else ""
        raise InputError(place, f"has shape {values.shape}, {reader} reads {reads}", hint)
    return _finite(Parameter(place, values))


def _held(said: Declaration, place: str) -> int:
    """The number of inputs where only their shape tells it."""
    extents = said.shape or ()
    if len(extents) != 3 or not all(0 < extent <= LARGEST for extent in extents) or math.prod(extents) > LARGEST:
        problem = "needs a shape of three numbers above 0" + (f", at most {LARGEST} values" if said.shape else "")
        raise InputError(place, problem, "write shape = [channels, height, width] under [network]")
    return math.prod(extents)


def _bias(parameter: Parameter | None, i: int, weights: list[F32], found: Found, tell: Tell) -> F32:
    outputs = len(weights[i])
    if parameter is None:
        tell(f"{found.weights[i].place}: has no bias beside it, zeros are taken")
        return np.zeros(outputs, np.float32)
    if parameter.values.ndim != 1:
        raise InputError(parameter.place, f"has shape {parameter.values.shape}, armlet reads one value for each output")
    if len(parameter.values) != outputs:
        given = f"has {len(parameter.values)} values, {Path(found.weights[i].place).name} gives {outputs}"
        raise InputError(parameter.place, given, "give one value for each output")
    return _finite(parameter)


def _finite(parameter: Parameter) -> F32:
    with np.errstate(over="ignore", invalid="ignore"):
        values = parameter.values.astype(np.float32)
    if not np.isfinite(values).all():
        at = tuple(np.argwhere(~np.isfinite(values))[0])
        problem = f"[{', '.join(map(str, at))}] is {parameter.values[at]}"
        raise InputError(parameter.place, problem, "give finite float32")
    return values


def _require_chain(found: Found, weights: list[F32]) -> None:
    """Each layer takes what the one before gives. Raises `InputError`."""
    for i, (before, after) in enumerate(pairwise(weights)):
        if after.shape[1] != len(before):
            problem = f"takes {after.shape[1]} values, layer {i} gives {len(before)}"
            raise InputError(found.weights[i + 1].place, problem, "write each W as outputs x inputs")


def _fits(weights: list[NDArray[Any]], biases: tuple[Parameter | None, ...]) -> bool:
    chained = all(after.shape[1] == len(before) for before, after in pairwise(weights))
    return chained and all(bias is None or bias.values.shape == (len(w),) for w, bias in zip(weights, biases))


def _with_arrays(found: Found) -> Declaration:
    """What the file says in words and in arrays; the same thing twice is refused."""
    said = found.description.declaration
    for word, parameter in found.words.items():
        if getattr(said, word) is not None:
            raise InputError(parameter.place, f"says {word}, and so does {found.toml}", "leave one of them out")
    arrays: dict[str, Any] = {word: parameter.values.reshape(-1) for word, parameter in found.words.items()}
    return Declaration(**arrays).over(said)


def _require_sizes(said: Declaration, declared: Declaration, found: Found, inputs: int) -> None:
    for word in WORDS:
        given = getattr(said, word)
        if given is None or np.size(given) in (1, inputs):
            continue
        place = found.words[word].place if word in found.words else f"{found.toml}: input.{word}"
        place = place if getattr(declared, word) is None else f"--declare: {word}"
        raise InputError(place, f"has {np.size(given)} values for {inputs} inputs", "give one, or one for each input")


def _domain(said: Declaration, declared: Declaration, place: str, inputs: int) -> InputDomain:
    """The domain; what is wrong with it is laid to the flag where the flag has a say in it."""
    try:
        return domain_of(inputs, **said.domain)
    except InputError as wrong:
        by_flag = any(word is not None for word in declared.domain.values())
        raise InputError("--declare" if by_flag else place, f"{wrong.source} {wrong.problem}", wrong.hint) from wrong


def _require_ends(said: Declaration, inputs: int, outputs: int | None) -> None:
    for what, number, real in zip(("inputs", "outputs"), said.ends or (None, None), (inputs, outputs)):
        if None not in (number, real) and number != real:
            raise InputError("network", f"says {number} {what}, W says {real}")


def _layers(
    entries: Sequence[LayerEntry], weights: list[F32], biases: list[F32], said: Declaration
) -> tuple[tuple[Layer, ...], OutputKind | None]:
    """The layers, and the kind of the outputs: scores where a softmax is taken off the end."""
    _require_widths(entries, weights, said)
    names = _names(said.activation, entries)
    softmax = bool(names[-1]) and is_softmax(names[-1])
    if softmax and said.output is OutputKind.VALUES:
        raise InputError("output", "is values, and the last layer is a softmax", "its outputs are scores")
    kinds = [activation_called(name) if name else Activation.RELU for name in names[:-1]]
    kinds.append(activation_called(names[-1]) if names[-1] and not softmax else Activation.LINEAR)
    slopes = [SLOPE if slope is None else slope for slope in said.slope or (None,) * len(entries)]
    if len(slopes) != len(entries):
        raise InputError("slope", f"has {len(slopes)} numbers for {len(entries)} layers", "give one for each")
    arrays, layers = iter(zip(weights, biases, strict=True)), list[Layer]()
    for i, (entry, kind, slope) in enumerate(zip(entries, kinds, slopes, strict=True)):
        weight, bias = next(arrays) if entry.has_weight else (None, None)
        try:
            layers.append(layer_of(entry, weight, bias, kind, slope))
        except InputError as wrong:
            raise InputError(f"layer[{i}].{wrong.source}", wrong.problem, wrong.hint) from wrong
    return tuple(layers), OutputKind.SCORES if softmax else said.output


def _require_widths(entries: Sequence[LayerEntry], weights: list[F32], said: Declaration) -> None:
    widths = said.width or (None,) * len(entries)
    if len(widths) != len(entries):
        raise InputError("[[layer]]", f"stands {len(widths)} times, the arrays give {len(entries)} layers")
    arrays = iter(weights)
    given = [len(next(arrays)) if entry.has_weight else None for entry in entries]
    if any(told is not None and told != real for told, real in zip(widths, given)):
        raise InputError("layer", f"widths are {[*widths]}, the arrays give {given}")


def _names(said: tuple[str, ...] | None, entries: Sequence[LayerEntry]) -> list[str]:
    """One name a layer, empty for the default; one name alone is that of all hidden layers that have one."""
    if said is None:
        return [""] * len(entries)
    if len(said) == 1 and len(entries) > 1:
        return [said[0] if entry.has_activation else "" for entry in entries[:-1]] + [""]
    if len(said) != len(entries):
        problem = f"has {len(said)} names for {len(entries)} layers"
        raise InputError("activation", problem, "give one for each, or one alone")
    if odd := [i for i, entry in enumerate(entries) if said[i] and not entry.has_activation]:
        problem = f'is {said[odd[0]][:40]!r}, and kind = "{entries[odd[0]].kind}" has none'
        raise InputError(f"layer[{odd[0]}].activation", problem, "leave it out")
    return [*said]
