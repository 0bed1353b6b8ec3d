"""Machine code to what the counters must know of each instruction, by Capstone, which knows nothing of our emitter.

Registers are sets in one integer: bit i for core register i, bit 16 + i for S register i, both halves for a D register.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import capstone

from armlet.errors import ToolchainError
from armlet.isa.core import Core
from armlet.isa.instruction import Instruction

PC = 15
_SP = 1 << 13


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NAMES = {f"r{i}": i for i in range(13)} | {"sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14, "pc": PC}
_MODE = (capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
_WIDTHS = {"ldrb": 1, "ldrsb": 1, "strb": 1, "ldrh": 2, "ldrsh": 2, "strh": 2, "tbb": 1, "tbh": 2}
_STORES = _words("str strb strh strd stm stmdb push vstr vstmia vstmdb vpush")
_LOADS = _words("ldr ldrb ldrh ldrsb ldrsh ldrd ldm ldmdb pop vldr vldmia vldmdb vpop tbb tbh")
_FLOAT_LISTS = _words("vldmia vldmdb vstmia vstmdb vpush vpop")
_CORE_LISTS = _words("ldm ldmdb stm stmdb pop push")
_WRITES_NONE = _words("cmp cmn tst teq vcmp vcmpe it b bl bx blx cbz cbnz hint dsb dmb isb vmsr fmstat")
_WRITES_TWO = _words("umull smull umlal smlal umaal smlald smlaldx")
_KEEPS_OLD = _words("vmla vmls vnmla vnmls vfma vfms vfnma vfnms umlal smlal umaal smlald movt bfi")
_TWO_OPERANDS = _words("add sub and bic orr eor adc sbc mul lsl lsr asr ror")  # the first is read too
# Bits that must be zero, which Capstone overlooks: in round brackets in ARM DDI 0403, A5.3 and A7.7.
_RESERVED = (  # which bits tell the kind, what they are there, and the bits that must be zero
    (0xFE00_0000, 0xEA00_0000, 0x0000_8000),  # data processing with a register that is shifted, A5.3.11
    (0xFB00_8000, 0xF300_0000, 0x0400_0020),  # bit fields and saturation, A5.3.3
    (0xFF80_F080, 0xFA00_F080, 0x0000_0040),  # extension of bytes and halves, A5.3.12
    (0xFE50_0000, 0xE800_0000, 0x0000_A000),  # STM and PUSH, A7.7.159 and A7.7.99
    (0xFE50_0000, 0xE810_0000, 0x0000_2000),  # LDM and POP, A7.7.41 and A7.7.98
)
_RESERVED_SHORT = ((0xFF00, 0x4700, 0x0007),)  # BX and BLX, A7.7.20 and A7.7.19
_CONDITIONS = _words("eq ne hs lo cs cc mi pl vs vc hi ls ge lt gt le")


def mnemonics(code: bytes) -> set[tuple[str, int]]:
    """The mnemonics in `code`, each with its bytes, up to the first bytes that are no instruction."""
    plain = capstone.Cs(*_MODE)
    return {(mnemonic, size) for _, size, mnemonic, _ in plain.disasm_lite(code, 0)}


def register_names(mask: int) -> tuple[str, ...]:
    """The registers of a set, core registers first."""
    core = [f"r{k}" for k in range(13)] + ["sp", "lr", "pc"]
    return tuple(name for k, name in enumerate([*core, *(f"s{k}" for k in range(32))]) if mask >> k & 1)


@dataclass(slots=True)
class ThumbDecoder:
    """Decodes the code of one core; equal texts are taken apart once."""

    core: Core
    _fast: Any = field(init=False)
    _whole: Any = field(init=False)
    _known: dict[tuple[str, str, int], Instruction] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._fast = capstone.Cs(*_MODE)
        self._whole = capstone.Cs(*_MODE)
        self._whole.detail = True

    def decode(self, code: bytes, address: int) -> Iterator[Instruction]:
        """Every instruction of `code` in turn. Raises `ToolchainError` at bytes that are none."""
        at = 0
        for where, size, mnemonic, operands in self._fast.disasm_lite(code, address):
            key = (mnemonic, operands, size)
            if key not in self._known:
                if self.core.lacks(mnemonic, size):
                    raise ToolchainError(f"{mnemonic} at {where:#010x} is no instruction of {self.core.name}")
                whole = next(self._whole.disasm(code[at : at + size], where))  # outside its IT block, if it has one
                self._known[key] = _take_apart(_bare(whole.insn_name()), mnemonic, operands, size, whole.update_flags)
            if _is_unpredictable(self._known[key], code[at : at + size]):
                raise ToolchainError(
                    f"the bytes at {where:#010x} are a list that the architecture leaves unpredictable"
                )
            if _has_reserved_bits(code[at : at + size]):
                raise ToolchainError(f"the bytes at {where:#010x} are {mnemonic} with bits that must be zero")
            yield self._known[key]
            at += size
        if at != len(code):
            raise ToolchainError(f"the bytes at {address + at:#010x} are no instruction of {self.core.name}")


def _bare(name: str) -> str:
    """Capstone's name without the S that it leaves on one short form."""
    return "mov" if name == "movs" else name


