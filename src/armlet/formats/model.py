"""What a model file holds: the network, and what the file says beside it.

A reader gives a `Model` even where an operator has no counterpart here, so that all of them can be named at once; only
then there is no network.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from armlet.errors import InputError
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import extents
from armlet.network.network import Network

_NAMED = 4  # nodes in one note


@dataclass(frozen=True, slots=True)
class ModelLayer:
    """What the file calls a layer of the network, and how it keeps its numbers."""

    name: str  # in the file
    operator: str  # as the file has it: Gemm, CONV_2D, kernel
    weights: str = "float32"  # how they are stored: float32, or such as "int8, a scale for each channel"
    values: str = "float32"  # what the layer gives


def told_as_turned(shape: Sequence[int]) -> str:
    """The note that inputs of this shape, channels last, are taken with their channels first."""
    axes = "channels, time" if len(shape) == 2 else "channels, height, width"
    return f"inputs are taken as {axes}; the file has {extents(shape)}"


def joined(notes: Sequence[str]) -> tuple[str, ...]:
    """Notes in the order given; what is told of several nodes, "a: is folded" and "b: is folded", is one line."""
    nodes = dict[str, list[str]]()
    for note in notes:
        node, colon, told = note.partition(": ")
        nodes.setdefault(told if colon else note, []).extend([node] * bool(colon))
    return tuple(f"{_some(names)}: {told}" if names else told for told, names in nodes.items())


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """An operator that has no counterpart here."""

    node: str  # its name in the file
    operator: str
    hint: str  # what to do


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """The network of a file. Of a quantised file that is not computed in integers, the real numbers it stands for."""

    format: str  # in words, with its version: "ONNX, opset 17"
    network: Network | IntegerNetwork | None  # None where there is an obstacle
    layers: tuple[ModelLayer, ...] = ()  # one for each of the network's
    notes: tuple[str, ...] = ()  # what was taken without being said, left out or folded, a line each
    obstacles: tuple[Obstacle, ...] = ()
    reals: "Model | None" = None  # of a network in integers, the same in real numbers, for what needs these

    def require(self, place: str) -> Network | IntegerNetwork:
        """The network. Raises `InputError` that names the first operator without a counterpart."""
        if self.network is not None:
            return self.network
        first, more = self.obstacles[0], len(self.obstacles) - 1
        others = f" (and {more} more: armlet inspect names all)" if more else ""
        raise InputError(
            f"{place}: {first.node}", f"is {first.operator}, which armlet does not read{others}", first.hint
        )
