"""What each instruction means to the prover, by mnemonic: ARM DDI 0403, chapter A7. A new one is one entry here.

An entry takes the operands as text and gives the step that they make.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from struct import pack, unpack
from types import MappingProxyType
from typing import TypeAlias

from armlet.isa.instruction import Instruction
from armlet.isa.semantics import RefusalError, Step, SymbolicMachine, Term
from armlet.isa.thumb.bits import clear, insert, keep
from armlet.isa.thumb.moves import call, jump, listed, load, nothing, store
from armlet.isa.thumb.pointers import address_sum, move, move_low, move_top

Meaning: TypeAlias = Callable[[list[str]], Step]

_TYPES = ("", "f32", "w")  # behind the mnemonic; halves, doubles and whole numbers mean something else
_WAITS = ("wf", "sev", "yield", "dbg")  # hints that are not NOP
_ALIASES = {"sb": "r9", "sl": "r10", "fp": "r11", "ip": "r12"}


@lru_cache(maxsize=1 << 16)
def compile_step(form: Instruction) -> Step:
    """What one form of instruction does to a state. Raises `RefusalError` where that is not known."""
    parts, meaning = operands(form), MEANINGS.get(form.name)
    if meaning is None:
        raise RefusalError("is unknown to the prover")
    try:
        return _flagging(meaning(parts), parts[0]) if form.flags else meaning(parts)
    except (ValueError, IndexError):
        raise RefusalError("has operands that are unknown to the prover") from None


def operands(form: Instruction) -> list[str]:
    """The operands of an instruction that always runs, as text. Raises `RefusalError` for every other."""
    if form.condition or form.name in ("it", "cbz", "cbnz", "tbb", "tbh"):
        raise RefusalError("runs under a condition")
    mnemonic, _, text = form.text.partition(" ")
    if mnemonic.partition(".")[2] not in _TYPES or mnemonic.startswith(_WAITS):
        raise RefusalError("is unknown to the prover")
    text = re.sub(r"\b(sb|sl|fp|ip)\b", lambda match: _ALIASES[match[1]], text)
    return [part.strip() for part in re.split(r",\s*(?![^\[{]*[\]}])", text)]


def _flagging(step: Step, result: str) -> Step:
    """As `step`, whose result decides the flags: Z where it is zero. Comparisons are unknown to the prover."""

    def flagged(s: SymbolicMachine, at: int) -> int | None:
        to = step(s, at)
        s.flag(s.get(result))
        return to

    return flagged


def _two(compute: Callable[[SymbolicMachine, Term, Term], Term]) -> Meaning:
    def meaning(parts: list[str]) -> Step:
        d, a, b = parts if len(parts) == 3 else [parts[0], *parts]

        def step(s: SymbolicMachine, _: int) -> None:
            s.put(d, compute(s, s.get(a), s.get(b)))

        return step

    return meaning


def _fused(parts: list[str]) -> Step:
    d, a, b = parts

    def step(s: SymbolicMachine, _: int) -> None:
        s.put(d, s.terms.fused(s.get(d), s.get(a), s.get(b)))

    return step


def _negate(parts: list[str]) -> Step:
    d, a = parts

    def step(s: SymbolicMachine, _: int) -> None:
        s.put(d, s.terms.negate(s.get(a)))

    return step


def _number(parts: list[str]) -> Step:
    """VMOV of a number that the instruction holds, which the decoder shows to the last digit."""
    d, number = parts
    (bits,) = unpack("<I", pack("<f", float(number.removeprefix("#"))))

    def step(s: SymbolicMachine, _: int) -> None:
        s.put(d, s.terms.constant(bits))

    return step


MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "vmul": _two(lambda s, a, b: s.terms.multiply(a, b)),
        "vadd": _two(lambda s, a, b: s.terms.add(a, b)),
        "vsub": _two(lambda s, a, b: s.terms.subtract(a, b)),
        "vfma": _fused,
        "vneg": _negate,
        "vmov": move,
        "fconsts": _number,
        "mov": lambda parts: move_low(parts) if parts[1].startswith("#") else move(parts),  # MOVW too
        "movt": move_top,
        "vdiv": _two(lambda s, a, b: s.terms.divide(a, b)),
        "bic": clear,
        "and": keep,
        "bfi": insert,
        "add": address_sum(1),
        "addw": address_sum(1),
        "sub": address_sum(-1),
        "subw": address_sum(-1),
        "ldr": load,
        "vldr": load,
        "str": store,
        "vstr": store,
        "ldm": listed(loads=True, stack=False),
        "vldmia": listed(loads=True, stack=False),
        "stm": listed(loads=False, stack=False),
        "vstmia": listed(loads=False, stack=False),
        "pop": listed(loads=True, stack=True),
        "vpop": listed(loads=True, stack=True),
        "push": listed(loads=False, stack=True),
        "vpush": listed(loads=False, stack=True),
        "bl": call,
        "b": jump,
        "bx": jump,
        "hint": nothing,
    }
)
