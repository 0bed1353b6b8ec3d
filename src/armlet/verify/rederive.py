"""The figures of a manifest worked out again: from the network, the declared order, and what the program did when run.

What the build alone cannot show is only held to what must be true of it: the transfers of the layout, the costs of a
layout that was not built, and how constant and dead neurons share what was left out. Nothing is known here of how the
annealings went, of their seed and of the other wishes to the compiler; see docs/verification.md.
"""

from collections.abc import Iterator

import numpy as np

from armlet.build import names
from armlet.build.bundle import test_inputs
from armlet.build.domain_entry import domain_entry
from armlet.build.manifest import LayerEntry, cheapest
from armlet.build.read import Build
from armlet.config import CompileOptions
from armlet.errors import CapacityError, InputError
from armlet.graph.graph import ACTIVATIONS
from armlet.isa.instruction_set import InstructionSet
from armlet.network.frozen import F32
from armlet.network.normalise import fold_normalisation
from armlet.schedule.allocate import Registers, allocate
from armlet.schedule.bound import move_bound
from armlet.schedule.code import MOVES, Code, Op
from armlet.schedule.interpret import run_order
from armlet.simulate.figures import Figures
from armlet.simulate.trace import REGIONS, Region, Trace
from armlet.toolchain.image import Image
from armlet.verify.declaration import constants_left_out
from armlet.verify.manifest import first_difference, first_untrue, options_of


def settings_disagreement(build: Build) -> str:
    """What of the wishes to the compiler does not go with the build, in words; empty where all does."""
    manifest, graph = build.manifest, build.order.graph
    try:
        options = options_of(manifest.settings, CompileOptions)
    except InputError as wrong:
        return str(wrong)
    try:
        granted = build.target.grant(options.registers)
    except (TypeError, InputError, CapacityError, ValueError) as wrong:
        return f"settings: {wrong}"
    split = manifest.registers
    found: dict[str, bool] = {
        "target": options.target == manifest.target,
        "dtype": options.dtype == manifest.dtype,
        "multiply_add": options.multiply_add == manifest.multiply_add,
        "registers": (split.values, split.constants) in {(each.values, each.constants) for each in granted},
        "flash": options.flash is None or manifest.memory.flash <= options.flash,
        "ram": options.ram is None or manifest.memory.ram <= options.ram,
        "outputs": options.outputs == "auto" or not build.kept,
        "inputs": [each.inputs for each in manifest.layouts] == _layouts(options.inputs),
        "entries": manifest.entries == [names.run_symbol(build.name), names.core_symbol(build.name)],
    }
    scales = np.concatenate((graph.scale, graph.twin_scale))
    powers = np.frexp(scales)[0] == 0.5
    found["rescale"] = bool(powers.all()) if options.rescale == "free" else options.rescale in ("any", "none")
    found["rescale"] &= options.rescale != "none" or (bool((graph.scale == 1).all()) and bool(powers.all()))
    whole = graph.nodes == sum(build.network.widths) and not len(graph.twins)
    found["simplify"] = options.simplify or whole
    return first_untrue(found)


def figures_disagreement(build: Build, image: Image, trace: Trace, figures: dict[str, Figures]) -> str:
    """The first figure of the manifest that is not the program's, in words; `trace` is of NAME_core."""
    return first_difference(_figures(build, image, trace, figures)) or _bounded(build)


