"""NAME.json of a build in integers: what was compiled into what, the proof that no sum overflows, and test vectors."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from armlet.build import names
from armlet.build.domain_entry import DomainEntry, domain_entry
from armlet.build.integer.assembly import whole_words
from armlet.build.integer.frame import IntegerFrame, code_bytes
from armlet.build.kind import INTEGERS, read_manifest_as
from armlet.build.manifest import Settings
from armlet.integer.bounds import LayerBounds, integer_bounds
from armlet.integer.formats import I64
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import SimplifiedIntegers
from armlet.isa.integer_operation import IntegerOperation
from armlet.select.integer.program import IntegerLines, IntegerProgram
from armlet.select.integer.select import Selection
from armlet.version import __version__

FORMAT = 1


class IntegerNetworkEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network that was compiled, as `IntegerNetwork` counts it."""

    digest: str  # SHA-256, `IntegerNetwork.digest`
    widths: list[int]
    formats: list[str]  # of the values: the inputs, and what each layer stores
    activations: list[str]  # of each layer
    weights: int
    connections: int
    sparsity: float
    used_inputs: int
    gives: Literal["outputs", "argmax"]  # all outputs, or the number of the largest


class IntegerSimplifiedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the compiler need not compute."""

    constant_neurons: int
    dead_neurons: int
    connections: int  # that are left


class IntegerMemoryEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes, by what holds them and where."""

    code: int  # flash
    constants: int  # flash
    flash: int  # both
    block: int  # RAM: inputs, values between, outputs; NAME_run's own, or the caller's for NAME_core
    inputs: int  # of these, the inputs' part
    stack: int  # RAM: the most that a call takes
    ram: int  # block and stack


class IntervalEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The proof that a layer's sums fit: from the stored values that it takes, by its weights and biases.

    `least` and `greatest` are the ends of the sums of all neurons on the inputs' intervals, `bits` what a signed number
    needs to hold them; accumulators have 32. `low` and `high` are the ends of what the layer stores.
    """

    layer: int
    neurons: int
    connections: int
    least: int
    greatest: int
    bits: int
    low: int
    high: int


class IntegerLayerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lines of NAME_core that serve one layer, each as often as it runs.

    Moves are words, or less, between registers and the block.
    """

    layer: int
    scheme: str  # how it is written
    words: int  # that its sources lie in
    lines: int
    loads: int
    stores: int
    constant_loads: int  # words out of the pool
    operations: dict[str, int]  # that compute connections, and how often


class IntegerVectorEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A test vector: stored inputs, and the stored outputs that the program must give."""

    input: list[int]
    output: list[int]


class IntegerManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of NAME.json."""

    kind: Literal["integer"]
    format: int
    name: str
    armlet: str  # version
    target: str
    entries: list[str]
    settings: Settings
    network: IntegerNetworkEntry
    domain: DomainEntry
    simplified: IntegerSimplifiedEntry
    intervals: list[IntervalEntry]
    memory: IntegerMemoryEntry
    layers: list[IntegerLayerEntry]
    loads: int  # of values, in NAME_core
    stores: int
    instructions: int  # lines of NAME_core that run, without entry and exit
    files: dict[str, str]  # SHA-256 of the other files of the build folder
    vectors: list[IntegerVectorEntry]


_WORD = 4  # bytes


def integer_memory(program: IntegerProgram, frame: IntegerFrame) -> IntegerMemoryEntry:
    """What the build takes, exactly."""
    code, constants = code_bytes(program, frame), len(whole_words(program.constants.tobytes()))
    size, stack = program.block.size, frame.stack_bytes
    return IntegerMemoryEntry(code, constants, code + constants, size, program.block.span, stack, size + stack)


def intervals_of(network: IntegerNetwork) -> list[IntervalEntry]:
    """The proof, layer by layer. Raises `InputError` with the neuron whose sum could overflow."""
    return [_interval(i, network, bounds) for i, bounds in enumerate(integer_bounds(network))]


def network_entry(network: IntegerNetwork, used_inputs: int) -> IntegerNetworkEntry:
    """What the manifest says of a network."""
    formats = [network.input_format, *(layer.stored for layer in network.dense)]
    return IntegerNetworkEntry(
        digest=network.digest(),
        widths=list(network.widths),
        formats=[each.name for each in formats],
        activations=[layer.activation.value for layer in network.dense],
        weights=network.weights,
        connections=network.connections,
        sparsity=round(network.sparsity, 6),
        used_inputs=used_inputs,
        gives="outputs" if network.argmax is None else "argmax",
    )


