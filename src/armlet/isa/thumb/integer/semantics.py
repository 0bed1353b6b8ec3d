"""What each instruction means to the proof of programs in integers: ARM DDI 0403, chapter A7, on linear forms.

An entry takes the operands as text and gives the step that they make. What sets the flags by its result says so: BNE,
which the prover itself executes, asks for them.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from armlet.integer.forms.words import Words
from armlet.isa.instruction import Instruction
from armlet.isa.semantics import IntegerMachine, IntegerStep, RefusalError, Term
from armlet.isa.thumb.integer.accesses import load_pair, load_part, store_part
from armlet.isa.thumb.integer.addresses import add_byte, first_byte
from armlet.isa.thumb.moves import call, jump, listed, nothing
from armlet.isa.thumb.pointers import move, move_low, move_top
from armlet.isa.thumb.semantics import operands

Meaning: TypeAlias = Callable[[list[str]], IntegerStep]
Second: TypeAlias = Callable[[IntegerMachine], Term]

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
        return _flagging(meaning(parts), parts[0]) if form.flags else meaning(parts)
    except (ValueError, IndexError):
        raise RefusalError("has operands that are unknown to the prover") from None


def _flagging(step: IntegerStep, result: str) -> IntegerStep:
    def flagged(s: IntegerMachine, at: int) -> int | None:
        to = step(s, at)
        s.flag(s.get(result))
        return to

    return flagged


def _known(term: Term | None) -> Term:
    if term is None:
        raise RefusalError("makes of what depends on data what the prover does not know")
    return term


def _shift(words: Words, kind: str, a: Term, by: int) -> Term:
    match kind:
        case "lsl":
            return words.left(a, by)
        case "lsr":
            return words.right(a, by, False)
        case "asr":
            return words.scale_down(a, by)
        case _:
            raise RefusalError("shifts in a way that the prover does not know")


def _second(parts: list[str]) -> Second:
    """The last operand: a number, a register, or a register and how it is shifted."""
    if parts[0].startswith("#"):
        bits = int(parts[0][1:], 0)
        return lambda s: s.terms.constant(bits)
    name, *shift = parts
    if not shift:
        return lambda s: s.get(name)
    (text,) = shift
    kind, by = text.split()
    number = int(by[1:], 0)
    return lambda s: _shift(s.terms, kind, s.get(name), number)


def _two(compute: Callable[[Words, Term, Term], Term | None]) -> Meaning:
    """d := a and the last operand, where d is a if there is but one more."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, *rest = parts
        if len(rest) == 1 or " " in rest[1]:
            rest = [d, *rest]
        a, second = rest[0], _second(rest[1:])

        def step(s: IntegerMachine, _: int) -> None:
            s.put(d, _known(compute(s.terms, s.get(a), second(s))))

        return step

    return meaning


def _one(compute: Callable[[Words, Term], Term]) -> Meaning:
    """d := what is made of the last operand."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, second = parts[0], _second(parts[1:])

        def step(s: IntegerMachine, _: int) -> None:
            s.put(d, compute(s.terms, second(s)))

        return step

    return meaning


def _shifted(kind: str) -> Meaning:
    """LSL, LSR and ASR by a number."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, a, number = parts if len(parts) == 3 else [parts[0], *parts]
        by = int(number.removeprefix("#"), 0)

        def step(s: IntegerMachine, _: int) -> None:
            s.put(d, _shift(s.terms, kind, s.get(a), by))

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
        d, bits, second = parts[0], int(parts[1][1:], 0), _second(parts[2:])
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

        def step(s: IntegerMachine, _: int) -> None:
            s.put(d, s.terms.clip(second(s), low, high))

        return step

    return meaning


def _product(words: Words, a: Term, b: Term, halves: str) -> Term:
    """The signed product of a half of a and a half of b, each the top one or the bottom one."""
    one, two = (words.right(x, 16, True) if h == "t" else words.field(x, 16, True) for x, h in zip((a, b), halves))
    return _known(words.multiply(one, two))


def _products(*halves: str, added: int = 1) -> Meaning:
    """Sums of products; `added` is 1 or -1 for those that are added to or taken from a fourth operand, 0 for none."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, a, b = parts[:3]
        before = parts[3] if added else ""
        if len(parts) != (4 if added else 3):
            raise RefusalError("is unknown to the prover")

        def step(s: IntegerMachine, _: int) -> None:
            words, one, two = s.terms, s.get(a), s.get(b)
            total = s.get(before) if added else words.constant(0)
            for each in halves:
                product = _product(words, one, two, each) if each else _known(words.multiply(one, two))
                total = words.subtract(total, product) if added < 0 else words.add(total, product)
            s.put(d, total)

        return step

    return meaning


def _high(added: int) -> Meaning:
    return _two(lambda words, a, b: words.multiply_high(a, b, added))


_PRODUCTS = {f"smla{halves}": _products(halves) for halves in ("bb", "bt", "tb", "tt")}
_PRODUCTS |= {f"smul{halves}": _products(halves, added=0) for halves in ("bb", "bt", "tb", "tt")}

MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "mov": lambda parts: move_low(parts) if parts[1].startswith("#") else move(parts),  # MOVW too
        "mov #8": first_byte,
        "movt": move_top,
        "mvn": _one(lambda words, a: words.subtract(words.constant(-1), a)),
        "add": _two(lambda words, a, b: words.add(a, b)),
        "add #8": add_byte,
        "addw": _two(lambda words, a, b: words.add(a, b)),
        "sub": _two(lambda words, a, b: words.subtract(a, b)),
        "subw": _two(lambda words, a, b: words.subtract(a, b)),
        "rsb": _two(lambda words, a, b: words.subtract(b, a)),
        "lsl": _shifted("lsl"),
        "lsr": _shifted("lsr"),
        "asr": _shifted("asr"),
        "and": _two(lambda words, a, b: words.keep(a, b)),
        "bic": _two(lambda words, a, b: words.clear(a, b)),
        "orr": _two(lambda words, a, b: words.either(a, b)),
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
        "mul": _two(lambda words, a, b: words.multiply(a, b)),
        "mla": _products(""),
        "mls": _products("", added=-1),
        "smlad": _products("bb", "tt"),
        "smuad": _products("bb", "tt", added=0),
        "smmul": _high(0),
        "smmulr": _high(1 << 31),
        **_PRODUCTS,
        "ldr": load_part(4, signed=False),
        "ldrd": load_pair,
        "ldrb": load_part(1, signed=False),
        "ldrh": load_part(2, signed=False),
        "ldrsb": load_part(1, signed=True),
        "ldrsh": load_part(2, signed=True),
        "str": store_part(4),
        "strb": store_part(1),
        "strh": store_part(2),
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
