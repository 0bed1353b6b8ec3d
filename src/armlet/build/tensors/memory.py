"""How much lives in the block of a program for tensors, step by step: the peak, and the layer where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from armlet.integer.layers import integer_kind_of
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Reshape
from armlet.select.tensors.program import TensorProgram


@dataclass(frozen=True, slots=True)
class Peak:
    """The layer at which most lives at one time, and how many bytes of how many tensors."""

    layer: int
    bytes: int
    tensors: int

    def describe(self, network: IntegerNetwork) -> str:
        """In words."""
        kind = integer_kind_of(network.layers[self.layer])
        return f"most is held at layer {self.layer} ({kind}): {self.bytes} bytes of {self.tensors} tensors"


def lifetimes(network: IntegerNetwork) -> Mapping[int, tuple[int, int]]:
    """For each value that has memory of its own, the layers from which on and up to which it lives; -1 is before all.

    A reshape moves nothing: what it makes is what it takes. The outputs live to the end, behind the last layer.
    """
    homes, last = [0], dict[int, int]()
    for k, (layer, sources) in enumerate(zip(network.layers, network.sources), 1):
        for source in sources:
            last[homes[source]] = k - 1
        homes.append(homes[sources[0]] if isinstance(layer, Reshape) else k)
    last[homes[-1]] = len(network.layers)
    return {home: (home - 1, last[home]) for home in sorted({*homes})}


def peak_of(program: TensorProgram) -> Peak:
    """Where most lives, of layers that hold as much the first; what begins at one place is one tensor."""
    network, lives = program.network, lifetimes(program.network)
    values = [(tensor, lives[k]) for k, tensor in enumerate(program.values) if tensor is not None]
    values += [(tensor, (i, i)) for i, tensor in enumerate(program.taken) if tensor is not None]
    held = [(tensor.start, tensor.layout.size, *life) for tensor, life in values]
    size, final = network.output_bytes, max(lives)
    held.append((program.outputs, size + -size % 4, final - 1, len(network.layers)))
    found = [
        Peak(step, sum(alive.values()), len(alive))
        for step in range(len(network.layers))
        if (alive := {start: size for start, size, first, last in held if first <= step <= last})
    ]
    return max(found, key=lambda peak: peak.bytes)