def _figures(
    build: Build, image: Image, trace: Trace, figures: dict[str, Figures]
) -> Iterator[tuple[str, object, object]]:
    """Each figure: its place, what the manifest says, and what it must be."""
    manifest, network, graph = build.manifest, build.network, build.order.graph
    moves, memory, built = manifest.moves, manifest.memory, cheapest(manifest.layouts)
    run, core = figures[names.run_symbol(build.name)], figures[names.core_symbol(build.name)]
    whole = manifest.network
    yield "domain", manifest.domain, domain_entry(network.domain)
    yield "network.widths", whole.widths, list(network.widths)
    yield "network.activations", whole.activations, list(network.activations)
    yield "network.weights", whole.weights, network.weights
    yield "network.connections", whole.connections, network.connections
    yield "network.sparsity", whole.sparsity, round(network.sparsity, 6)
    yield "network.used_inputs", whole.used_inputs, graph.inputs
    simplified = manifest.simplified
    yield "simplified.unread_inputs", simplified.unread_inputs, network.inputs - graph.inputs
    left = fold_normalisation(network).connections - graph.connections
    yield "simplified.dropped_connections", simplified.dropped_connections, left
    yield "simplified.decided_relus", simplified.decided_relus, _decided(build)
    yield "simplified.shared_neurons", simplified.shared_neurons, len(graph.twins)
    yield "simplified.rescaled_neurons", simplified.rescaled_neurons, int(np.count_nonzero(graph.scale != 1))
    yield "simplified.unit_weights", simplified.unit_weights, int(np.count_nonzero(np.abs(graph.weight) == 1))
    yield "memory.flash", memory.flash, memory.code + memory.constants
    yield "memory.stack", memory.stack, run.stack_bytes
    yield "memory.ram", memory.ram, memory.work + memory.block + memory.stack
    returned = build.target.preserved_floats if manifest.settings["outputs"] == "auto" else 0
    code = allocate(build.order, Registers(manifest.registers.values, build.target.batch, returned))
    yield "outputs in registers", build.kept, bool(len(code.kept))
    yield "moves.loads", moves.loads, core.loads.activation
    yield "moves.stores", moves.stores, core.stores.activation
    yield "moves.total", moves.total, core.activation_moves
    yield "moves.bound", moves.bound, move_bound(graph, manifest.registers.values, build.kept)
    yield "moves.ratio", moves.ratio, round(core.activation_moves / max(1, moves.bound), 4)
    yield "moves.run", moves.run, run.activation_moves
    yield "moves.batches", moves.batches, _batches(code)
    yield "moves.lines", moves.lines, _lines(trace)
    yield "layers", manifest.layers, _layers(code)
    yield "instructions", manifest.instructions, _instructions(image, trace, build.target.core.instruction_set)
    yield f"the cycles of {core.entry}", built.core, core.cycles
    yield f"the cycles of {run.entry}", built.run, run.cycles
    said = moves.transfers_before, moves.transfers, moves.transfers_bound
    yield "moves.transfers", said, (built.transfers_before, built.transfers, built.transfers_bound)
    natural = [value.offset for value in build.inputs.values] == [build.word * i for i in range(network.inputs)]
    yield "layouts", built.inputs != "natural" or not memory.block, True
    used = [build.inputs.values[index].offset for index in graph.used.tolist()]
    yield "layouts", built.inputs != "natural" or natural or used == [build.word * i for i in graph.used.tolist()], True


def _bounded(build: Build) -> str:
    """What cannot be worked out again must at least be possible."""
    manifest = build.manifest
    for tried in manifest.layouts:
        most = min(tried.transfers_before, manifest.moves.lines if tried is cheapest(manifest.layouts) else 1 << 62)
        if not manifest.moves.batches <= tried.transfers_bound <= tried.transfers <= most:
            return f"layout {tried.inputs}: {tried.transfers} transfers lie outside what is possible"
        if not 0 < tried.core < tried.run:
            return f"layout {tried.inputs}: {tried.core} cycles of {tried.run}"
    for run in manifest.annealings:
        if run.moves < 0 or run.change > 0 or not run.trace:
            return f"annealing {run.subject!r} cannot have gone so"
    if not manifest.settings.get("simplify"):
        return "" if _left_out(build) == (0, 0) else "neurons are called constant or dead, and none was left out"
    graph, found = build.order.graph, manifest.simplified
    absent = sum(build.network.widths[1:]) - (graph.nodes - graph.inputs) - len(graph.twins)
    outputs = graph.nodes - graph.inputs - len(np.unique(graph.target))  # constants that are outputs stay
    if sum(_left_out(build)) != absent + outputs or min(_left_out(build)) < 0:
        return f"{found.constant_neurons} constant and {found.dead_neurons} dead neurons, {absent} were left out"
    if found.constant_neurons > (most := constants_left_out(build.order, build.network) + outputs):
        return f"{found.constant_neurons} neurons are called constant, {most} are"
    return ""


