"""The assembled object, before anything is linked: it holds the program's own pieces, and nothing beside them.

A linker takes from an object whatever is in it: a symbol of another's name, a constructor, a vector, a section that
must lie beside another. So each section and each symbol is one of those that the build declares, each relocation is
of a known kind to one of them, and all else is refused, but for the sections that assemblers make on their own.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from armlet.build import names
from armlet.errors import ToolchainError

MOVW, MOVT, CALL = 47, 48, 10  # R_ARM_THM_MOVW_ABS_NC, R_ARM_THM_MOVT_ABS, R_ARM_THM_CALL (IHI 0044, table 4-8)
_ALLOC, _WRITE, _EXECUTE = 2, 1, 4  # flags of a section
ALIGNMENT = 4  # bytes, as .p2align 2 declares
_PADDING = {"STT_FUNC": (b"", b"\x00\xbf", b"\x00\x00"), "STT_OBJECT": (b"",)}  # to a whole word: NOP, or nothing
_EABI5 = 0x0500_0000
_EMPTY = {".text": (_ALLOC | _EXECUTE,), ".data": (_ALLOC | _WRITE,), ".bss": (_ALLOC | _WRITE,)}  # GNU as and clang
_OTHER = {  # what assemblers make beside the program, by name: their type, and whether they may hold anything
    ".ARM.attributes": ("SHT_ARM_ATTRIBUTES", True),
    ".note.GNU-stack": ("SHT_PROGBITS", False),
    ".symtab": ("SHT_SYMTAB", True),
    ".strtab": ("SHT_STRTAB", True),
    ".shstrtab": ("SHT_STRTAB", True),
}


@dataclass(frozen=True, slots=True)
class Relocation:
    """A place in a piece that the linker fills."""

    offset: int
    kind: int
    symbol: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One section of the program, and the symbol at its start."""

    symbol: str
    section: str
    size: int
    content: bytes  # none of variables
    relocations: tuple[Relocation, ...]

    @property
    def is_code(self) -> bool:
        return self.section.startswith(".text.")


def kinds_of(name: str) -> Mapping[str, tuple[str, str, int, str, str]]:
    """For each symbol that a build may declare: section, type, flags, and type and binding of the symbol."""
    core, run, pool = names.core_symbol(name), names.run_symbol(name), names.constants_symbol(name)
    code, variables = _ALLOC | _EXECUTE, _ALLOC | _WRITE
    found = {symbol: (f".text.{symbol}", "SHT_PROGBITS", code, "STT_FUNC", "STB_GLOBAL") for symbol in (core, run)}
    found[pool] = (f".rodata.{pool}", "SHT_PROGBITS", _ALLOC, "STT_OBJECT", "STB_LOCAL")
    for symbol in (names.work_symbol(name), names.block_symbol(name)):
        found[symbol] = (f".bss.{symbol}", "SHT_NOBITS", variables, "STT_OBJECT", "STB_GLOBAL")
    return MappingProxyType(found)


def read_object(made: bytes, name: str, has_constants: bool, has_block: bool) -> tuple[Piece, ...]:
    """The pieces of build `name`. Raises `ToolchainError` that names the first thing which is not the build's."""
    try:
        return _pieces(ELFFile(io.BytesIO(made)), name, has_constants, has_block)
    except (ELFError, UnicodeDecodeError, KeyError, ValueError, OverflowError, AttributeError) as broken:
        raise ToolchainError(f"the object is not readable as ELF: {broken}") from broken


def _pieces(file: ELFFile, name: str, has_constants: bool, has_block: bool) -> tuple[Piece, ...]:
    _require(file.get_machine_arch() == "ARM" and file.elfclass == 32 and file.little_endian, "is not 32-bit ARM")
    _require(file["e_type"] == "ET_REL" and not file["e_phnum"] and not file["e_entry"], "is no object")
    _require(file["e_flags"] & 0xFF00_0000 == _EABI5, f"has flags {file['e_flags']:#x}")
    left_out = {names.constants_symbol(name): not has_constants, names.block_symbol(name): not has_block}
    wanted = {symbol: kind for symbol, kind in kinds_of(name).items() if not left_out.get(symbol)}
    sections = list(file.iter_sections())
    at = {section.name: number for number, section in enumerate(sections)}
    _require(len(at) == len(sections), "has two sections of one name")
    for symbol, (section, *_) in wanted.items():
        _require(section in at, f"has no section {section} for {symbol}")
    for section in sections:
        _check_section(section, wanted, at)
    numbers = {number: section for section, number in at.items()}
    _check_symbols(wanted, numbers, sections)
    return tuple(_piece(symbol, sections[at[kind[0]]], sections) for symbol, kind in wanted.items())


