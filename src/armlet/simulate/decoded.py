"""All instructions of a linked program, decoded once: for each address the form that stands there."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InvariantError
from armlet.isa.core import Core
from armlet.isa.instruction import Instruction
from armlet.isa.instruction_set import Decoder, InstructionSet
from armlet.toolchain.image import Image


@dataclass(frozen=True, slots=True, eq=False)
class DecodedProgram:
    """The code of an image. Literals between instructions are no part of it."""

    isa: InstructionSet
    base: int  # address of .text
    forms: tuple[Instruction, ...]
    form_at: NDArray[np.int32]  # (halfwords of .text,) index into forms where an instruction starts, else -1
    guarded: Mapping[int, str]  # address of each access that an IT block may skip, and its condition

    def holds(self, addresses: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `addresses` lie in .text."""
        return (addresses >= self.base) & (addresses < self.base + 2 * len(self.form_at))

    def addresses(self, address: int, size: int) -> NDArray[np.int64]:
        """Where the instructions in a run of `size` bytes start."""
        first = (address - self.base) // 2
        slots = np.flatnonzero(self.form_at[first : first + size // 2] >= 0) + first
        if not len(slots) or slots[0] != first:
            raise InvariantError(f"the run entered {address:#010x}, where no instruction was decoded")
        return self.base + 2 * slots.astype(np.int64)


def decode_program(core: Core, image: Image, decoder: Decoder | None = None) -> DecodedProgram:
    """Decode every code range of `image`; a `decoder` kept from before spares taking apart what it knows.

    Raises `ToolchainError` at bytes that are no instruction.
    """
    text = image.section(".text")
    form_at = np.full((text.size + 1) // 2, -1, np.int32)
    forms: dict[int, int] = {}  # by identity: the decoder gives one value for one text
    kept: list[Instruction] = []
    guarded: dict[int, str] = {}
    decoder = decoder or core.decoder()
    for start, end in image.code:
        at = start
        for form in decoder.decode(text.content[start - text.address : end - text.address], start):
            if id(form) not in forms:
                forms[id(form)] = len(kept)
                kept.append(form)
            form_at[(at - text.address) // 2] = forms[id(form)]
            if form.condition and form.moved:
                guarded[at] = form.condition
            at += form.size
    return DecodedProgram(core.instruction_set, text.address, tuple(kept), form_at, MappingProxyType(guarded))