def _left_out(build: Build) -> tuple[int, int]:
    return build.manifest.simplified.constant_neurons, build.manifest.simplified.dead_neurons


def _layouts(inputs: str) -> list[str]:
    return ["free", "natural"] if inputs == "auto" else [inputs]


def _decided(build: Build) -> int:
    """Neurons that are computed and stand with another activation than the network's."""
    graph, layers = build.order.graph, build.network.dense
    kinds = [ACTIVATIONS[code] for code in graph.activation.tolist()]
    fed = np.bincount(graph.target, minlength=graph.nodes) > 0
    own = [(int(graph.layer[node]), node) for node in range(graph.inputs, graph.nodes) if fed[node]]
    twins = [(int(layer), int(node)) for layer, _, node in graph.twins.tolist()]
    return sum(kinds[node] is not layers[layer - 1].activation for layer, node in (*own, *twins))


def _batches(code: Code) -> int:
    """Runs of loads, or of stores, of one block, that nothing interrupts."""
    op, cell = code.ops, code.served.astype(np.int64)
    moves = np.flatnonzero(MOVES[op])
    kind = op[moves] + 2 * (cell[moves] < code.order.graph.inputs)
    return int(np.count_nonzero((np.diff(moves) > 1) | (np.diff(kind) != 0))) + bool(len(moves))


def _layers(code: Code) -> list[LayerEntry]:
    """Neurons, connections and moves of each layer; a value's moves count for the layer that it belongs to."""
    graph = code.order.graph
    count = int(graph.layer.max(initial=0)) + 1
    of_cell = np.concatenate((graph.layer, graph.layer[graph.outputs]))
    columns = [graph.layer, graph.layer[graph.target]]
    columns += [of_cell[code.served[code.ops == step]] for step in (Op.LOAD, Op.STORE)]
    counts = [np.bincount(column, minlength=count).tolist() for column in columns]
    return [LayerEntry(k, *each) for k, each in enumerate(zip(*counts))]


def _lines(trace: Trace) -> int:
    """Executed loads and stores of activations, however many words each moves."""
    return len(np.unique(trace.access_step[trace.access_region == REGIONS.index(Region.ACTIVATION)]))


def _instructions(image: Image, trace: Trace, isa: InstructionSet) -> int:
    """The lines of the emitter: instructions without entry and exit, a far address as one."""
    around = np.array([form.name in isa.frame or "[sp" in form.text for form in trace.forms], bool)[trace.form]
    around |= np.isin(trace.address, [*image.filled])
    top = np.array([form.name == "movt" for form in trace.forms], bool)[trace.form] & ~around
    return int(np.count_nonzero(~around) - 2 * np.count_nonzero(top))


def vectors_disagreement(build: Build, expected: F32) -> str:
    """Whether the test vectors are of declared inputs, both ends among them, and give what the order gives."""
    domain, vectors = build.network.domain, build.manifest.vectors
    made = test_inputs(build.network)
    with np.errstate(all="ignore"):
        told = np.asarray(np.isfinite(run_order(build.order, made)).all(axis=1))
    if len(vectors) != np.count_nonzero(told):
        return f"there are {len(vectors)} vectors, compile tells {np.count_nonzero(told)}"
    with np.errstate(over="ignore"):
        inputs = [np.array(vector.input, np.float32) for vector in vectors]
        outputs = [np.array(vector.output, np.float32) for vector in vectors]
        low, high = domain.low.astype(np.float32), domain.high.astype(np.float32)
    for i, (x, y) in enumerate(zip(inputs, outputs)):
        if not np.isfinite(x).all() or (domain.is_declared and not ((x >= low) & (x <= high)).all()):
            return f"vector {i} lies outside the declared inputs"
        if y.tobytes() != expected[i].tobytes():
            return f"vector {i} has other outputs"
    ends = [x.tobytes() for x, kept in zip(made[:2], told) if kept]
    if [x.tobytes() for x in inputs[: len(ends)]] != ends:
        return "the ends of the declared intervals are not among the first vectors"
    return ""
