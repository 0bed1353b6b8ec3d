"""The figures of a manifest of a build in single precision with windows worked out again, and its places."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from armlet.build import names
from armlet.build.bundle import test_inputs
from armlet.build.domain_entry import domain_entry
from armlet.build.floats.frame import entry_bytes, leave_bytes
from armlet.build.floats.manifest import FloatLayerEntry, float_network_entry, placed_planes_of
from armlet.build.floats.read import FloatBuild
from armlet.build.tensors.manifest import dropped_entry
from armlet.config import CompileOptions
from armlet.errors import InputError
from armlet.network.frozen import F32
from armlet.network.layers import Weighted, kind_of
from armlet.simulate.cycles import step_cycles
from armlet.simulate.figures import Figures
from armlet.simulate.trace import Trace
from armlet.tensors.floats.interpret import run_planes
from armlet.tensors.floats.planes import lifetimes, plan_planes
from armlet.toolchain.image import Image
from armlet.verify.manifest import first_difference, first_untrue, options_of


def float_settings_disagreement(build: FloatBuild) -> str:
    """What of the wishes to the compiler does not go with the build, in words; empty where all does."""
    manifest = build.manifest
    try:
        options = options_of(manifest.settings, CompileOptions)
    except InputError as wrong:
        return str(wrong)
    agrees = {
        "target": options.target == manifest.target,
        "dtype": options.dtype == manifest.dtype,
        "multiply_add": options.multiply_add == manifest.multiply_add,
        "flash": options.flash is None or manifest.memory.flash <= options.flash,
        "ram": options.ram is None or manifest.memory.ram <= options.ram,
        "entries": manifest.entries == [names.run_symbol(build.name), names.core_symbol(build.name)],
    }
    return first_untrue(agrees)


def float_vectors_disagreement(build: FloatBuild) -> str:
    """Whether the test vectors are those that compile makes, and give what the declared order gives."""
    x: F32 = test_inputs(build.network)
    y = run_planes(build.computed, build.arithmetic, x)
    told = np.isfinite(y).all(axis=1)
    wanted = list(zip(x[told].tolist(), y[told].tolist()))
    found = [(vector.input, vector.output) for vector in build.manifest.vectors]
    return "" if found == wanted else "they are not those that compile makes of this network"


def float_figures_disagreement(build: FloatBuild, image: Image, trace: Trace, figures: Mapping[str, Figures]) -> str:
    """The first figure of the manifest that is not the program's, in words; `trace` is of NAME_core."""
    return first_difference(_figures(build, image, trace, figures)) or _places_disagreement(build)


def _figures(
    build: FloatBuild, image: Image, trace: Trace, figures: Mapping[str, Figures]
) -> Iterator[tuple[str, object, object]]:
    """Each figure: its place, what the manifest says, and what it must be."""
    manifest, network, memory = build.manifest, build.network, build.manifest.memory
    yield "network", manifest.network, float_network_entry(network)
    yield "simplified", manifest.simplified, dropped_entry(network, build.computed)
    yield "domain", manifest.domain, domain_entry(network.domain)
    yield "memory.flash", memory.flash, memory.code + memory.constants
    yield "memory.ram", memory.ram, memory.block + memory.stack
    yield "memory.stack", memory.stack, figures[names.run_symbol(build.name)].stack_bytes
    yield "layers", [layer.layer for layer in manifest.layers], list(range(len(network.layers)))
    yield "kinds", [layer.kind for layer in manifest.layers], [kind_of(layer) for layer in network.layers]
    core = names.core_symbol(build.name)
    around = image.sizes[core] - sum(layer.bytes for layer in manifest.layers)
    floats = int(around != entry_bytes(build.target, 0) + leave_bytes(build.target, 0))
    yield "the layers' bytes", around, entry_bytes(build.target, floats) + leave_bytes(build.target, floats)
    counted = _counted(build, (image.address(core) & ~1) + entry_bytes(build.target, floats), trace)
    for layer, own in zip(manifest.layers, counted):
        yield f"layers[{layer.layer}]", (layer.instructions, layer.cycles), own
        yield f"layers[{layer.layer}].across and channels", _is_body(layer, network.layers[layer.layer]), True
    yield "instructions", manifest.instructions, sum(count for count, _ in counted)
    yield "cycles", manifest.cycles, sum(cycles for _, cycles in counted)


def _counted(build: FloatBuild, start: int, trace: Trace) -> list[tuple[int, int]]:
    """By layer, instructions that ran and their cycles."""
    at, cycles = trace.address.astype(np.int64) - start, step_cycles(trace, build.target.cycles)
    found, begin = list[tuple[int, int]](), 0
    for layer in build.manifest.layers:
        mine = (at >= begin) & (at < begin + layer.bytes)
        found.append((int(mine.sum()), int(cycles[mine].sum())))
        begin += layer.bytes
    return found


def _is_body(entry: FloatLayerEntry, layer: object) -> bool:
    """What cannot be worked out again must at least be possible."""
    if not isinstance(layer, Weighted):
        return entry.across == entry.channels == 0
    return min(entry.across, entry.channels) > 0 and entry.across * entry.channels < 32


def _places_disagreement(build: FloatBuild) -> str:
    """That tensors have the layouts of the network, live apart, and fill a block of the size and bound that is told."""
    manifest, network = build.manifest, build.computed
    plan, lives = plan_planes(network), lifetimes(network)
    for entry in manifest.values:
        placed = placed_planes_of(entry)
        if placed.layout != plan[entry.number] or entry.size != placed.layout.size:
            return f"value {entry.number} is laid out otherwise than its windows ask for"
        if (entry.first, entry.last) != lives[entry.number]:
            return f"value {entry.number} lives at other layers than declared"
    for one, other in combinations(manifest.values, 2):
        apart = one.start + one.size <= other.start or other.start + other.size <= one.start
        if not apart and one.first <= other.last and other.first <= one.last:
            return f"values {one.number} and {other.number} lie over each other, and live at one time"
    held = [sum(e.size for e in manifest.values if e.first <= k <= e.last) for k in range(len(network.layers))]
    for what, declared, wanted in (
        ("block", manifest.memory.block, max(entry.start + entry.size for entry in manifest.values)),
        ("bound", manifest.memory.bound, max(held)),
        ("peak", manifest.memory.peak, held.index(max(held))),
    ):
        if declared != wanted:
            return f"memory.{what} is declared {declared}, must be {wanted}"
    return ""
