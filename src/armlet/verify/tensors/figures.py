"""The figures of a manifest of a build for tensors worked out again, from its network, its text and what ran."""

from collections.abc import Iterator, Mapping

import numpy as np

from armlet.build import names
from armlet.build.domain_entry import domain_entry
from armlet.build.tensors.manifest import TensorLayerEntry, dropped_entry, tensor_network_entry
from armlet.build.tensors.read import TensorBuild
from armlet.integer.layers import IntegerConv, integer_kind_of
from armlet.simulate.cycles import step_cycles
from armlet.simulate.figures import Figures
from armlet.simulate.trace import Trace
from armlet.toolchain.image import Image
from armlet.verify.manifest import first_difference
from armlet.verify.tensors.places import places_disagreement
from armlet.verify.tensors.text import LayerCode, layer_codes

_MOST = 8  # sums that a body holds at once, each in two registers


def tensor_figures_disagreement(build: TensorBuild, image: Image, trace: Trace, figures: Mapping[str, Figures]) -> str:
    """The first figure of the manifest that is not the program's, in words; `trace` is of NAME_core."""
    problem = first_difference(_figures(build, image, trace, figures))
    return problem or places_disagreement(build.network, build.manifest)


def _figures(
    build: TensorBuild, image: Image, trace: Trace, figures: Mapping[str, Figures]
) -> Iterator[tuple[str, object, object]]:
    """Each figure: its place, what the manifest says, and what it must be."""
    manifest, network, memory = build.manifest, build.network, build.manifest.memory
    layers = range(len(network.layers))
    yield "network", manifest.network, tensor_network_entry(network)
    yield "domain", manifest.domain, domain_entry(network.domain)
    yield "simplified", manifest.simplified, dropped_entry(network, build.computed)
    yield "memory.flash", memory.flash, memory.code + memory.constants
    yield "memory.ram", memory.ram, memory.block + memory.stack
    yield "memory.stack", memory.stack, figures[names.run_symbol(build.name)].stack_bytes
    yield "layers", [layer.layer for layer in manifest.layers], [*layers]
    yield "kinds", [layer.kind for layer in manifest.layers], [integer_kind_of(layer) for layer in network.layers]
    codes = layer_codes(build.assembly, build.name, build.target)
    counted = _counted(build, image.address(names.core_symbol(build.name)) & ~1, trace, codes)
    for layer in manifest.layers:
        yield f"layers[{layer.layer}]", (layer.bytes, layer.lines, layer.cycles), counted.get(layer.layer, (0, 0, 0))
        yield f"layers[{layer.layer}].across and channels", _is_body(layer, network.layers[layer.layer]), True
    yield "instructions", manifest.instructions, sum(lines for _, lines, _ in counted.values())
    yield "cycles", manifest.cycles, sum(cycles for _, _, cycles in counted.values())


def _counted(
    build: TensorBuild, start: int, trace: Trace, codes: Mapping[int, LayerCode]
) -> Mapping[int, tuple[int, int, int]]:
    """By layer, bytes of code, lines that ran and their cycles. A line that goes back is two instructions."""
    at = trace.address.astype(np.int64) - start
    cycles = step_cycles(trace, build.target.cycles)
    back = np.array([form.name == "b" for form in trace.forms])[trace.form]
    found = dict[int, tuple[int, int, int]]()
    for layer, code in codes.items():
        mine = (at >= code.begin) & (at < code.end)
        extra = back | np.isin(at, [*code.second])
        found[layer] = code.end - code.begin, int((mine & ~extra).sum()), int(cycles[mine].sum())
    return found


def _is_body(entry: TensorLayerEntry, layer: object) -> bool:
    """What cannot be worked out again must at least be possible."""
    if not isinstance(layer, IntegerConv):
        return entry.across == entry.channels == 0
    return min(entry.across, entry.channels) > 0 and 2 * entry.across * entry.channels <= _MOST
