"""What instructions mean that move words between registers and memory, and control from place to place.

They ask nothing of the values that they move, so they mean the same to programs of every arithmetic.
"""

import re
from collections.abc import Callable

from armlet.isa.semantics import CoreMachine, CoreStep, RefusalError, Term


def _registers(text: str) -> list[str]:
    """The names in a register list; a D register is its two halves."""
    found: list[str] = []
    for name in re.findall(r"\w+", text):
        found += [f"s{2 * int(name[1:])}", f"s{2 * int(name[1:]) + 1}"] if re.fullmatch(r"d\d+", name) else [name]
    return found


def _address(text: list[str], moved: list[str]) -> Callable[[CoreMachine, int], tuple[int, Callable[[], None]]]:
    """[base, #offset], its write-back forms too: the address of the access of `moved`, and what updates the base."""
    match = re.fullmatch(r"\[(\w+)(?:, #(-?\w+))?\](!?)", text[0])
    if match is None or len(text) > 2:
        raise RefusalError("has an address that the prover does not know")
    base, offset, write_back = match[1], int(match[2] or "0", 0), bool(match[3])
    after = int(text[1][1:], 0) if len(text) == 2 else 0
    if (write_back or len(text) == 2) and base in moved:
        raise RefusalError(f"moves {base} and updates it")

    def find(s: CoreMachine, at: int) -> tuple[int, Callable[[], None]]:
        start = s.known(base)
        if write_back or after:
            return start + offset, lambda: s.move(base, offset + after)
        return start + offset, _stay

    return find


def _stay() -> None:
    """No base is updated."""


def load(parts: list[str]) -> CoreStep:
    """LDR and VLDR of words."""
    names = _registers(parts[0])
    find = _address(parts[1:], names)

    def step(s: CoreMachine, at: int) -> int | None:
        address, update = find(s, at)
        words = [s.load(address + 4 * k) for k in range(len(names))]
        update()
        return _fill(s, names, words)

    return step


def store(parts: list[str]) -> CoreStep:
    """STR and VSTR of words."""
    names = _registers(parts[0])
    find = _address(parts[1:], names)

    def step(s: CoreMachine, at: int) -> None:
        values = [s.get(name) for name in names]
        address, update = find(s, at)
        update()
        for k, value in enumerate(values):
            s.store(address + 4 * k, value)

    return step


def listed(loads: bool, stack: bool) -> Callable[[list[str]], CoreStep]:
    """Ascending lists: LDM, STM, VLDM, VSTM; on the stack PUSH and POP."""

    def meaning(parts: list[str]) -> CoreStep:
        base = "sp" if stack else parts[0].rstrip("!")
        names, update = _registers(parts[-1]), stack or parts[0].endswith("!")
        size = 4 * len(names)
        if not names or {"lr", "pc"} <= {*names} or "sp" in names:
            raise RefusalError("has a list that the architecture leaves unpredictable")
        if update and base in names:
            raise RefusalError(f"moves {base} and updates it")

        def step(s: CoreMachine, _: int) -> int | None:
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


def _fill(s: CoreMachine, names: list[str], words: list[Term]) -> int | None:
    """Loaded words to their registers; one that goes to the program counter is a jump."""
    to = None
    for name, word in zip(names, words):
        if name == "pc":
            to = s.target(word)
        else:
            s.put(name, word)
    return to


def call(parts: list[str]) -> CoreStep:
    """BL to a symbol that the linker filled in."""
    to = int(parts[0][1:], 0)

    def step(s: CoreMachine, at: int) -> int:
        if s.known("sp") % 8:
            raise RefusalError("calls with a stack that is not aligned to 8 bytes")
        if not s.is_linked_call(at, to):
            raise RefusalError("calls what the linker was not told of")
        s.put("lr", s.terms.pointer(at + 4 | 1))
        return to

    return step


def jump(parts: list[str]) -> CoreStep:
    """B and BX."""
    if parts[0].startswith("#"):
        to = int(parts[0][1:], 0)
        return lambda s, at: to
    return lambda s, at: s.target(s.get(parts[0]))


def nothing(parts: list[str]) -> CoreStep:
    """Hints."""
    return lambda s, at: None
