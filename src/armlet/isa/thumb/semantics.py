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
from armlet.isa.thumb.pointers import address_sum, move, move_low, move_top

Meaning: TypeAlias = Callable[[list[str]], Step]

_TYPES = ("", "f32", "w")  # behind the mnemonic; halves, doubles and whole numbers mean something else
_WAITS = ("wf", "sev", "yield", "dbg")  # hints that are not NOP
_ALIASES = {"sb": "r9", "sl": "r10", "fp": "r11", "ip": "r12"}


@lru_cache(maxsize=1 << 16)
def compile_step(form: Instruction) -> Step:
    """What one form of instruction does to a state. Raises `RefusalError` where that is not known."""
    if form.condition or form.name in ("it", "cbz", "cbnz", "tbb", "tbh"):
        raise RefusalError("runs under a condition")
    meaning = MEANINGS.get(form.name)
    if meaning is None:
        raise RefusalError("is unknown to the prover")
    mnemonic, _, text = form.text.partition(" ")
    if mnemonic.partition(".")[2] not in _TYPES or mnemonic.startswith(_WAITS):
        raise RefusalError("is unknown to the prover")
    text = re.sub(r"\b(sb|sl|fp|ip)\b", lambda match: _ALIASES[match[1]], text)
    try:
        parts = [part.strip() for part in re.split(r",\s*(?![^\[{]*[\]}])", text)]
        return _flagging(meaning(parts), parts[0]) if form.flags else meaning(parts)
    except (ValueError, IndexError):
        raise RefusalError("has operands that are unknown to the prover") from None


def _flagging(step: Step, result: str) -> Step:
    """As `step`, whose result decides the flags: Z where it is zero. Comparisons are unknown to the prover."""

    def flagged(s: SymbolicMachine, at: int) -> int | None:
        to = step(s, at)
        s.flag(s.get(result))
        return to

    return flagged


def _registers(text: str) -> list[str]:
    """The names in a register list; a D register is its two halves."""
    found: list[str] = []
    for name in re.findall(r"\w+", text):
        found += [f"s{2 * int(name[1:])}", f"s{2 * int(name[1:]) + 1}"] if re.fullmatch(r"d\d+", name) else [name]
    return found


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


def _address(text: list[str], moved: list[str]) -> Callable[[SymbolicMachine, int], tuple[int, Callable[[], None]]]:
    """[base, #offset], its write-back forms too: the address of the access of `moved`, and what updates the base."""
    match = re.fullmatch(r"\[(\w+)(?:, #(-?\w+))?\](!?)", text[0])
    if match is None or len(text) > 2:
        raise RefusalError("has an address that the prover does not know")
    base, offset, write_back = match[1], int(match[2] or "0", 0), bool(match[3])
    after = int(text[1][1:], 0) if len(text) == 2 else 0
    if (write_back or len(text) == 2) and base in moved:
        raise RefusalError(f"moves {base} and updates it")

    def find(s: SymbolicMachine, at: int) -> tuple[int, Callable[[], None]]:
        start = s.known(base)
        if write_back or after:
            return start + offset, lambda: s.move(base, offset + after)
        return start + offset, _stay

    return find


def _stay() -> None:
    """No base is updated."""


def _load(parts: list[str]) -> Step:
    names = _registers(parts[0])
    find = _address(parts[1:], names)

    def step(s: SymbolicMachine, at: int) -> int | None:
        address, update = find(s, at)
        words = [s.load(address + 4 * k) for k in range(len(names))]
        update()
        return _fill(s, names, words)

    return step


def _store(parts: list[str]) -> Step:
    names = _registers(parts[0])
    find = _address(parts[1:], names)

    def step(s: SymbolicMachine, at: int) -> None:
        values = [s.get(name) for name in names]
        address, update = find(s, at)
        update()
        for k, value in enumerate(values):
            s.store(address + 4 * k, value)

    return step


def _listed(loads: bool, stack: bool) -> Meaning:
    """Ascending lists: LDM, STM, VLDM, VSTM; on the stack PUSH and POP."""

    def meaning(parts: list[str]) -> Step:
        base = "sp" if stack else parts[0].rstrip("!")
        names, update = _registers(parts[-1]), stack or parts[0].endswith("!")
        size = 4 * len(names)
        if not names or {"lr", "pc"} <= {*names} or "sp" in names:
            raise RefusalError("has a list that the architecture leaves unpredictable")
        if update and base in names:
            raise RefusalError(f"moves {base} and updates it")

        def step(s: SymbolicMachine, _: int) -> int | None:
            down = stack and not loads
            start = s.known(base) - (size if down else 0)
            places = range(start, start + size, 4)
            moved = [s.load(place) for place in places] if loads else [s.get(name) for name in names]
            if update:
                s.move(base, -size if down else size)
            if loads:
                return _fill(s, names, moved)
            for place, value in zip(places, moved):
                s.store(place, value)
            return None

        return step

    return meaning


def _fill(s: SymbolicMachine, names: list[str], words: list[Term]) -> int | None:
    """Loaded words to their registers; one that goes to the program counter is a jump."""
    to = None
    for name, word in zip(names, words):
        if name == "pc":
            to = s.target(word)
        else:
            s.put(name, word)
    return to


def _call(parts: list[str]) -> Step:
    to = int(parts[0][1:], 0)

    def step(s: SymbolicMachine, at: int) -> int:
        if s.known("sp") % 8:
            raise RefusalError("calls with a stack that is not aligned to 8 bytes")
        if not s.is_linked_call(at, to):
            raise RefusalError("calls what the linker was not told of")
        s.put("lr", s.terms.pointer(at + 4 | 1))
        return to

    return step


def _jump(parts: list[str]) -> Step:
    if parts[0].startswith("#"):
        to = int(parts[0][1:], 0)
        return lambda s, at: to
    return lambda s, at: s.target(s.get(parts[0]))


def _nothing(parts: list[str]) -> Step:
    return lambda s, at: None


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
        "ldr": _load,
        "vldr": _load,
        "str": _store,
        "vstr": _store,
        "ldm": _listed(loads=True, stack=False),
        "vldmia": _listed(loads=True, stack=False),
        "stm": _listed(loads=False, stack=False),
        "vstmia": _listed(loads=False, stack=False),
        "pop": _listed(loads=True, stack=True),
        "vpop": _listed(loads=True, stack=True),
        "push": _listed(loads=False, stack=True),
        "vpush": _listed(loads=False, stack=True),
        "bl": _call,
        "b": _jump,
        "bx": _jump,
        "hint": _nothing,
    }
)
