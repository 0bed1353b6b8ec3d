"""Named arrays to a network: layers by their names, normalisations folded, and the order of the layers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.assemble import Found, Parameter, Tell, entries_of, network_of
from armlet.formats.declaration import Declaration
from armlet.formats.description import Description
from armlet.formats.model import ModelLayer
from armlet.formats.named.names import NamedLayer, Names
from armlet.formats.named.normalisation import Folded, fold_normalisations
from armlet.formats.named.order import orders_by_shapes
from armlet.network.layers import Weighted, kind_of
from armlet.network.network import Network


def network_named(
    source: Path,
    names: Names,
    arrays: Mapping[str, NDArray[Any]],
    words: Mapping[str, Parameter],
    description: Description,
    declare: Declaration,
    tell: Tell,
) -> tuple[Network, tuple[NamedLayer, ...]]:
    """The network, and the names of its layers of weights, in their order there.

    Hidden layers are ReLU and the last one linear, unless the description or the declaration says otherwise.
    Raises `InputError`.
    """
    if names.normalisations and (names.inputs_first or declare.inputs_first):
        problem = "is a batch normalisation beside weights that stand inputs x outputs"
        hint = "give the model as .keras or ONNX, or save its weights outputs x inputs"
        raise InputError(f"{source}: {names.normalisations[0].key}", problem, hint)
    folded = fold_normalisations(source, names.layers, names.normalisations, arrays, tell)
    order = [*range(len(names.layers))]
    if not (names.counted or entries_of(description, declare) or any(w.ndim != 2 for w in folded.weights)):
        order = _order(source, names, folded, declare.over(description.declaration).inputs_first)
    layers = tuple(names.layers[i] for i in order)
    if not names.counted:
        by_shape = "" if layers == names.layers else ", the only one in which their shapes meet"
        tell(f"{source}: the layers are taken in the order {_keys(names, order)}{by_shape}")
    return network_of(_found(source, names, folded, order, words, description), declare, tell), layers


def model_layers(network: Network, named: Sequence[NamedLayer], stored: Mapping[str, str]) -> tuple[ModelLayer, ...]:
    """What the file calls each layer, given how it keeps each array: float32, float16."""
    weighted, found = iter(named), list[ModelLayer]()
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Weighted):
            of = next(weighted)
            name = of.weight if of.key.isdigit() else of.key
            found.append(ModelLayer(name, kind_of(layer), stored[of.weight]))
        else:
            found.append(ModelLayer(f"layer {i}", kind_of(layer)))
    return tuple(found)


def _order(source: Path, names: Names, folded: Folded, inputs_first: bool | None) -> list[int]:
    """That of the names, or the one in which shapes meet. Raises `InputError` where it hangs on the layout."""
    layouts = (names.inputs_first, not names.inputs_first) if inputs_first is None else (inputs_first,)
    shapes = [weight.shape for weight in folded.weights]
    named, biases = [*range(len(shapes))], [None if bias is None else bias.size for bias in folded.biases]
    found = orders_by_shapes(shapes, biases, layouts)
    if len(found) > 1 and named != found[0] != found[1]:
        problem = f"holds weights that meet as {' and as '.join(_keys(names, order) for order in found)}, turned"
        hint = "say --declare layout=outputs-inputs (PyTorch) or layout=inputs-outputs (Keras, scikit-learn)"
        raise InputError(source, problem, hint)
    return found[0] if found else named


def _keys(names: Names, order: list[int]) -> str:
    return ", ".join(names.layers[i].key for i in order)[:200]


def _found(
    source: Path,
    names: Names,
    folded: Folded,
    order: list[int],
    words: Mapping[str, Parameter],
    description: Description,
) -> Found:
    """What the arrays are, in their order."""
    layers = [(names.layers[i], folded.weights[i], folded.biases[i]) for i in order]
    statistics = {"mean": folded.mean, "std": folded.std}
    normalised = {word: Parameter(f"{source}: {word}", of) for word, of in statistics.items() if of is not None}
    return Found(
        source,
        tuple(Parameter(f"{source}: {layer.weight}", weight) for layer, weight, _ in layers),
        tuple(
            None if bias is None else Parameter(f"{source}: {layer.bias or layer.weight}", bias)
            for layer, _, bias in layers
        ),
        normalised | dict(words),
        description,
        inputs_first=names.inputs_first,
    )
