"""NAME.json: what was compiled, with which settings, into what, and vectors to test it with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np

from armlet.anneal.engine import Annealed
from armlet.build import names
from armlet.build.domain_entry import DomainEntry, domain_entry
from armlet.build.kind import INTEGERS, kind_of_manifest, read_manifest_as
from armlet.build.prologue import Frame, entry_cycles, inputs_are_natural
from armlet.errors import InputError
from armlet.graph.graph import Graph
from armlet.graph.simplify import Simplified
from armlet.layout.bound import transfer_bounds
from armlet.layout.place import InputLayout
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.schedule.bound import move_bound
from armlet.schedule.code import Op
from armlet.schedule.structure import trips_of
from armlet.select.program import Program, by_operation
from armlet.version import __version__

FORMAT = 2
Settings: TypeAlias = dict[str, bool | int | float | str | dict[str, int | float] | None]  # names as in armlet.toml


class NetworkEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network that was compiled, as `Network` counts it."""

    digest: str  # SHA-256, `Network.digest`
    widths: list[int]
    activations: list[str]  # of each layer
    weights: int
    connections: int
    sparsity: float
    used_inputs: int


class MemoryEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes, by what holds them and where."""

    code: int  # flash
    constants: int  # flash
    flash: int  # both
    work: int  # RAM: what did not stay in registers
    block: int  # RAM: the input block; NAME_run's own, or the caller's for NAME_core
    stack: int  # RAM: the most that a call takes
    ram: int  # all three


class LayerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One layer after simplification; moves of a value count for the layer that it belongs to."""

    layer: int
    neurons: int
    connections: int
    loads: int
    stores: int


class MovesEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Activations and partial sums between registers and memory in NAME_core, and what no program can do without.

    Outputs that NAME_core leaves in registers are neither stored nor counted; NAME_run stores them.
    """

    loads: int
    stores: int
    total: int
    bound: int
    ratio: float
    run: int  # of NAME_run, the copies of inputs and outputs included
    batches: int
    transfers_before: int  # runs of neighbouring words at the start of the layout's annealing
    transfers: int
    transfers_bound: int  # no layout with as many words has fewer
    lines: int  # loads and stores as written: runs whose registers lie apart take several


class LayoutEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way of laying out the inputs that was tried, and what it costs; the cheapest for both entries is built."""

    inputs: str  # free or natural
    transfers_before: int
    transfers: int
    transfers_bound: int
    core: int  # cycles of NAME_core without wait states
    run: int  # and of NAME_run, which copies inputs that do not lie in natural order


class AnnealingEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one annealing converged."""

    subject: str
    moves: int
    change: float  # of the cost, from its start to the best state met
    trace: list[float]  # change of the cost so far, at even steps


@dataclass(frozen=True, slots=True)
class SearchRecord:
    """What was tried on the way to a program."""

    layouts: list[LayoutEntry]
    annealed: Sequence[Annealed]


class RegistersEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the float registers are shared out."""

    values: int
    constants: int


class SimplifiedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the compiler need not compute."""

    constant_neurons: int
    dead_neurons: int
    unread_inputs: int
    decided_relus: int
    dropped_connections: int
    shared_neurons: int  # that another one computes besides
    rescaled_neurons: int
    unit_weights: int  # 1 or -1


class VectorEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A test vector: raw inputs, and the outputs that the program must give to the bit."""

    input: list[float]
    output: list[float]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of NAME.json."""

    format: int
    name: str
    armlet: str  # version
    target: str
    dtype: str
    multiply_add: str
    entries: list[str]
    settings: Settings
    network: NetworkEntry
    domain: DomainEntry
    simplified: SimplifiedEntry
    registers: RegistersEntry
    memory: MemoryEntry
    moves: MovesEntry
    layouts: list[LayoutEntry]
    annealings: list[AnnealingEntry]
    layers: list[LayerEntry]
    instructions: int  # lines of NAME_core, without entry and exit
    files: dict[str, str]  # SHA-256 of the other files of the build folder
    vectors: list[VectorEntry]


def memory_of(program: Program, frame: Frame) -> MemoryEntry:
    """What the build takes, exactly: every template has a fixed width."""
    target, layout = program.target, program.layout
    run = sum(target.templates[op].size for op, _ in frame.run)
    core = frame.size(target) - run + program.line_bytes
    code, constants = core + (-core) % target.core.word + run, program.word * len(program.constants)
    work = program.word * layout.work_words
    block = 0 if inputs_are_natural(program) else program.word * max(1, layout.input_words)
    ram = work + block + frame.stack_bytes
    return MemoryEntry(code, constants, code + constants, work, block, frame.stack_bytes, ram)


def moves_of(program: Program, transfers_bound: int) -> MovesEntry:
    """Activation moves of NAME_core against their bounds."""
    code, layout, graph = program.code, program.layout, program.code.order.graph
    bound = move_bound(graph, code.registers, bool(len(code.kept)))
    copied = 0 if inputs_are_natural(program) else 2 * graph.inputs
    copied += len(graph.outputs) * (1 if len(code.kept) else 2)
    return MovesEntry(
        loads=code.loads,
        stores=code.stores,
        total=code.moves,
        bound=bound,
        ratio=round(code.moves / max(1, bound), 4),
        run=code.moves + copied,
        batches=layout.batches,
        transfers_before=layout.transfers_before,
        transfers=layout.transfers,
        transfers_bound=transfers_bound,
        lines=int(by_operation(program.lines, lambda op: op.is_move).sum()),
    )


def layouts_of(programs: list[Program], kinds: tuple[InputLayout, ...], name: str) -> list[LayoutEntry]:
    """What each way of laying out the inputs costs."""
    natural = [kind is InputLayout.NATURAL for kind in kinds]
    layouts = [program.layout for program in programs]
    bounds = transfer_bounds(programs[0].code, layouts, natural)
    return [
        LayoutEntry(kind.value, layout.transfers_before, layout.transfers, bound, *entry_cycles(program, name))
        for kind, layout, bound, program in zip(kinds, layouts, bounds, programs)
    ]


def cheapest(layouts: list[LayoutEntry]) -> LayoutEntry:
    """The one that is built: of the fewest cycles of both entries together, the first of equals."""
    return min(layouts, key=lambda tried: tried.core + tried.run)


def layers_of(program: Program) -> list[LayerEntry]:
    """Figures of each layer that is left; layer 0 holds the inputs."""
    code, graph = program.code, program.code.order.graph
    layers = int(graph.layer.max(initial=0)) + 1
    of_cell = np.concatenate([graph.layer, graph.layer[graph.outputs]])
    op, trips = code.instructions[:, 0], trips_of(code.structure)
    counts = [np.bincount(column, minlength=layers) for column in (graph.layer, graph.layer[graph.target])]
    for step in (Op.LOAD, Op.STORE):
        moved = op == step
        counts.append(np.bincount(of_cell[code.instructions[moved, 3]], trips[moved], layers).astype(np.int64))
    return [LayerEntry(k, *figures) for k, figures in enumerate(zip(*(count.tolist() for count in counts)))]


def make_manifest(
    name: str,
    network: Network,
    simplified: Simplified,
    program: Program,
    frame: Frame,
    settings: Settings,
    files: dict[str, str],
    vectors: tuple[F32, F32],
    search: SearchRecord,
) -> Manifest:
    """The manifest of a build. The same network, settings and version give the same bytes."""
    return Manifest(
        format=FORMAT,
        name=name,
        armlet=__version__,
        target=program.target.name,
        dtype=program.arithmetic.format.name,
        multiply_add=program.arithmetic.rounding,
        entries=[names.run_symbol(name), names.core_symbol(name)],
        settings=settings,
        network=NetworkEntry(
            network.digest(),
            list(network.widths),
            list(network.activations),
            network.weights,
            network.connections,
            round(network.sparsity, 6),
            program.code.order.graph.inputs,
        ),
        domain=domain_entry(network.domain),
        simplified=_simplified(simplified, program.code.order.graph),
        registers=RegistersEntry(program.partition.values, program.partition.constants),
        memory=memory_of(program, frame),
        moves=moves_of(program, cheapest(search.layouts).transfers_bound),
        layouts=search.layouts,
        annealings=[
            AnnealingEntry(run.problem, run.moves, round(run.change, 3), [round(cost, 3) for cost in run.trace])
            for run in search.annealed
        ],
        layers=layers_of(program),
        instructions=len(program.lines),
        files=files,
        vectors=[VectorEntry(x.astype(float).tolist(), y.astype(float).tolist()) for x, y in zip(*vectors)],
    )


def _simplified(found: Simplified, lean: Graph) -> SimplifiedEntry:
    return SimplifiedEntry(
        constant_neurons=found.constant_neurons,
        dead_neurons=found.dead_neurons,
        unread_inputs=found.unread_inputs,
        decided_relus=found.decided_relus,
        dropped_connections=found.dropped_connections + found.graph.connections - lean.connections,
        shared_neurons=len(lean.twins),
        rescaled_neurons=int(np.count_nonzero(lean.scale != 1)),
        unit_weights=int(np.count_nonzero(np.abs(lean.weight) == 1)),
    )


def read_manifest(path: Path) -> Manifest:
    """Parse NAME.json. Raises `InputError` with the place."""
    if kind_of_manifest(path) == INTEGERS:
        raise InputError(path, "is of a build in integers, which is read in another way", "give one in float32")
    manifest = read_manifest_as(path, Manifest, FORMAT)
    if len(manifest.network.widths) < 2:
        raise InputError(path, f"network.widths is {manifest.network.widths}", "compile the network again")
    return manifest
