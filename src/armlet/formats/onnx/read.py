"""ONNX files to models: the graph to layers, and what it says of the inputs to their domain."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from armlet.errors import InputError
from armlet.formats.declaration import Declaration
from armlet.formats.model import Model, ModelLayer, Obstacle
from armlet.formats.onnx.builder import Builder, Draft
from armlet.formats.onnx.graph import Graph, GraphInput, read_graph, without_the_idle
from armlet.formats.onnx.metadata import declaration_of, kinds_of, read_metadata
from armlet.formats.onnx.values import Value
from armlet.formats.onnx.walk import walk
from armlet.network.domain import InputDomain, domain_of
from armlet.network.layers import Dense
from armlet.network.network import Network, natural_shape
from armlet.network.outputs import OutputKind
from armlet.network.shapes import Shape

_MOST_INPUTS = 1 << 20
_ROUNDING, _SMALLEST = 1e-6, 1e-37  # of a mean and std that were written as float32
_SAID_BY_THE_FILE = ("activation", "slope", "width", "layers")


def read_onnx(path: Path, declare: Declaration) -> Model:
    """The network of an ONNX file, and what was folded or left out. What is declared wins. Raises `InputError`."""
    for word in _SAID_BY_THE_FILE:
        if getattr(declare, word) is not None and any(getattr(declare, word)):
            raise InputError("--declare", f"says {word}, which {path} says itself", "leave it out")
    graph = read_graph(path)
    name = f"ONNX, opset {graph.opset}" + (f", by {graph.producer}" if graph.producer else "")
    taken, unread = _taken_inputs(graph)
    if len(taken) != 1:
        names = ", ".join(given.name for given in taken)[:80]
        obstacle = Obstacle(f"inputs {names}", f"a graph of {len(taken)} inputs", "join them into one row")
        return Model(name, None, obstacles=(obstacle,))
    graph = replace(graph, inputs=taken)
    if not graph.outputs:
        raise InputError(path, "names no output", "export the model again")
    metadata = read_metadata(path, graph.metadata)
    said = declare.over(declaration_of(metadata))
    shape, pinned, note = _pinned(path, graph.inputs[0], said)
    build = Builder(graph.opset, shape, pinned, kinds_of(metadata))
    if metadata and math.prod(metadata.shape) == math.prod(shape):
        build.shapes[0] = tuple(metadata.shape)
    for line in (*unread, *([note] if note else [])):
        build.note(line)
    walked = walk(path, graph, build)
    if walked.outputs is None:
        return Model(name, None, notes=tuple(build.notes), obstacles=walked.obstacles)
    drafts, wiring = _needed(build, walked.outputs)
    domain = _domain(path, declare, said, build)
    is_row = all(isinstance(draft.layer, Dense) for draft, sources in zip(drafts, wiring) if 0 in sources)
    kind = said.output or (OutputKind.SCORES if walked.is_scores else None)
    seen = (said.shape or _row(build.input_shape)) if is_row else build.shapes[0]
    if declare.shape not in (None, seen):
        raise InputError("--declare", f"says shape {declare.shape}, {path} says {seen}", "leave it out")
    try:
        network = Network(tuple(draft.layer for draft in drafts), domain, seen, {}, kind, wiring)
    except InputError as wrong:
        raise InputError(path, f"{wrong.source} {wrong.problem}", wrong.hint) from wrong
    _require_ends(path, said, network)
    layers = tuple(ModelLayer(draft.node, draft.operator, draft.stored) for draft in drafts)
    return Model(name, network, layers, tuple(build.notes))


def _taken_inputs(graph: Graph) -> tuple[tuple[GraphInput, ...], list[str]]:
    """The inputs on which an output depends, all where there is none, and a line on each of the others."""
    wanted = {*graph.outputs} | {name for node in without_the_idle(graph, graph.outputs) for name in node.inputs}
    taken = tuple(given for given in graph.inputs if given.name in wanted) or graph.inputs
    unread = [given.name[:80] for given in graph.inputs if given not in taken]
    return taken, [f"the input {name} is left out, no output depends on it" for name in unread]


def _pinned(path: Path, given: GraphInput, said: Declaration) -> tuple[Shape, int, str]:
    """The input's shape for one sample, the batch that the file says, and a line on what was done about it."""
    place, declared = f"{path}: input {given.name[:80]}", said.shape or ()
    extents = given.extents
    if extents is None or len(extents) < 1:
        if not declared:
            raise InputError(place, "has no shape", "declare shape=..., or export the model with one")
        extents = (1, *declared)
    rest = list(extents[1:])
    if len(extents) == 1 and isinstance(extents[0], str):
        raise InputError(place, "is a row of unknown length", "export the model with a batch of one row")
    if any(isinstance(extent, str) for extent in rest):
        if len(declared) != len(rest):
            shown = ", ".join(map(str, extents))
            raise InputError(place, f"has shape ({shown})", "declare shape=..., or export the model with fixed extents")
        rest = [known if isinstance(known, int) else extent for known, extent in zip(rest, declared)]
    batch = extents[0]
    shape = tuple(int(extent) for extent in ((1, *rest) if len(extents) > 1 else extents))
    if len(shape) > 8 or math.prod(shape) > _MOST_INPUTS:
        raise InputError(place, f"has {math.prod(shape)} values, armlet reads up to {_MOST_INPUTS}")
    if len(extents) == 1 or batch == 1:
        return shape, 1, ""
    note = f"the batch of input {given.name[:80]} ({batch}) is pinned to one"
    return shape, 1 if isinstance(batch, str) else batch, note


