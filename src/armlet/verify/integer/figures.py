"""The figures of a manifest of a build in integers worked out again, from its network and from what ran.

How the lines of NAME_core divide among the layers cannot be seen in what ran: of that, the sums are held to it.
"""

import re
from collections.abc import Iterator, Mapping

from armlet.build import names
from armlet.build.domain_entry import domain_entry
from armlet.build.integer.bundle import integer_test_inputs
from armlet.build.integer.manifest import IntegerLayerEntry, network_entry, simplified_entry
from armlet.build.integer.read import IntegerBuild
from armlet.build.tensors.read import TensorBuild
from armlet.config import IntegerCompileOptions
from armlet.errors import InputError
from armlet.integer.formats import I64
from armlet.integer.simplify import simplify_integers
from armlet.isa.integer_operation import IntegerOperation
from armlet.simulate.figures import Figures
from armlet.simulate.trace import Trace
from armlet.verify.integer.text import connecting_operations, frame_of
from armlet.verify.manifest import first_difference, first_untrue, options_of


def integer_settings_disagreement(build: IntegerBuild | TensorBuild) -> str:
    """What of the wishes to the compiler does not go with the build, in words; empty where all does."""
    manifest = build.manifest
    try:
        options = options_of(manifest.settings, IntegerCompileOptions)
    except InputError as wrong:
        return str(wrong)
    agrees = {
        "target": options.target == manifest.target,
        "flash": options.flash is None or manifest.memory.flash <= options.flash,
        "ram": options.ram is None or manifest.memory.ram <= options.ram,
        "outputs": options.outputs != "argmax" or build.network.argmax is not None,
        "entries": manifest.entries == [names.run_symbol(build.name), names.core_symbol(build.name)],
    }
    return first_untrue(agrees)


def integer_vectors_disagreement(build: IntegerBuild | TensorBuild, expected: I64) -> str:
    """Whether the test vectors are those that compile makes, and give what the network gives."""
    vectors, inputs = build.manifest.vectors, integer_test_inputs(build.network)
    if [vector.input for vector in vectors] != inputs.tolist():
        return "they are not those that compile makes of this network"
    wrong = [i for i, vector in enumerate(vectors) if vector.output != expected[i].tolist()]
    return f"vector {wrong[0]} has other outputs" if wrong else ""


def integer_figures_disagreement(build: IntegerBuild, trace: Trace, figures: Mapping[str, Figures]) -> str:
    """The first figure of the manifest that is not the program's, in words; `trace` is of NAME_core."""
    return first_difference(_figures(build, trace, figures))


def _figures(build: IntegerBuild, trace: Trace, figures: Mapping[str, Figures]) -> Iterator[tuple[str, object, object]]:
    """Each figure: its place, what the manifest says, and what it must be."""
    manifest, network, memory = build.manifest, build.network, build.manifest.memory
    run, core = figures[names.run_symbol(build.name)], figures[names.core_symbol(build.name)]
    placed = sum(value.place == "memory" for value in build.inputs.values)
    yield "network", manifest.network, network_entry(network, placed)
    yield "domain", manifest.domain, domain_entry(network.domain)
    yield "simplified", manifest.simplified, simplified_entry(simplify_integers(network))
    yield "memory.block", memory.block, build.inputs.block
    yield "memory.inputs", memory.inputs, build.inputs.inputs
    yield "memory.flash", memory.flash, memory.code + memory.constants
    yield "memory.ram", memory.ram, memory.block + memory.stack
    yield "memory.stack", memory.stack, run.stack_bytes
    yield "instructions", manifest.instructions, _instructions(build, trace)
    yield "layers", [layer.layer for layer in manifest.layers], list(range(len(network.dense)))
    yield "the layers' lines", sum(layer.lines for layer in manifest.layers), manifest.instructions
    yield "the layers' loads", sum(layer.loads for layer in manifest.layers), core.loads.activation
    yield "the layers' stores", sum(layer.stores for layer in manifest.layers), core.stores.activation
    yield "the layers' constant loads", sum(layer.constant_loads for layer in manifest.layers), core.loads.weight
    told = connecting_operations(build.assembly, build.name, build.target)
    for layer in manifest.layers:
        yield f"layers[{layer.layer}].operations", layer.operations, told.get(layer.layer, {})
    yield "layers[0].words", manifest.layers[0].words, build.inputs.inputs // build.target.core.word
    yield "the figures of a layer", all(map(_possible, manifest.layers)), True


def _possible(layer: IntegerLayerEntry) -> bool:
    """What cannot be worked out again must at least be possible."""
    named = re.fullmatch(r"[a-z0-9-]{1,40}", layer.scheme) is not None
    least = min(layer.words, layer.lines, layer.loads, layer.stores, layer.constant_loads)
    return named and least >= 0 and sum(layer.operations.values()) <= layer.lines


def _instructions(build: IntegerBuild, trace: Trace) -> int:
    """Executed lines between entry and exit; an address that the linker fills is one line."""
    core = build.assembly.partition(f"{names.core_symbol(build.name)}:\n")[2].partition("  .size")[0]
    enter, leave = frame_of(build.target, core.split("\n"))
    address = build.target.templates[IntegerOperation.ADDRESS].text
    addresses = core.count(names.constants_symbol(build.name)) // address.count("{symbol}")
    repeats = sum(count for name, count in trace.counts().items() if name == "b")  # a line with the count before it
    return trace.instructions - (len(enter) + len(leave)) - addresses * address.count("\n") - repeats
