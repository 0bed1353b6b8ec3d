"""Networks in one .npz file: weights and biases by the names that people and frameworks give them (names.py)."""

from pathlib import Path

from armlet.formats.arrays import npz_names, read_npz, read_npz_words
from armlet.formats.assemble import Parameter, Tell, warn
from armlet.formats.declaration import WORDS, Declaration
from armlet.formats.description import Description
from armlet.formats.model import ModelLayer
from armlet.formats.named.assemble import model_layers, network_named
from armlet.formats.named.names import layers_named
from armlet.network.network import Network

_ACTIVATIONS = ("activations", "acts")  # a list of names, one for each layer


def read_npz_network(path: Path, declare: Declaration = Declaration(), tell: Tell = warn) -> Network:
    """ReLU hidden layers and a linear last one, unless the file or the declaration says otherwise.

    Raises `InputError`.
    """
    return read_npz_layers(path, declare, tell)[0]


def read_npz_layers(path: Path, declare: Declaration, tell: Tell) -> tuple[Network, tuple[ModelLayer, ...]]:
    """The network, and what the file calls its layers. Raises `InputError`."""
    names = npz_names(path)
    layers = layers_named(path, names)
    words = [word for word in WORDS if word in names]
    called = next((name for name in _ACTIVATIONS if name in names), None)
    arrays = read_npz(path, layers.arrays | {*words})
    read = layers.arrays | {*words, *layers.idle} | ({called} if called else set())
    if unread := [name for name in names if name not in read]:
        tell(f"{path}: {', '.join(unread[:8])} {'is' if len(unread) == 1 else 'are'} not read")
    said = Description(Declaration(activation=read_npz_words(path, called))) if called else Description()
    parameters = {word: Parameter(f"{path}: {word}", arrays[word]) for word in words}
    network, named = network_named(path, layers, arrays, parameters, said, declare, tell)
    return network, model_layers(network, named, {name: of.dtype.name for name, of in arrays.items()})
