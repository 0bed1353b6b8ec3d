"""The compiler on one page."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

from armlet.anneal.engine import Annealed, Annealing
from armlet.arithmetic.arithmetic import Arithmetic
from armlet.build.bundle import OWNS, Bundle, bundle
from armlet.build.integer.bundle import IntegerBundle, integer_bundle
from armlet.build.integer.frame import IntegerFrame, integer_frame
from armlet.build.integer.manifest import IntegerMemoryEntry, integer_memory
from armlet.build.manifest import MemoryEntry, SearchRecord, cheapest, layouts_of
from armlet.build.names import check_name
from armlet.build.prologue import Frame, frame
from armlet.build.tensors.bundle import TensorBundle, tensor_bundle
from armlet.build.tensors.frame import TensorFrame, tensor_frame
from armlet.build.tensors.manifest import TensorMemoryEntry, tensor_memory
from armlet.build.tensors.memory import peak_of
from armlet.config import CompileOptions, IntegerCompileOptions
from armlet.errors import CapacityError, InputError
from armlet.graph.build import build_graph
from armlet.graph.graph import Graph
from armlet.graph.merge_equivalents import merge_equivalents
from armlet.graph.rescale import Rescale, rescale
from armlet.graph.simplify import Simplified, simplify, unsimplified
from armlet.integer.bounds import integer_bounds
from armlet.integer.choose_argmax import with_argmax
from armlet.integer.drop_channels import drop_channels
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import SimplifiedIntegers, simplify_integers
from armlet.isa.find import find_integer_target, find_target
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.target import RegisterPartition, Target
from armlet.layout.layout import Layout
from armlet.layout.place import InputLayout, place_all
from armlet.layout.reassign import reassign
from armlet.network.network import Network
from armlet.network.normalise import fold_normalisation
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.check import check_code
from armlet.schedule.code import Code
from armlet.schedule.order import Order
from armlet.schedule.plan import plan_order
from armlet.select.check.check_program import check_program
from armlet.select.integer.check.check_program import check_integer_program
from armlet.select.integer.select import Budget, Optimize, Selection, select_integers
from armlet.select.lowering import partitions_with_room
from armlet.select.program import Program
from armlet.select.tensors.choose import TensorBudget, TensorSelection, choose_tensors
from armlet.storage import write_folder
from armlet.tune import SOURCE_REGISTERS, Choice, cheapest_program, tune
from armlet.windows.compile import FloatCompilation

Kind = TypeVar("Kind", bound=Enum)


@dataclass(frozen=True, slots=True, eq=False)
class Compilation:
    """Every stage's product, kept so that each can be shown, tested and measured."""

    network: Network
    graph: Graph  # one node for each neuron, one connection for each weight
    simplified: Simplified
    lean: Graph  # simplified, merged and rescaled: what is computed
    choice: Choice
    order: Order
    code: Code  # with the registers that allocation gave; the program's own has them reassigned
    layout: Layout
    program: Program
    frame: Frame
    bundle: Bundle


@dataclass(frozen=True, slots=True, eq=False)
class IntegerCompilation:
    """Every stage's product, kept so that each can be shown, tested and measured."""

    network: IntegerNetwork
    simplified: SimplifiedIntegers
    selection: Selection
    frame: IntegerFrame
    bundle: IntegerBundle


@dataclass(frozen=True, slots=True, eq=False)
class TensorCompilation:
    """Every stage's product, kept so that each can be shown, tested and measured."""

    network: IntegerNetwork
    selection: TensorSelection
    frame: TensorFrame
    bundle: TensorBundle


def _unwatched(stage: str) -> None:
    """Nobody follows the stages."""


@dataclass(frozen=True, slots=True)
class _Settings:
    """The options as the stages take them."""

    target: Target
    arithmetic: Arithmetic
    partitions: tuple[RegisterPartition, ...]
    source_registers: tuple[int, ...]
    scales: Rescale
    layouts: tuple[InputLayout, ...]
    annealing: Annealing
    by_moves: bool
    returned: int  # registers that may hold outputs at the end


def compile_network(
    network: Network,
    name: str,
    options: CompileOptions = CompileOptions(),
    watch: Callable[[str], None] = _unwatched,
) -> Compilation:
    """Lower `network` to a build. Each line is a stage or its proof. Raises `InputError` and `CapacityError`."""
    check_name(name)
    annealed: list[Annealed] = []
    settings = _settings(options, annealed.append)

    watch("graph")
    raw = fold_normalisation(network)
    graph = build_graph(raw, settings.arithmetic)
    graph.check()
    simplified = simplify(graph, raw.domain) if options.simplify else unsimplified(graph)
    merged = merge_equivalents(simplified.graph) if options.simplify else graph
    lean = rescale(merged, raw.domain, settings.scales)
    lean.check()

    watch("order")
    choice = _tuned(lean, settings)
    order = plan_order(lean, choice.partition.values, choice.plan, settings.annealing)
    order.check()

    watch("registers")
    code = allocate(order, Registers(choice.partition.values, settings.target.batch, settings.returned))
    check_code(code)

    watch("layout")
    placed = place_all(code, settings.layouts, settings.annealing)

    watch("emit")
    programs = [
        cheapest_program(reassign(code, layout), layout, settings.target, choice.partition) for layout in placed
    ]
    tried = layouts_of(programs, settings.layouts, name)
    program = programs[tried.index(cheapest(tried))]
    program.layout.check(code)
    check_program(program)

    around = frame(program, name)
    made = bundle(name, network, simplified, program, around, asdict(options), SearchRecord(tried, annealed))
    _check_budget(name, made.manifest.memory, options)
    return Compilation(network, graph, simplified, lean, choice, order, code, program.layout, program, around, made)


