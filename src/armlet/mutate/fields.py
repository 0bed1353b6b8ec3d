"""Which bits of an instruction name its registers and which its numbers, found by turning each and decoding again.

No encoding is written down here: what a decoder reads, this takes apart, whatever the core.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

from armlet.errors import ToolchainError
from armlet.isa.instruction_set import Decoder

_NUMBER = re.compile(r"#-?[\w.]+(?:(?<=e)[+-]\d+)?")
_REGISTER = re.compile(r"\b([a-z]+\d+|s[bpl]|fp|ip|lr|pc)\b")
_LIST = re.compile(r"\{[^}]*\}")
_NUMBERED = {"sb": "r9", "sl": "r10", "fp": "r11", "ip": "r12", "sp": "r13", "lr": "r14", "pc": "r15"}


@dataclass(frozen=True, slots=True)
class Fields:
    """The bits of one instruction, counted from its first byte, by what turning one alone changes."""

    registers: tuple[int, ...]  # registers only, or what a register list holds
    numbers: tuple[int, ...]  # offsets, immediates, targets of branches
    operands: tuple[str, ...]  # the registers outside lists, in the order of the text
    places: Mapping[tuple[int, int], int]  # (operand, power of two) to the bit that adds it to the register's number

    def exchanges(self) -> tuple[tuple[int, ...], ...]:
        """Sets of bits that exchange two different registers when they are turned together."""
        found: set[tuple[int, ...]] = set()
        for a, b in permutations(range(len(self.operands)), 2):
            apart = _number(self.operands[a]) ^ _number(self.operands[b])
            powers = [1 << k for k in range(apart.bit_length()) if apart >> k & 1]
            bits = [self.places.get((operand, power)) for operand in (a, b) for power in powers]
            if bits and self.operands[a][0] == self.operands[b][0] and None not in bits:
                found.add(tuple(sorted(bit for bit in bits if bit is not None)))
        return tuple(sorted(found))


def find_fields(decoder: Decoder, code: bytes, address: int) -> Fields:
    """The fields of the instruction `code`, which stands at `address`."""
    text = read_one(decoder, code, address)
    registers: list[int] = []
    numbers: list[int] = []
    places: dict[tuple[int, int], int] = {}
    for bit in range(8 * len(code)):
        other = read_one(decoder, turned(code, (bit,)), address)
        if _without_registers(other) == _without_registers(text):
            registers.append(bit)
            _note_place(places, bit, _operands(text), _operands(other))
        elif _without_numbers(other) == _without_numbers(text):
            numbers.append(bit)
    return Fields(tuple(registers), tuple(numbers), _operands(text), places)


def read_one(decoder: Decoder, code: bytes, address: int) -> str:
    """The text of an instruction that takes all of `code`, empty where there is none."""
    try:
        form = next(decoder.decode(code, address), None)
    except ToolchainError:
        return ""
    return form.text if form is not None and form.size == len(code) else ""


def turned(code: bytes, bits: tuple[int, ...]) -> bytes:
    """`code` with some bits turned over."""
    content = bytearray(code)
    for bit in bits:
        content[bit // 8] ^= 1 << bit % 8
    return bytes(content)


def _without_registers(text: str) -> str:
    """Register lists count as one; numbers stand behind, since 0xb1 holds what looks like a register."""
    mnemonic, _, operands = text.partition(" ")
    outline = _REGISTER.sub("r", _LIST.sub("{}", _NUMBER.sub("#", operands)))
    return f"{mnemonic} {outline} {_NUMBER.findall(operands)}"


def _without_numbers(text: str) -> str:
    return _NUMBER.sub("#", text)


def _operands(text: str) -> tuple[str, ...]:
    _, _, operands = text.partition(" ")
    named: list[str] = _REGISTER.findall(_LIST.sub("", _NUMBER.sub("#", operands)))
    return tuple(_NUMBERED.get(name, name) for name in named)


def _note_place(places: dict[tuple[int, int], int], bit: int, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Keep a bit that adds to the number of one operand and leaves the others alone."""
    changed = [k for k, (a, b) in enumerate(zip(before, after)) if a != b]
    if len(changed) == 1 and before[changed[0]][0] == after[changed[0]][0]:
        power = _number(before[changed[0]]) ^ _number(after[changed[0]])
        if power.bit_count() == 1:
            places[changed[0], power] = bit


def _number(register: str) -> int:
    return int(re.sub(r"\D", "", register))