def simplified_entry(found: SimplifiedIntegers) -> IntegerSimplifiedEntry:
    """What the manifest says of what was left out."""
    return IntegerSimplifiedEntry(found.constant_neurons, found.dead_neurons, found.network.connections)


def make_integer_manifest(
    name: str,
    network: IntegerNetwork,
    simplified: SimplifiedIntegers,
    selection: Selection,
    frame: IntegerFrame,
    settings: Settings,
    files: dict[str, str],
    vectors: tuple[I64, I64],
) -> IntegerManifest:
    """The manifest of a build. The same network, settings and version give the same bytes."""
    program, layers = selection.program, [*_layers(selection)]
    return IntegerManifest(
        kind=INTEGERS,
        format=FORMAT,
        name=name,
        armlet=__version__,
        target=program.target.name,
        entries=[names.run_symbol(name), names.core_symbol(name)],
        settings=settings,
        network=network_entry(network, int(np.count_nonzero(program.block.inputs >= 0))),
        domain=domain_entry(network.domain),
        simplified=simplified_entry(simplified),
        intervals=intervals_of(network),
        memory=integer_memory(program, frame),
        layers=layers,
        loads=sum(layer.loads for layer in layers),
        stores=sum(layer.stores for layer in layers),
        instructions=int(program.lines["runs"].sum()),
        files=files,
        vectors=[IntegerVectorEntry(x.tolist(), y.tolist()) for x, y in zip(*vectors)],
    )


def read_integer_manifest(path: Path) -> IntegerManifest:
    """Parse NAME.json. Raises `InputError` with the place."""
    return read_manifest_as(path, IntegerManifest, FORMAT)


def signed_bits(number: int) -> int:
    """Bits that a signed number needs to hold this one."""
    return 1 + (number if number >= 0 else ~number).bit_length()


def _interval(number: int, network: IntegerNetwork, bounds: LayerBounds) -> IntervalEntry:
    layer, least, greatest = network.dense[number], int(bounds.sum_low.min()), int(bounds.sum_high.max())
    return IntervalEntry(
        layer=number,
        neurons=layer.neurons,
        connections=int(np.count_nonzero(layer.weight)),
        least=least,
        greatest=greatest,
        bits=max(signed_bits(least), signed_bits(greatest)),
        low=int(bounds.low.min()),
        high=int(bounds.high.max()),
    )


def _layers(selection: Selection) -> Iterator[IntegerLayerEntry]:
    """What serves no layer counts for the first."""
    program = selection.program
    of_layer, moved = np.maximum(program.lines["layer"], 0), _moves(program.lines)
    for number in range(len(program.network.dense)):
        scheme, places = selection.schemes[number], len(selection.codes[number].words)
        words = -(-places * program.network.source(number).bytes // _WORD) if scheme.form else places
        mine = of_layer == number
        lines = program.lines[mine]
        ops, counts = np.unique(lines["op"][lines["source"] >= 0], return_counts=True)
        loads, stores, constants = (moved[mine] * lines["runs"][:, None]).sum(axis=0).tolist()
        operations = {IntegerOperation(op).name.lower(): count for op, count in zip(ops.tolist(), counts.tolist())}
        runs = int(lines["runs"].sum())
        yield IntegerLayerEntry(number, scheme.name, words, runs, loads, stores, constants, operations)


def _moves(lines: IntegerLines) -> I64:
    """(lines, 3) words loaded from the block, stored to it, and loaded from the pool.

    What is made of the pool's address is an address into it: nothing else is made of one.
    """
    found, pool = np.zeros((len(lines), 3), np.int64), set[int]()
    for row, fields in enumerate(lines[["op", "d", "a", "b", "list"]].tolist()):
        kind, registers, listed = IntegerOperation(fields[0]), dict(zip("dab", fields[1:4])), fields[4]
        moves, does = kind.is_load or kind.is_store, kind.operands
        if moves:
            column = 1 if kind.is_store else 2 if registers["a"] in pool else 0
            found[row, column] = listed.bit_count() if "list" in does.names else 1
        taken = {registers[name] for name in does.reads if name in registers}
        written = {registers["d"]} if "d" in does.writes else set[int]()
        written |= {k for k in range(listed.bit_length()) if listed >> k & 1 and "list" in does.writes}
        is_address = kind is IntegerOperation.ADDRESS or (not moves and taken & pool)
        pool = pool | written if is_address else pool - written
    return found
