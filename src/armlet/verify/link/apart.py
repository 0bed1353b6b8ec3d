"""The pieces of a program linked apart from each other: nothing may depend on what lies beside a section.

Each placement puts the sections in another order, with gaps, at addresses of the least alignment that they declare. The
bytes that the linker leaves must be the object's with the relocations filled in, as they are worked out here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from armlet.isa.core import Core
from armlet.isa.instruction_set import InstructionSet
from armlet.toolchain.image import Image
from armlet.verify.link.object import ALIGNMENT, Piece

_GAP = 1 << 16  # bytes between two pieces, at most


@dataclass(frozen=True, slots=True)
class Placement:
    """Where each piece goes, by its symbol."""

    address: Mapping[str, int]


def placements(pieces: Sequence[Piece], core: Core, count: int, seed: int) -> list[Placement]:
    """`count` ways of placing the pieces, no two of them beside each other, none better aligned than declared."""
    rng, found = np.random.default_rng(seed), list[Placement]()
    for _ in range(count):
        free = {True: core.ram.base, False: core.flash.base}
        address: dict[str, int] = {}
        for k in rng.permutation(len(pieces)).tolist():
            piece = pieces[k]
            start = free[is_variable := not piece.content] + int(rng.integers(1, _GAP))
            start += (ALIGNMENT - start) % (2 * ALIGNMENT)  # a whole word, and no double word
            address[piece.symbol], free[is_variable] = start, start + piece.size
        found.append(Placement(address))
    return found


def script_of(pieces: Sequence[Piece], placement: Placement) -> str:
    """The linker script that places the pieces so, and takes nothing else."""
    ordered = sorted(pieces, key=lambda piece: placement.address[piece.symbol])
    lines = [
        f"  {p.section} {placement.address[p.symbol]:#x}{'' if p.content else ' (NOLOAD)'} : {{ *({p.section}) }}"
        for p in ordered
    ]
    rest = "  /DISCARD/ : { *(.text) *(.data) *(.bss) *(.ARM.exidx*) *(.ARM.extab*) *(.comment) *(.note*) }"
    return "\n".join(["SECTIONS {", *lines, rest, "}", ""])


def misplaced(pieces: Sequence[Piece], image: Image, placement: Placement, isa: InstructionSet) -> str:
    """How `image` differs from the pieces put where `placement` says, in words; empty where it does not."""
    for piece in pieces:
        address = placement.address[piece.symbol]
        if piece.symbol in image.symbols and image.symbols[piece.symbol] != address:
            return f"{piece.symbol} is linked to {image.symbols[piece.symbol]:#x}, asked for was {address:#x}"
        section = next((s for s in image.sections if s.address <= address and address + piece.size <= s.end), None)
        if section is None:
            return f"{piece.section} is not linked whole"
        at = address - section.address
        if piece.content and section.content[at : at + piece.size] != filled(piece, placement, isa):
            return f"{piece.section} is linked to other bytes than its relocations give"
    return ""


def filled(piece: Piece, placement: Placement, isa: InstructionSet) -> bytes:
    """The bytes of a piece with its relocations filled in."""
    content, base = piece.content, placement.address[piece.symbol]
    for each in piece.relocations:
        content = isa.reading.relocate(content, each.offset, each.kind, placement.address[each.symbol], base)
    return content