def _is_unpredictable(form: Instruction, code: bytes) -> bool:
    """Lists of no register, of one in a long encoding, or past the last one: Capstone shows them as sound ones.

    ARM DDI 0403, section A7.7, LDM, STM, VLDM and VSTM; imm8 of a list of float registers counts words. A short STM
    stores an unknown word for its base, unless that is the lowest of the list.
    """
    if form.name in _FLOAT_LISTS:
        return code[2] != form.words
    if form.name == "stm" and form.size == 2:
        base, listed = code[1] & 7, code[0]
        return bool(listed >> base & 1 and listed & ((1 << base) - 1))
    return form.name in _CORE_LISTS and form.size == 4 and form.words < 2


def _has_reserved_bits(code: bytes) -> bool:
    """Whether an instruction sets a bit that must be zero."""
    first, second = int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little")
    whole, kinds = (first << 16 | second, _RESERVED) if len(code) == 4 else (first, _RESERVED_SHORT)
    return any(whole & mask == kind and whole & zero for mask, kind, zero in kinds)


def _take_apart(name: str, mnemonic: str, operands: str, size: int, flags: bool) -> Instruction:
    inside = re.search(r"\[([^\]]*)\](?:, (#?-?\w+))?", operands)
    fields = [part.strip() for part in re.sub(r"\[[^\]]*\].*|\{[^}]*\}", "", operands).split(",") if part.strip()]
    listed = re.search(r"\{([^}]*)\}", operands)
    named = [_mask(part) for part in fields]
    address = _mask(inside[1]) if inside else 0
    if listed:
        address = named[0] if named else _SP
    loads, stores = name in _LOADS, name in _STORES
    data = _mask(listed[1]) if listed else _union(named) if inside else 0
    written = data if loads else 0 if stores or name in _WRITES_NONE else _union(named[: _results(name, named)])
    if "!" in operands or (inside and inside[2]):
        written |= address
    old = named[0] if name in _KEEPS_OLD or (name in _TWO_OPERANDS and len(named) == 2) else 0
    read = _union(named[_results(name, named) :]) if name not in _WRITES_NONE else _union(named)
    read = (data if stores else 0) | address if loads or stores else read
    words = data.bit_count() if loads or stores else len(named) - 1 if name == "vmov" and len(named) > 2 else 1
    words = 2 if name == "strd" else words  # it may store one register twice
    moved = _WIDTHS.get(name, 4 * words) if loads or stores else 0
    if name == "bl" or name == "blx":
        written |= 1 << 14
    float_form = name.startswith("v") and bool(old)
    return Instruction(
        name=name,
        text=f"{mnemonic} {operands}".strip(),
        size=size,
        condition=_condition(name, mnemonic),
        writes=written,
        reads=read | (0 if float_form else old),
        addend=old if float_form else 0,
        address=address,
        moved=moved,
        words=words,
        stores=stores,
        indexed=bool(inside and re.search(r",\s*-?(r\d|s[bl]|fp|ip|lr)", inside[1])),
        flags=flags,
    )


def _condition(name: str, mnemonic: str) -> str:
    suffix = mnemonic.split(".")[0].removeprefix(name)
    return suffix if suffix in _CONDITIONS and name != "it" else ""


def _results(name: str, named: list[int]) -> int:
    """How many operands at the front are written."""
    if name in _WRITES_TWO:
        return 2
    if name == "vmov" and len(named) == 3 and named[0] & 0xFFFF:
        return 2  # vmov r0, r1, d0
    return 1


def _mask(text: str) -> int:
    return _union([_register(word) for word in re.findall(r"[a-z]\w*", text)])


def _register(word: str) -> int:
    if word in _NAMES:
        return 1 << _NAMES[word]
    if match := re.fullmatch(r"([sd])(\d+)", word):
        number = int(match[2])
        return 1 << 16 + number if match[1] == "s" else 3 << 16 + 2 * number
    return 0


def _union(masks: list[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total
