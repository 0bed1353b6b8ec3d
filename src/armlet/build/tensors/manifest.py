"""NAME.json of a build for tensors: what was compiled into what, where every tensor lies, and test vectors."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import numpy as np

from armlet.build import names
from armlet.build.domain_entry import DomainEntry, domain_entry
from armlet.build.integer.assembly import whole_words
from armlet.build.integer.manifest import IntegerVectorEntry, IntervalEntry
from armlet.build.kind import TENSORS, read_manifest_as
from armlet.build.manifest import Settings
from armlet.build.tensors.cycles import line_cycles
from armlet.build.tensors.frame import TensorFrame
from armlet.build.tensors.intervals import tensor_intervals
from armlet.build.tensors.memory import lifetimes, peak_of
from armlet.integer.formats import I64
from armlet.integer.layers import IntegerConv, body_of, integer_kind_of
from armlet.integer.network import IntegerNetwork
from armlet.network.network import Network
from armlet.select.integer.program import bytes_of
from armlet.select.tensors.choose import TensorSelection
from armlet.select.tensors.program import TensorProgram
from armlet.select.tensors.rows import PlacedTensor
from armlet.tensors.layout import LaneLayout
from armlet.version import __version__

FORMAT = 1


class TensorNetworkEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network that was compiled, as `IntegerNetwork` counts it."""

    digest: str  # SHA-256, `IntegerNetwork.digest`
    shapes: list[list[int]]  # of the values: the inputs, and what each layer gives
    formats: list[str]  # of the values
    kinds: list[str]  # of each layer
    activations: list[str]  # of each layer; empty where it has no weights
    weights: int
    connections: int
    sparsity: float
    gives: Literal["outputs", "argmax"]


class DroppedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the compiler need not compute."""

    channels: int  # of all layers, that are constant or that nobody reads
    connections: int  # that are left


class TensorMemoryEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes, by what holds them and where."""

    code: int  # flash
    constants: int  # flash
    flash: int  # both
    block: int  # RAM: all tensors and the outputs; NAME_run's own, or the caller's for NAME_core
    bound: int  # of the block: what lives at one time at least
    peak: int  # the layer at which it does
    stack: int  # RAM: the most that a call takes
    ram: int  # block and stack


class PlaceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A tensor in the block: two rows of a plane in a row of words (docs/integers.md, section 8).

    `number` is that of a value, 0 being the network's input; or that of a layer for what it takes laid out anew.
    """

    number: int
    start: int  # bytes from the start of the block
    size: int  # bytes
    shape: tuple[int, int, int]  # channels, height, width
    split: int  # rows in lane 0
    top: int  # rows of words of the border, and so on
    bottom: int
    left: int
    right: int
    first: int  # the layer that makes it; -1 for the input
    last: int  # the last layer that takes it
    above: int = 0  # what a value is more than that in the word: 128 of inputs without a sign


class TensorLayerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lines of NAME_core that serve one layer."""

    layer: int
    kind: str
    across: int  # words of a row that a body makes at once; 0 where there is no such body
    channels: int  # of them
    bytes: int  # of code
    lines: int  # each as often as it runs
    cycles: int  # without waiting for memory


class TensorManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of NAME.json."""

    kind: Literal["tensors"]
    format: int
    name: str
    armlet: str  # version
    target: str
    entries: list[str]
    settings: Settings
    network: TensorNetworkEntry
    domain: DomainEntry
    simplified: DroppedEntry
    intervals: list[IntervalEntry]
    memory: TensorMemoryEntry
    values: list[PlaceEntry]
    taken: list[PlaceEntry]
    outputs: int  # where they are left, in bytes from the start of the block
    layers: list[TensorLayerEntry]
    instructions: int  # lines of NAME_core that run, without entry and exit
    cycles: int  # of them
    files: dict[str, str]  # SHA-256 of the other files of the build folder
    vectors: list[IntegerVectorEntry]


def tensor_memory(program: TensorProgram, frame: TensorFrame) -> TensorMemoryEntry:
    """What the build takes, exactly."""
    constants = len(whole_words(program.constants.tobytes()))
    return memory_entry(frame, constants, program, peak_of(program).layer)


class _Frame(Protocol):
    @property
    def code_bytes(self) -> int: ...

    @property
    def stack_bytes(self) -> int: ...


class _Placed(Protocol):
    @property
    def size(self) -> int: ...

    @property
    def bound(self) -> int: ...


def memory_entry(frame: _Frame, constants: int, program: _Placed, peak: int) -> TensorMemoryEntry:
    """The entry of a program with so many bytes of constants, whose block is fullest at a layer."""
    return TensorMemoryEntry(
        code=frame.code_bytes,
        constants=constants,
        flash=frame.code_bytes + constants,
        block=program.size,
        bound=program.bound,
        peak=peak,
        stack=frame.stack_bytes,
        ram=program.size + frame.stack_bytes,
    )


def tensor_network_entry(network: IntegerNetwork) -> TensorNetworkEntry:
    """What the manifest says of a network."""
    bodies = [body_of(layer) for layer in network.layers]
    return TensorNetworkEntry(
        digest=network.digest(),
        shapes=[[*shape] for shape in network.shapes],
        formats=[each.name for each in network.formats],
        kinds=[integer_kind_of(layer) for layer in network.layers],
        activations=["" if body is None else body.activation.value for body in bodies],
        weights=network.weights,
        connections=network.connections,
        sparsity=round(network.sparsity, 6),
        gives="outputs" if network.argmax is None else "argmax",
    )


def dropped_entry(network: Network | IntegerNetwork, computed: Network | IntegerNetwork) -> DroppedEntry:
    """What the manifest says of what was left out of `network`."""
    pairs = zip(network.shapes[1:], computed.shapes[1:])
    return DroppedEntry(sum(whole[0] - left[0] for whole, left in pairs), computed.connections)


def make_tensor_manifest(
    name: str,
    network: IntegerNetwork,
    selection: TensorSelection,
    frame: TensorFrame,
    settings: Settings,
    files: dict[str, str],
    vectors: tuple[I64, I64],
) -> TensorManifest:
    """The manifest of a build. The same network, settings and version give the same bytes."""
    program, lives = selection.program, lifetimes(network)
    layers = [*_layers(selection)]
    values = [_place(k, tensor, lives[k]) for k, tensor in enumerate(program.values) if tensor is not None]
    taken = [_place(i, tensor, (i, i)) for i, tensor in enumerate(program.taken) if tensor is not None]
    return TensorManifest(
        kind=TENSORS,
        format=FORMAT,
        name=name,
        armlet=__version__,
        target=program.target.name,
        entries=[names.run_symbol(name), names.core_symbol(name)],
        settings=settings,
        network=tensor_network_entry(network),
        domain=domain_entry(network.domain),
        simplified=dropped_entry(network, program.network),
        intervals=tensor_intervals(network),
        memory=tensor_memory(program, frame),
        values=values,
        taken=taken,
        outputs=program.outputs,
        layers=layers,
        instructions=sum(layer.lines for layer in layers),
        cycles=sum(layer.cycles for layer in layers),
        files=files,
        vectors=[IntegerVectorEntry(x.tolist(), y.tolist()) for x, y in zip(*vectors)],
    )


def read_tensor_manifest(path: Path) -> TensorManifest:
    """Parse NAME.json. Raises `InputError` with the place."""
    return read_manifest_as(path, TensorManifest, FORMAT)


def placed(entry: PlaceEntry) -> PlacedTensor:
    """The tensor that an entry is of."""
    layout = LaneLayout(entry.shape, entry.split, entry.top, entry.bottom, entry.left, entry.right, entry.above)
    return PlacedTensor(layout, entry.start)


def _place(number: int, tensor: PlacedTensor, life: tuple[int, int]) -> PlaceEntry:
    layout = tensor.layout
    channels, height, width = layout.shape
    border = (layout.top, layout.bottom, layout.left, layout.right)
    shape = (channels, height, width)
    return PlaceEntry(number, tensor.start, layout.size, shape, layout.split, *border, *life, layout.above)


def _layers(selection: TensorSelection) -> Iterator[TensorLayerEntry]:
    """What serves no layer counts for the first."""
    program, shapes = selection.program, selection.shapes
    network, lines = program.network, program.lines
    of_layer, cycles = np.maximum(lines["layer"], 0), line_cycles(program.target, lines)
    for number, (layer, shape) in enumerate(zip(network.layers, shapes)):
        mine = of_layer == number
        body = (shape.across, shape.channels) if isinstance(layer, IntegerConv) else (0, 0)
        size, runs = bytes_of(program.target, lines[mine]), int(lines["runs"][mine].sum())
        yield TensorLayerEntry(number, integer_kind_of(layer), *body, size, runs, int(cycles[mine].sum()))