def _row(shape: Shape) -> Shape:
    """How a person sees the inputs of dense layers: an image where the file has its extents."""
    long = tuple(extent for extent in shape if extent > 1)
    return long if len(long) > 1 else natural_shape(math.prod(shape))


def _needed(build: Builder, outputs: Value) -> tuple[list[Draft], tuple[tuple[int, ...], ...]]:
    """The layers that the outputs come from, and their wiring."""
    wanted = {outputs.source}
    for number in range(len(build.drafts), 0, -1):
        if number in wanted:
            wanted |= {*build.drafts[number - 1].sources}
    kept = sorted(wanted - {0})
    renumbered = {0: 0, **{number: i + 1 for i, number in enumerate(kept)}}
    drafts = [build.drafts[number - 1] for number in kept]
    return drafts, tuple(tuple(renumbered[source] for source in draft.sources) for draft in drafts)


def _domain(path: Path, declare: Declaration, said: Declaration, build: Builder) -> InputDomain:
    """The inputs' domain: the normalisation that the file computes, and what is declared."""
    inputs = math.prod(build.input_shape)
    words = dict(said.domain)
    for word, values in words.items():
        if values is not None and np.size(values) not in (1, inputs):
            place = path if getattr(declare, word) is None else "--declare"
            raise InputError(place, f"{word} has {np.size(values)} values for {inputs} inputs", "give one for each")
    mean, std = build.normalisation or (np.zeros(inputs), np.ones(inputs))
    computes = bool((mean != 0).any() or (std != 1).any())
    for word, own in (("mean", mean), ("std", std)):
        is_near = words[word] is not None and np.allclose(np.ravel(words[word]), own, rtol=_ROUNDING, atol=_SMALLEST)
        if not is_near and computes and getattr(declare, word) is not None:
            raise InputError("--declare", f"says {word}, and {path} normalises its input itself", "leave it out")
        if not is_near and getattr(declare, word) is None:
            words[word] = own if computes else None
    if computes:
        build.note("the normalisation of the input in the file becomes the declared mean and std")
    try:
        return domain_of(inputs, **words)
    except InputError as wrong:
        by_flag = any(value is not None for value in declare.domain.values())
        raise InputError("--declare" if by_flag else path, f"{wrong.source} {wrong.problem}", wrong.hint) from wrong


def _require_ends(path: Path, said: Declaration, network: Network) -> None:
    ends = zip(("inputs", "outputs"), said.ends or (None, None), (network.inputs, network.outputs))
    for what, number, real in ends:
        if number not in (None, real):
            raise InputError("--declare", f"says {number} {what}, {path} has {real}")
