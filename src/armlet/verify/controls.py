"""Negative controls: copies of the linked program with one wrong bit, which the same comparison must refuse.

A verifier that passes everything passes these too, and that is how it is found out. Some corruptions change no output
(a weight of a neuron that stays at zero on these inputs), so several are tried and at least one must be refused;
how many were is part of the verdict.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from armlet.emit import names
from armlet.network.frozen import F32
from armlet.verify.build import Build
from armlet.verify.image import Image, Section
from armlet.verify.machine import MachineError
from armlet.verify.runner import Runner
from armlet.verify.trace import Trace

_TRIED = 8  # corruptions of each kind
_WITH_DESTINATION = frozenset(["vmul", "vadd", "vsub", "vfma", "vldmia", "vldr", "vstr", "vstmia"])
_WITH_NUMBER = frozenset(["fconsts"])
_DESTINATION_BIT = 6  # D, the lowest bit of Sd, in the first halfword (ARM DDI 0403, section A6.5)
_EXPONENT_BIT = 23  # of a float32: doubles or halves a weight
_HELD_EXPONENT_BIT = 0  # the same of a number that VMOV holds, in imm4H of the first halfword (the same, A6.4.1)


@dataclass(frozen=True, slots=True)
class Control:
    """How many corrupted copies of one kind were refused."""

    kind: str
    tried: int
    refused: int


def negative_controls(build: Build, image: Image, trace: Trace, inputs: F32, expected: F32) -> tuple[Control, ...]:
    """Corrupt weights and executed instructions of `image`, run `inputs`, compare with `expected`."""
    held = _wrong_instructions(image, trace, _WITH_NUMBER, _HELD_EXPONENT_BIT)
    moved = _wrong_instructions(image, trace, _WITH_DESTINATION, _DESTINATION_BIT)
    kinds = {"weight": chain(_wrong_weights(build, image), held), "instruction": moved}
    found: list[Control] = []
    for kind, copies in kinds.items():
        refused = [_is_refused(build, copy, inputs, expected) for copy in copies]
        found.append(Control(kind, len(refused), sum(refused)))
    return tuple(found)


def _is_refused(build: Build, image: Image, inputs: F32, expected: F32) -> bool:
    try:
        runner = Runner(build, image)
        return any(runner.run(x).tobytes() != y.tobytes() for x, y in zip(inputs, expected))
    except MachineError:
        return True


def _wrong_weights(build: Build, image: Image) -> Iterator[Image]:
    """One bit of one constant each, spread over the pool."""
    start = image.address(names.constants_symbol(build.name))
    section = next((s for s in image.sections if s.address <= start < s.end), None)
    if section is None:
        return  # nothing is streamed
    words = (section.end - start) // 4
    for word in np.unique(np.linspace(0, words - 1, min(_TRIED, words)).astype(int)).tolist():
        yield flip(image, section, start + 4 * word, _EXPONENT_BIT)


def _wrong_instructions(image: Image, trace: Trace, forms: frozenset[str], bit: int) -> Iterator[Image]:
    """Bit `bit` of one executed instruction each, one of `forms`, spread over the run."""
    named = [form.name in forms for form in trace.forms]
    chosen = np.flatnonzero(np.array(named, bool)[trace.form])
    text = image.section(".text")
    for at in np.unique(np.linspace(0, len(chosen) - 1, min(_TRIED, len(chosen))).astype(int)).tolist():
        yield flip(image, text, int(trace.address[chosen[at]]), bit)


def flip(image: Image, section: Section, address: int, bit: int) -> Image:
    """A copy of `image` with bit `bit`, counted from `address`, turned over."""
    content = bytearray(section.content)
    content[address - section.address + bit // 8] ^= 1 << bit % 8
    wrong = replace(section, content=bytes(content))
    return replace(image, sections=tuple(wrong if s is section else s for s in image.sections))