def compile_tensor_network(
    network: IntegerNetwork,
    name: str,
    options: IntegerCompileOptions = IntegerCompileOptions(),
    watch: Callable[[str], None] = _unwatched,
) -> TensorCompilation:
    """Lower a network with windows to a build. Raises `InputError` and `CapacityError`."""
    check_name(name)
    target = _tensor_target(network, options)
    network = with_argmax(network) if options.outputs == "argmax" else network

    watch("simplify")
    dropped = drop_channels(network)

    watch("select")
    budget = None
    if options.flash is not None:
        budget = TensorBudget(name, options.flash, lambda made: tensor_memory(made, tensor_frame(made, name)).flash)
    selection = choose_tensors(dropped.network, target, Optimize(options.optimize), budget)

    watch("bundle")
    around = tensor_frame(selection.program, name)
    made = tensor_bundle(name, network, selection, around, asdict(options))
    _check_budget(name, made.manifest.memory, options, peak_of(selection.program).describe(network))
    return TensorCompilation(network, selection, around, made)


def compile_integer_network(
    network: IntegerNetwork,
    name: str,
    options: IntegerCompileOptions = IntegerCompileOptions(),
    watch: Callable[[str], None] = _unwatched,
) -> IntegerCompilation:
    """Lower `network` to a build. Each line is a stage or its proof. Raises `InputError` and `CapacityError`."""
    check_name(name)
    target = find_integer_target(options.target)
    network = with_argmax(network) if options.outputs == "argmax" else network
    integer_bounds(network)

    watch("simplify")
    simplified = simplify_integers(network)

    watch("select")
    how = Annealing(**asdict(options.anneal), seed=options.seed)
    budget = None
    if options.flash is not None:
        budget = Budget(name, options.flash, lambda made: integer_memory(made, integer_frame(made, name)).flash)
    selection = select_integers(simplified.network, target, how, Optimize(options.optimize), budget)
    check_integer_program(selection.program)

    watch("bundle")
    return bundled(network, simplified, selection, name, options)


def bundled(
    network: IntegerNetwork,
    simplified: SimplifiedIntegers,
    selection: Selection,
    name: str,
    options: IntegerCompileOptions,
) -> IntegerCompilation:
    """The last stage: the files of a program. Raises `CapacityError` where it does not fit."""
    around = integer_frame(selection.program, name)
    made = integer_bundle(name, network, simplified, selection, around, asdict(options))
    _check_budget(name, made.manifest.memory, options)
    return IntegerCompilation(network, simplified, selection, around, made)


def write_build(
    made: Compilation | IntegerCompilation | TensorCompilation | FloatCompilation, folder: Path | str
) -> None:
    """Write the build folder, whole or not at all. Raises `InputError`."""
    write_folder(Path(folder), made.bundle.files, OWNS)


def _tensor_target(network: IntegerNetwork, options: IntegerCompileOptions) -> IntegerTarget:
    """The target for a network with windows. Raises `InputError` for what is not compiled yet."""
    target = find_integer_target(options.target)
    if not target.can(IntegerOperation.MULTIPLY_LONG):
        raise InputError(f"target {target.name}", "compiles no networks with windows yet", "choose cortex-m4")
    if odd := next((shape for shape in network.shapes if len(shape) not in (1, 3)), None):
        raise InputError(f"a tensor of shape {odd}", "is neither planes nor a row", "give it a shape of 3 extents or 1")
    return target


def _settings(options: CompileOptions, watch: Callable[[Annealed], None]) -> _Settings:
    """Raises `InputError` and `CapacityError` where there is no such target, number of registers or choice."""
    target, arithmetic = find_target(options.target, options.dtype, options.multiply_add)
    return _Settings(
        target=target,
        arithmetic=arithmetic,
        partitions=target.grant(options.registers),
        source_registers=SOURCE_REGISTERS if options.batch is None else (options.batch,),
        scales=_choice(Rescale, "rescale", options.rescale),
        layouts=tuple(InputLayout) if options.inputs == "auto" else (_choice(InputLayout, "inputs", options.inputs),),
        annealing=Annealing(**asdict(options.anneal), seed=options.seed, watch=watch),
        by_moves=options.objective == "moves",
        returned=target.preserved_floats if options.outputs == "auto" else 0,
    )


def _tuned(lean: Graph, settings: _Settings) -> Choice:
    """The best choice among the partitions that leave room for what the activations take."""
    roomy, target, layout = partitions_with_room(settings.partitions, lean), settings.target, settings.layouts[0]
    wishes = settings.annealing, settings.by_moves, settings.returned
    return tune(lean, target, roomy, settings.source_registers, layout, *wishes)


def _choice(kinds: type[Kind], setting: str, value: str) -> Kind:
    try:
        return kinds(value)
    except ValueError:
        known = ", ".join([*(kind.value for kind in kinds), *(["auto"] if setting == "inputs" else [])])
        raise InputError(f"{setting} = {value!r}", "is unknown", f"choose from: {known}") from None


def _check_budget(
    name: str,
    memory: MemoryEntry | IntegerMemoryEntry | TensorMemoryEntry,
    options: CompileOptions | IntegerCompileOptions,
    peak: str = "",
) -> None:
    """Raise `CapacityError` with both numbers; `peak` says where the most RAM is held."""
    for what, needed, given, where in (
        ("flash", memory.flash, options.flash, ""),
        ("RAM", memory.ram, options.ram, peak),
    ):
        if given is not None and needed > given:
            told = f"; {where}" if where else ""
            raise CapacityError(f"{name} needs {needed} bytes of {what}, {given} are given{told}")
