"""A linked ELF file to what a machine is loaded with: bytes at addresses, symbols, and the size of each section."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from armlet.errors import ToolchainError
from armlet.isa.core import Memory
from armlet.isa.instruction_set import InstructionSet


@dataclass(frozen=True, slots=True)
class Section:
    """A named piece of the image. `content` is empty for variables that start as zero."""

    name: str
    address: int
    size: int
    content: bytes

    @property
    def end(self) -> int:
        return self.address + self.size


@dataclass(frozen=True, slots=True)
class Image:
    """A linked program. Addresses of functions are without their code bit here."""

    sections: tuple[Section, ...]
    symbols: Mapping[str, int]
    sizes: Mapping[str, int]  # bytes of what a symbol names
    functions: frozenset[str]  # symbols that other code may call: functions, seen from outside
    code: tuple[tuple[int, int], ...]  # address ranges of .text that hold instructions, in order; literals lie between
    filled: Mapping[int, int]  # address of each place that the linker filled, and the address of the symbol

    def section(self, name: str) -> Section:
        """The section `name`, of size 0 where the program has none."""
        return next((s for s in self.sections if s.name == name), Section(name, 0, 0, b""))

    def address(self, symbol: str) -> int:
        """Where `symbol` lies. Raises `ToolchainError` where the program has no such symbol."""
        if symbol not in self.symbols:
            raise ToolchainError(f"the linked program has no symbol {symbol}")
        return self.symbols[symbol]

    def bytes_at(self, memory: Memory) -> bytes:
        """What the program has in a piece of memory, as far as one section holds it."""
        for section in self.sections:
            if section.address <= memory.base and memory.end <= section.end:
                return section.content[memory.base - section.address : memory.end - section.address]
        return b""

    @property
    def code_bytes(self) -> int:
        """Section .text: instructions, and the literals that compilers put between them."""
        return self.section(".text").size

    @property
    def constant_bytes(self) -> int:
        return self.section(".rodata").size

    @property
    def flash_bytes(self) -> int:
        """All that must be programmed: code, constants, and the first values of variables."""
        return self.code_bytes + self.constant_bytes + self.section(".data").size

    @property
    def ram_bytes(self) -> int:
        """Static variables; the stack is not among them."""
        return self.section(".data").size + self.section(".bss").size


def read_image(elf: bytes, isa: InstructionSet) -> Image:
    """Parse a linked ELF file whose code is of `isa`. Raises `ToolchainError`."""
    try:
        file = ELFFile(io.BytesIO(elf))
        machine = file.get_machine_arch(), file.elfclass
        if machine != (isa.elf_machine, isa.elf_class) or not file.little_endian:
            raise ToolchainError(f"the linked program is not little-endian {isa.elf_class}-bit {isa.elf_machine}")
        if file["e_type"] != "ET_EXEC":
            raise ToolchainError("the linked program is not linked")
        kept = [section for section in file.iter_sections() if section["sh_flags"] & 2 and section["sh_size"]]  # ALLOC
        sections = tuple(_section(section) for section in kept)
        if wrong := unloadable(sections, [s for s in file.iter_segments() if s["p_type"] == "PT_LOAD"]):
            raise ToolchainError(f"the linked program is not loaded as it says: {wrong}")
        symbols, sizes, functions, marks = _symbols(file, isa)
        filled = _filled(file, isa.code_bit)
    except (ELFError, UnicodeDecodeError, KeyError, ValueError, OverflowError) as broken:
        raise ToolchainError(f"the linked program is not readable as ELF: {broken}") from broken
    return Image(sections, symbols, sizes, functions, _code_ranges(sections, marks), filled)


def unloadable(sections: Sequence[Section], segments: Sequence[Any]) -> str:
    """Why what is programmed and loaded is not what the sections show, in words; empty where it is."""
    for k, section in enumerate(sections):
        if section.content and len(section.content) != section.size:
            return f"{section.name} has {len(section.content)} bytes for {section.size}"
        if any(other.address < section.end and section.address < other.end for other in sections[:k]):
            return f"{section.name} lies over another section"
        if section.content and not any(_carries(segment, section) for segment in segments):
            return f"no segment carries {section.name}"
    return ""


def _carries(segment: Any, section: Section) -> bool:
    at = section.address - segment["p_vaddr"]
    if at < 0 or at + section.size > segment["p_memsz"]:
        return False
    return segment.data()[at : at + len(section.content)] == section.content


def _section(section: Any) -> Section:
    content = b"" if section["sh_type"] == "SHT_NOBITS" else section.data()
    return Section(section.name, section["sh_addr"], section["sh_size"], content)


def _filled(file: ELFFile, code_bit: int) -> Mapping[int, int]:
    """Where relocations stand that the linker kept, and the addresses of their symbols."""
    found: dict[int, int] = {}
    for table in (section for section in file.iter_sections() if isinstance(section, RelocationSection)):
        symbols = file.get_section(table["sh_link"])
        for entry in table.iter_relocations():
            symbol = symbols.get_symbol(entry["r_info_sym"])  # pyright: ignore[reportAttributeAccessIssue]
            is_code = symbol["st_info"]["type"] == "STT_FUNC"
            found[entry["r_offset"]] = symbol["st_value"] & ~code_bit if is_code else symbol["st_value"]
    return MappingProxyType(found)


def _symbols(
    file: ELFFile, isa: InstructionSet
) -> tuple[Mapping[str, int], Mapping[str, int], frozenset[str], Mapping[int, bool]]:
    """Named addresses, their sizes, those to be called, and the mapping symbols: whether code starts there.

    Raises `ToolchainError` where two symbols that are seen from outside have one name.
    """
    found: dict[str, int] = {}
    sizes: dict[str, int] = {}
    seen: set[str] = set()
    functions: set[str] = set()
    marks: dict[int, bool] = {}
    bit = isa.code_bit
    for table in (s for s in file.iter_sections() if isinstance(s, SymbolTableSection)):
        for symbol in table.iter_symbols():
            value, is_code = symbol["st_value"], symbol["st_info"]["type"] == "STT_FUNC"
            is_seen = symbol["st_info"]["bind"] == "STB_GLOBAL"
            if (mark := isa.mark_of(symbol.name)) is not None:
                if value % 2:
                    raise ToolchainError(f"the linked program has code or data marked from {value:#010x} on")
                marks[value] = mark
            elif symbol.name and symbol["st_shndx"] != "SHN_UNDEF":
                if is_seen and symbol.name in seen:
                    raise ToolchainError(f"the linked program has two symbols {symbol.name}")
                if is_seen or symbol.name not in seen:
                    found[symbol.name] = value & ~bit if is_code else value
                    sizes[symbol.name] = symbol["st_size"]
                seen |= {symbol.name} if is_seen else set()
                functions |= {symbol.name} if is_seen and is_code and value & bit == bit else set()
    return MappingProxyType(found), MappingProxyType(sizes), frozenset(functions), marks


def _code_ranges(sections: tuple[Section, ...], marks: Mapping[int, bool]) -> tuple[tuple[int, int], ...]:
    text = next((section for section in sections if section.name == ".text"), None)
    if text is None:
        return ()
    places = sorted(place for place in marks if text.address <= place < text.end)
    if not places or places[0] != text.address:
        places, marks = [text.address, *places], {text.address: True, **marks}
    return tuple((a, b) for a, b in zip(places, [*places[1:], text.end]) if marks[a])
