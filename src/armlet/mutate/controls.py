"""Negative controls: copies of the linked program with one wrong bit, which the same comparison must refuse.

A verifier that passes everything passes these too, and that is how it is found out. A corruption that can change no
output is no evidence: a weight of a neuron that stays at zero, or behind an activation that is saturated. So where the
first ones change nothing, others are searched for: in the instructions that write the outputs, where one always can; in
all weights, on the inputs on which the network's outputs differ most. How many were refused is part of the verdict.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from armlet.build import names
from armlet.build.read import Build
from armlet.isa.instruction_set import Corruption
from armlet.network.frozen import F32
from armlet.prove.bound import specified
from armlet.schedule.interpret import run_order
from armlet.simulate.machine import BUFFERS, MachineError
from armlet.simulate.runner import Runner
from armlet.simulate.trace import Trace
from armlet.toolchain.image import Image, Section

_TRIED = 8  # corruptions of each kind
_SEARCHED = 64  # constants, where those change nothing
_DRAWN = 256  # inputs that are looked through then
_EXPONENT_BIT = 23  # of a float32: doubles or halves a weight
_SIGN_BIT = 31
_HIGH_EXPONENT_BIT = 30  # the highest: makes a weight huge, or nearly nothing


@dataclass(frozen=True, slots=True)
class Control:
    """How many corrupted copies of one kind were refused."""

    kind: str
    tried: int
    refused: int


def negative_controls(
    build: Build, image: Image, traces: Mapping[str, Trace], inputs: F32, expected: F32
) -> tuple[Control, ...]:
    """Corrupt weights and executed instructions of `image`, run `inputs`, compare with `expected`."""
    core, run = traces[names.core_symbol(build.name)], traces[names.run_symbol(build.name)]
    isa = build.target.core.instruction_set
    weights = chain(
        _wrong_weights(build, image, _TRIED, (_EXPONENT_BIT,)),
        _wrong_instructions(image, core, isa.held_exponent),
    )
    weight = _tried(build, "weight", weights, inputs, expected)
    if weight.tried and not weight.refused:
        others = _wrong_weights(build, image, _SEARCHED, (_EXPONENT_BIT, _SIGN_BIT, _HIGH_EXPONENT_BIT))
        weight = _until_refused(build, weight, others, *_telling(build, inputs, expected))
    moved = _wrong_instructions(image, core, isa.destination)
    instruction = _tried(build, "instruction", moved, inputs, expected)
    if not instruction.refused:
        instruction = _until_refused(build, instruction, _wrong_writers(image, run), inputs, expected)
    return weight, instruction


def _tried(build: Build, kind: str, copies: Iterable[Image], inputs: F32, expected: F32) -> Control:
    refused = [_is_refused(build, copy, inputs, expected) for copy in copies]
    return Control(kind, len(refused), sum(refused))


def _until_refused(build: Build, before: Control, copies: Iterable[Image], inputs: F32, expected: F32) -> Control:
    """Go on with more copies until one is refused."""
    tried = before.tried
    for copy in copies:
        tried += 1
        if _is_refused(build, copy, inputs, expected):
            return Control(before.kind, tried, 1)
    return Control(before.kind, tried, 0)


def _telling(build: Build, inputs: F32, expected: F32) -> tuple[F32, F32]:
    """Inputs on which the declared order gives different outputs: where it is least saturated, if it is anywhere."""
    drawn = build.network.domain.draw(np.random.default_rng(0), _DRAWN).astype(np.float32)
    drawn = drawn[specified(build.network, drawn, build.scaling)]
    with np.errstate(all="ignore"):
        outputs = run_order(build.order, drawn)
    if not len(drawn):
        return inputs, expected
    _, first = np.unique(outputs, axis=0, return_index=True)
    rows = first[np.unique(np.linspace(0, len(first) - 1, len(inputs)).astype(int))]
    return np.concatenate((inputs, drawn[rows])), np.concatenate((expected, outputs[rows]))


def _is_refused(build: Build, image: Image, inputs: F32, expected: F32) -> bool:
    try:
        runner = Runner(build, image)
        return any(runner.run(x).tobytes() != y.tobytes() for x, y in zip(inputs, expected))
    except MachineError:
        return True


def _wrong_weights(build: Build, image: Image, most: int, bits: tuple[int, ...]) -> Iterator[Image]:
    """One bit of one constant each, spread over the pool."""
    symbol = names.constants_symbol(build.name)
    words = image.sizes.get(symbol, 0) // build.word
    if not words:
        return  # nothing is streamed
    start = image.address(symbol)
    section = next(s for s in image.sections if s.address <= start < s.end)
    for bit in bits:
        for word in np.unique(np.linspace(0, words - 1, min(most, words)).astype(int)).tolist():
            yield flip(image, section, start + build.word * word, bit)


def _wrong_writers(image: Image, trace: Trace) -> Iterator[Image]:
    """One bit of an instruction each that writes what the caller gets, the last one first."""
    text = image.section(".text")
    written = trace.access_store & (trace.access_address >= BUFFERS.base) & (trace.access_address < BUFFERS.end)
    for step in np.unique(trace.access_step[written])[::-1].tolist():
        for bit in range(8 * trace.forms[trace.form[step]].size):
            yield flip(image, text, int(trace.address[step]), bit)


def _wrong_instructions(image: Image, trace: Trace, wrong: Corruption) -> Iterator[Image]:
    """One executed instruction each with a wrong bit, spread over the run."""
    named = [form.name in wrong.mnemonics for form in trace.forms]
    chosen = np.flatnonzero(np.array(named, bool)[trace.form])
    text = image.section(".text")
    for at in np.unique(np.linspace(0, len(chosen) - 1, min(_TRIED, len(chosen))).astype(int)).tolist():
        yield flip(image, text, int(trace.address[chosen[at]]), wrong.bit)


def flip(image: Image, section: Section, address: int, bit: int) -> Image:
    """A copy of `image` with bit `bit`, counted from `address`, turned over."""
    content = bytearray(section.content)
    content[address - section.address + bit // 8] ^= 1 << bit % 8
    wrong = replace(section, content=bytes(content))
    return replace(image, sections=tuple(wrong if s is section else s for s in image.sections))
