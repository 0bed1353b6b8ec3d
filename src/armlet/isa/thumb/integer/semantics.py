"""What each instruction means to the proof of programs in integers: ARM DDI 0403, chapter A7, on linear forms.

An entry takes the operands as text and gives the step that they make. What sets the flags by its result says so: BNE,
which the prover itself executes, asks for them.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from armlet.integer.forms.bitwise import clear, either, exclusive, keep
from armlet.isa.instruction import Instruction
from armlet.isa.semantics import IntegerMachine, IntegerStep, RefusalError
from armlet.isa.thumb.integer.accesses import load_pair, load_part, store_pair, store_part
from armlet.isa.thumb.integer.addresses import add_byte, first_byte
from armlet.isa.thumb.integer.operands import Meaning, last_operand, one, shift, two
from armlet.isa.thumb.integer.products import PRODUCTS
from armlet.isa.thumb.moves import call, jump, listed, nothing
from armlet.isa.thumb.pointers import move, move_low, move_top
from armlet.isa.thumb.semantics import operands

_SIGNED = (-(1 << 31), (1 << 31) - 1)


@lru_cache(maxsize=1 << 16)
def compile_integer_step(form: Instruction) -> IntegerStep:
    """What one form of instruction does to a state. Raises `RefusalError` where that is not known."""
    parts, name = operands(form), "mov" if form.name == "movs" else form.name
    holds = len(parts) == 2 and parts[1].startswith("#")
    meaning = MEANINGS.get(f"{name} #8" if holds and form.size == 2 else name) or MEANINGS.get(name)
    if meaning is None:
        raise RefusalError("is unknown to the prover")
    try:
        return _flagging(meaning(parts), parts[0]) if form.flags and name != "cmp" else meaning(parts)
    except (ValueError, IndexError):
        raise RefusalError("has operands that are unknown to the prover") from None


def _flagging(step: IntegerStep, result: str) -> IntegerStep:
    def flagged(s: IntegerMachine, at: int) -> int | None:
        to = step(s, at)
        s.flag(s.get(result))
        return to

    return flagged


def _shifted(kind: str) -> Meaning:
    """LSL, LSR and ASR by a number."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, a, number = parts if len(parts) == 3 else [parts[0], *parts]
        by = int(number.removeprefix("#"), 0)

        def step(s: IntegerMachine, _: int) -> None:
            s.put(d, shift(s.terms, kind, s.get(a), by))

        return step

    return meaning


def _field(signed: bool) -> Meaning:
    """SBFX and UBFX."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, a = parts[:2]
        start, width = (int(part[1:], 0) for part in parts[2:])
        if start + width > 32:
            raise RefusalError("takes bits that no word has")

        def step(s: IntegerMachine, _: int) -> None:
            s.put(d, s.terms.field(s.terms.right(s.get(a), start, False), width, signed))

        return step

    return meaning


def _extended(bits: int, signed: bool) -> Meaning:
    """UXTB and its kin, of a register that is rotated by whole bytes or not."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, a, *turned = parts
        start = int(turned[0].removeprefix("ror #"), 0) if turned else 0
        if start + bits > 32:
            raise RefusalError("rotates what the prover does not follow")

        def step(s: IntegerMachine, _: int) -> None:
            s.put(d, s.terms.field(s.terms.right(s.get(a), start, False), bits, signed))

        return step

    return meaning


def _add_extended(bits: int) -> Meaning:
    """UXTAB and UXTAH: d := a and the lowest bits of b, which is rotated by whole bytes or not."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, a, b, *turned = parts
        start = int(turned[0].removeprefix("ror #"), 0) if turned else 0
        if start + bits > 32:
            raise RefusalError("rotates what the prover does not follow")

        def step(s: IntegerMachine, _: int) -> None:
            words = s.terms
            s.put(d, words.add(s.get(a), words.field(words.right(s.get(b), start, False), bits, False)))

        return step

    return meaning


def _two_bytes(parts: list[str]) -> IntegerStep:
    """SXTB16: two bytes of a register, rotated by whole bytes or not, as signed halves."""
    d, a, *turned = parts
    start = int(turned[0].removeprefix("ror #"), 0) if turned else 0
    if start + 24 > 32:
        raise RefusalError("rotates what the prover does not follow")

    def step(s: IntegerMachine, _: int) -> None:
        words = s.terms
        low, high = (words.field(words.right(s.get(a), start + k, False), 8, True) for k in (0, 16))
        s.put(d, words.add(words.field(low, 16, False), words.left(high, 16)))

    return step


def _clamp(signed: bool) -> Meaning:
    """SSAT and USAT."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, bits, second = parts[0], int(parts[1][1:], 0), last_operand(parts[2:])
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

        def step(s: IntegerMachine, _: int) -> None:
            s.put(d, s.terms.clip(second(s), low, high))

        return step

    return meaning


def _compare(parts: list[str]) -> IntegerStep:
    """CMP: the flags tell of the difference."""
    a, second = parts[0], last_operand(parts[1:])

    def step(s: IntegerMachine, _: int) -> None:
        s.flag(s.terms.subtract(s.get(a), second(s)))

    return step


MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "mov": lambda parts: move_low(parts) if parts[1].startswith("#") else move(parts),  # MOVW too
        "mov #8": first_byte,
        "movt": move_top,
        "mvn": one(lambda words, a: words.subtract(words.constant(-1), a)),
        "add": two(lambda words, a, b: words.add(a, b)),
        "add #8": add_byte,
        "addw": two(lambda words, a, b: words.add(a, b)),
        "sub": two(lambda words, a, b: words.subtract(a, b)),
        "subw": two(lambda words, a, b: words.subtract(a, b)),
        "rsb": two(lambda words, a, b: words.subtract(b, a)),
        "lsl": _shifted("lsl"),
        "lsr": _shifted("lsr"),
        "asr": _shifted("asr"),
        "and": two(keep),
        "bic": two(clear),
        "orr": two(either),
        "eor": two(exclusive),
        "cmp": _compare,
        "sbfx": _field(signed=True),
        "ubfx": _field(signed=False),
        "sxtb": _extended(8, signed=True),
        "uxtb": _extended(8, signed=False),
        "sxth": _extended(16, signed=True),
        "uxth": _extended(16, signed=False),
        "uxtab": _add_extended(8),
        "uxtah": _add_extended(16),
        "sxtb16": _two_bytes,
        "ssat": _clamp(signed=True),
        "usat": _clamp(signed=False),
        **PRODUCTS,
        "ldr": load_part(4, signed=False),
        "ldrd": load_pair,
        "ldrb": load_part(1, signed=False),
        "ldrh": load_part(2, signed=False),
        "ldrsb": load_part(1, signed=True),
        "ldrsh": load_part(2, signed=True),
        "str": store_part(4),
        "strb": store_part(1),
        "strh": store_part(2),
        "strd": store_pair,
        "ldm": listed(loads=True, stack=False),
        "stm": listed(loads=False, stack=False),
        "pop": listed(loads=True, stack=True),
        "push": listed(loads=False, stack=True),
        "bl": call,
        "b": jump,
        "bx": jump,
        "hint": nothing,
    }
)
