"""What a counted loop ends with: SUBS, or whatever else sets the flags by its result, and BNE back to its start."""

import re

from armlet.isa.instruction import Instruction


def repeats_from(form: Instruction) -> int | None:
    """Where BNE goes: it repeats what begins there while the flags tell of a word that is not zero.

    None for every other instruction, other conditions too.
    """
    if form.name != "b" or form.condition != "ne":
        return None
    target = re.fullmatch(r"bne(?:\.\w)? #(0x[0-9a-f]+)", form.text)
    return int(target[1], 16) if target else None


def branch_of(form: Instruction) -> tuple[bool, int] | None:
    """Of BEQ and BNE: whether it goes where the flags tell of zero, and where to. None for every other instruction."""
    if form.name != "b" or form.condition not in ("eq", "ne"):
        return None
    target = re.fullmatch(r"b(?:eq|ne)(?:\.\w)? #(0x[0-9a-f]+)", form.text)
    return (form.condition == "eq", int(target[1], 16)) if target else None
