"""NAME.json of a build in single precision with windows: what was compiled, where every tensor lies, test vectors."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from armlet.build import names
from armlet.build.domain_entry import DomainEntry, domain_entry
from armlet.build.floats.frame import FloatFrame
from armlet.build.kind import PLANES, read_manifest_as
from armlet.build.manifest import Settings, VectorEntry
from armlet.build.tensors.manifest import DroppedEntry, TensorMemoryEntry, dropped_entry, memory_entry
from armlet.network.frozen import F32
from armlet.network.layers import Add, Weighted, kind_of
from armlet.network.network import Network
from armlet.select.floats.choose import FloatSelection
from armlet.select.floats.program import FloatProgram
from armlet.tensors.floats.planes import PlacedPlanes, PlaneLayout, lifetimes
from armlet.tensors.rows import WORD
from armlet.version import __version__

FORMAT = 1


class FloatNetworkEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network that was compiled, as `Network` counts it."""

    digest: str  # SHA-256, `Network.digest`
    shapes: list[list[int]]  # of the values: the inputs, and what each layer gives
    kinds: list[str]  # of each layer
    activations: list[str]  # of each layer; empty where it has none
    weights: int
    connections: int
    sparsity: float


class PlanesEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tensor in the block: words as [row][channel][column], with a border of zeros."""

    number: int  # of the value, 0 being the network's input
    start: int  # bytes from the start of the block
    size: int  # bytes
    shape: tuple[int, int, int]  # channels, height, width
    top: int  # rows of the border
    bottom: int
    left: int  # words of the border
    right: int
    first: int  # the layer that makes it; -1 for the input
    last: int  # the last layer that takes it


class FloatLayerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lines of NAME_core that serve one layer."""

    layer: int
    kind: str
    across: int  # positions of a row that a body makes at once, but for a last group of fewer channels; 0: no body
    channels: int  # of them
    bytes: int  # of code
    instructions: int  # each as often as it runs
    cycles: int  # without waiting for memory


class FloatManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of NAME.json."""

    kind: Literal["planes"]
    format: int
    name: str
    armlet: str  # version
    target: str
    dtype: str
    multiply_add: str  # separate or fused
    entries: list[str]
    settings: Settings
    network: FloatNetworkEntry
    simplified: DroppedEntry
    domain: DomainEntry
    memory: TensorMemoryEntry
    values: list[PlanesEntry]
    layers: list[FloatLayerEntry]
    instructions: int  # of NAME_core that run, without entry and exit
    cycles: int  # of them
    files: dict[str, str]  # SHA-256 of the other files of the build folder
    vectors: list[VectorEntry]


def float_memory(program: FloatProgram, frame: FloatFrame) -> TensorMemoryEntry:
    """What the build takes, exactly."""
    return memory_entry(frame, len(program.constants) * WORD, program, peak_of(program)[0])


def peak_of(program: FloatProgram) -> tuple[int, str]:
    """The layer at which most lives, of several the first; and how much that is, in words."""
    network, lives = program.network, lifetimes(program.network)
    held = [
        [tensor.layout.size for home, tensor in program.values.items() if lives[home][0] <= step <= lives[home][1]]
        for step in range(len(network.layers))
    ]
    layer = int(np.argmax([sum(sizes) for sizes in held]))
    kind, count = kind_of(network.layers[layer]), len(held[layer])
    return layer, f"most is held at layer {layer} ({kind}): {sum(held[layer])} bytes of {count} tensors"


def float_network_entry(network: Network) -> FloatNetworkEntry:
    """What the manifest says of a network."""
    return FloatNetworkEntry(
        digest=network.digest(),
        shapes=[[*shape] for shape in network.shapes],
        kinds=[kind_of(layer) for layer in network.layers],
        activations=[layer.activation.value if isinstance(layer, Weighted | Add) else "" for layer in network.layers],
        weights=network.weights,
        connections=network.connections,
        sparsity=round(network.sparsity, 6),
    )


def make_float_manifest(
    name: str,
    network: Network,
    selection: FloatSelection,
    frame: FloatFrame,
    settings: Settings,
    files: dict[str, str],
    vectors: tuple[F32, F32],
) -> FloatManifest:
    """The manifest of a build. The same network, settings and version give the same bytes."""
    program = selection.program
    lives, layers = lifetimes(program.network), [*_layers(selection)]
    return FloatManifest(
        kind=PLANES,
        format=FORMAT,
        name=name,
        armlet=__version__,
        target=program.machine.name,
        dtype=program.arithmetic.format.name,
        multiply_add=program.arithmetic.rounding,
        entries=[names.run_symbol(name), names.core_symbol(name)],
        settings=settings,
        network=float_network_entry(network),
        simplified=dropped_entry(network, program.network),
        domain=domain_entry(network.domain),
        memory=float_memory(program, frame),
        values=[_place(home, tensor, lives[home]) for home, tensor in sorted(program.values.items())],
        layers=layers,
        instructions=sum(layer.instructions for layer in layers),
        cycles=sum(layer.cycles for layer in layers),
        files=files,
        vectors=[VectorEntry(x.tolist(), y.tolist()) for x, y in zip(*vectors)],
    )


def read_float_manifest(path: Path) -> FloatManifest:
    """Parse NAME.json. Raises `InputError` with the place."""
    return read_manifest_as(path, FloatManifest, FORMAT)


def placed_planes_of(entry: PlanesEntry) -> PlacedPlanes:
    """The tensor that an entry is of."""
    layout = PlaneLayout(entry.shape, entry.top, entry.bottom, entry.left, entry.right)
    return PlacedPlanes(layout, entry.start)


def _place(number: int, tensor: PlacedPlanes, life: tuple[int, int]) -> PlanesEntry:
    layout = tensor.layout
    border = (layout.top, layout.bottom, layout.left, layout.right)
    return PlanesEntry(number, tensor.start, layout.size, layout.shape, *border, *life)


def _layers(selection: FloatSelection) -> Iterator[FloatLayerEntry]:
    program, cycles = selection.program, selection.program.cycles
    totals = [[0, 0, 0] for _ in program.network.layers]
    for line, cost in zip(program.lines, cycles):
        for k, more in enumerate((line.size, line.runs * (1 + line.text.count("\n")), cost)):
            totals[line.layer][k] += more
    for number, (layer, shape) in enumerate(zip(program.network.layers, selection.shapes)):
        yield FloatLayerEntry(number, kind_of(layer), shape.across, shape.channels, *totals[number])