def _check_section(section: Any, wanted: Mapping[str, tuple[Any, ...]], at: Mapping[str, int]) -> None:
    name, kind, flags, size = section.name, section["sh_type"], section["sh_flags"], section["sh_size"]
    mine = {there: rest for there, *rest in wanted.values()}
    if name in mine:
        _require([kind, flags] == mine[name][:2], f"has {name} of another kind")
        _require(section["sh_addralign"] == ALIGNMENT, f"aligns {name} to {section['sh_addralign']} bytes")
        _require(
            not section["sh_entsize"] and not section["sh_link"] and not section["sh_info"], f"has a linked {name}"
        )
        whole = 2 if flags & _EXECUTE else 4
        _require(size > 0 and size % whole == 0 and not section["sh_addr"], f"has {size} bytes in {name}")
    elif name in _EMPTY:
        _require(size == 0 and flags in _EMPTY[name] and section["sh_addralign"] <= ALIGNMENT, f"has a section {name}")
    elif name in _OTHER:
        _require(kind == _OTHER[name][0] and not flags & _ALLOC, f"has a section {name} of another kind")
        _require(_OTHER[name][1] or size == 0, f"has a section {name} that is not empty")
    elif name.startswith(".rel.") and kind == "SHT_REL":
        there = name.removeprefix(".rel")
        _require(there in mine and there.startswith(".text.") and section["sh_info"] == at[there], f"has {name}")
    else:
        _require(kind == "SHT_NULL" and not name, f"has a section {name or 'without a name'}")


def _check_symbols(wanted: Mapping[str, tuple[Any, ...]], numbers: Mapping[int, str], sections: list[Any]) -> None:
    """Exactly the declared ones, each at the start of its section; beside them what marks sections and code."""
    tables = [section for section in sections if isinstance(section, SymbolTableSection)]
    _require(len(tables) == 1, "has more than one table of symbols")
    seen: set[str] = set()
    for number, symbol in enumerate(tables[0].iter_symbols()):
        if number == 0:
            continue
        name, info, index = symbol.name, symbol["st_info"], symbol["st_shndx"]
        section = numbers.get(index) if isinstance(index, int) else None
        value, size = symbol["st_value"], symbol["st_size"]
        if _marks(name, info, section, value, size):
            continue
        _require(name in wanted and name not in seen, _stranger(name, info["bind"], index))
        seen.add(name)
        there, _, _, kind, bind = wanted[name]
        _require((info["type"], info["bind"], section) == (kind, bind, there), f"has {name} as another kind of symbol")
        _require(symbol["st_other"]["visibility"] == "STV_DEFAULT", f"hides {name}")
        _require(value == (kind == "STT_FUNC"), f"has {name} within its section")
        rest = sections[index].data()[size:] if kind == "STT_FUNC" else bytes(sections[index]["sh_size"] - size)
        _require(rest in _PADDING[kind], f"has {name} of another size than its section")
    for name in wanted:
        _require(name in seen, f"does not define {name}")


def _stranger(name: str, bind: str, index: Any) -> str:
    if index == "SHN_UNDEF":
        return f"needs a symbol {name!r} that others define"
    return f"defines {'a weak' if bind == 'STB_WEAK' else 'a'} symbol {name!r}, which is not the build's"


def _marks(name: str, info: Any, section: str | None, value: int, size: int) -> bool:
    """Whether a symbol only names a section, or says that it holds code, or data, from its start on."""
    if section is None or info["bind"] != "STB_LOCAL" or value or size:
        return False
    if info["type"] == "STT_SECTION":
        return name in ("", section)
    is_code = section.startswith(".text")
    return info["type"] == "STT_NOTYPE" and name == ("$t" if is_code else "$d")


def _piece(symbol: str, section: Any, sections: list[Any]) -> Piece:
    content = b"" if section["sh_type"] == "SHT_NOBITS" else section.data()
    found = tuple(
        relocation
        for table in sections
        if isinstance(table, RelocationSection) and sections[table["sh_info"]] is section
        for relocation in _relocations(table, sections[table["sh_link"]], content)
    )
    return Piece(symbol, section.name, section["sh_size"], content, found)


def _relocations(table: Any, symbols: Any, content: bytes) -> Iterator[Relocation]:
    for entry in table.iter_relocations():
        offset, kind = entry["r_offset"], entry["r_info_type"]
        name = symbols.get_symbol(entry["r_info_sym"]).name
        _require(kind in (MOVW, MOVT, CALL), f"has a relocation of kind {kind} to {name!r}")
        _require(offset % 2 == 0 and offset + 4 <= len(content), "has a relocation outside its section")
        function = name.endswith(("_core", "_run"))
        _require(function == (kind == CALL), f"has a relocation of kind {kind} to {name!r}")
        _require(_is_of(content, offset, kind), f"has a relocation to {name!r} in another instruction")
        _require(_addend(content, offset, kind) == 0, f"has a relocation to {name!r} and a number")
        yield Relocation(offset, kind, name)


def _is_of(content: bytes, offset: int, kind: int) -> bool:
    """Whether the instruction is the one that the relocation is for: MOVW T3, MOVT T1 (DDI 0403, A7.7)."""
    first, second = (int.from_bytes(content[offset + k : offset + k + 2], "little") for k in (0, 2))
    wanted = {MOVW: 0xF240, MOVT: 0xF2C0}
    return kind == CALL or (first & 0xFBF0 == wanted[kind] and not second & 0x8000)


def _addend(content: bytes, offset: int, kind: int) -> int:
    """What the instruction at `offset` adds to its symbol; of a call, from where the architecture counts."""
    if kind == CALL:
        return 0 if content[offset : offset + 4] == b"\xff\xf7\xfe\xff" else 1  # BL to itself: - 4
    first, second = (int.from_bytes(content[offset + k : offset + k + 2], "little") for k in (0, 2))
    return (first & 0xF) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ToolchainError(f"the object {otherwise}")
