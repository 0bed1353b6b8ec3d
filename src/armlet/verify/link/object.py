"""The assembled object, before anything is linked: it holds the program's own pieces, and nothing beside them.

A linker takes from an object whatever is in it: a symbol of another's name, a constructor, a vector, a section that
must lie beside another. So each section and each symbol is one of those that the build declares, each relocation is
of a known kind to one of them, and all else is refused, but for the sections that assemblers make on their own.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from armlet.build import names
from armlet.errors import ToolchainError
from armlet.isa.instruction_set import InstructionSet

_ALLOC, _WRITE, _EXECUTE = 2, 1, 4  # flags of a section
ALIGNMENT = 4  # bytes, as .p2align 2 declares
_EMPTY = {".text": (_ALLOC | _EXECUTE,), ".data": (_ALLOC | _WRITE,), ".bss": (_ALLOC | _WRITE,)}  # GNU as and clang
_OTHER = {  # what assemblers make beside the program, by name: their type, and whether they may hold anything
    ".ARM.attributes": ("SHT_ARM_ATTRIBUTES", True),
    ".note.GNU-stack": ("SHT_PROGBITS", False),
    ".symtab": ("SHT_SYMTAB", True),
    ".strtab": ("SHT_STRTAB", True),
    ".shstrtab": ("SHT_STRTAB", True),
}

Kinds: TypeAlias = Mapping[str, tuple[str, str, int, str, str]]


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


def kinds_of(name: str, has_constants: bool, variables: Iterable[str]) -> Kinds:
    """For each symbol of build `name`: section, type, flags, and type and binding of the symbol."""
    code, writable = _ALLOC | _EXECUTE, _ALLOC | _WRITE
    entries, pool = (names.core_symbol(name), names.run_symbol(name)), names.constants_symbol(name)
    found = {symbol: (f".text.{symbol}", "SHT_PROGBITS", code, "STT_FUNC", "STB_GLOBAL") for symbol in entries}
    if has_constants:
        found[pool] = (f".rodata.{pool}", "SHT_PROGBITS", _ALLOC, "STT_OBJECT", "STB_LOCAL")
    for symbol in variables:
        found[symbol] = (f".bss.{symbol}", "SHT_NOBITS", writable, "STT_OBJECT", "STB_GLOBAL")
    return MappingProxyType(found)


def read_object(made: bytes, isa: InstructionSet, kinds: Kinds) -> tuple[Piece, ...]:
    """The pieces that are of `kinds`. Raises `ToolchainError` that names the first thing which is not the build's."""
    try:
        return _pieces(ELFFile(io.BytesIO(made)), isa, kinds)
    except (ELFError, UnicodeDecodeError, KeyError, ValueError, OverflowError, AttributeError) as broken:
        raise ToolchainError(f"the object is not readable as ELF: {broken}") from broken


def _pieces(file: ELFFile, isa: InstructionSet, wanted: Kinds) -> tuple[Piece, ...]:
    is_right = file.get_machine_arch() == isa.elf_machine and file.elfclass == isa.elf_class and file.little_endian
    _require(is_right, f"is not {isa.elf_class}-bit {isa.elf_machine}")
    _require(file["e_type"] == "ET_REL" and not file["e_phnum"] and not file["e_entry"], "is no object")
    for mask, wanted_flags in isa.elf_flags.items():
        _require(file["e_flags"] & mask == wanted_flags, f"has flags {file['e_flags']:#x}")
    sections = list(file.iter_sections())
    at = {section.name: number for number, section in enumerate(sections)}
    _require(len(at) == len(sections), "has two sections of one name")
    for symbol, (section, *_) in wanted.items():
        _require(section in at, f"has no section {section} for {symbol}")
    for section in sections:
        _check_section(section, wanted, at)
    numbers = {number: section for section, number in at.items()}
    _check_symbols(isa, wanted, numbers, sections)
    return tuple(_piece(isa, symbol, sections[at[kind[0]]], sections) for symbol, kind in wanted.items())


def _check_section(section: Any, wanted: Kinds, at: Mapping[str, int]) -> None:
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


def _check_symbols(isa: InstructionSet, wanted: Kinds, numbers: Mapping[int, str], sections: list[Any]) -> None:
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
        if _marks(isa, name, info, section, value, size):
            continue
        _require(name in wanted and name not in seen, _stranger(name, info["bind"], index))
        seen.add(name)
        there, _, _, kind, bind = wanted[name]
        _require((info["type"], info["bind"], section) == (kind, bind, there), f"has {name} as another kind of symbol")
        _require(symbol["st_other"]["visibility"] == "STV_DEFAULT", f"hides {name}")
        _require(value == (isa.code_bit if kind == "STT_FUNC" else 0), f"has {name} within its section")
        rest = sections[index].data()[size:] if kind == "STT_FUNC" else bytes(sections[index]["sh_size"] - size)
        _require(
            rest in (isa.padding if kind == "STT_FUNC" else (b"",)), f"has {name} of another size than its section"
        )
    for name in wanted:
        _require(name in seen, f"does not define {name}")


def _stranger(name: str, bind: str, index: Any) -> str:
    if index == "SHN_UNDEF":
        return f"needs a symbol {name!r} that others define"
    return f"defines {'a weak' if bind == 'STB_WEAK' else 'a'} symbol {name!r}, which is not the build's"


def _marks(isa: InstructionSet, name: str, info: Any, section: str | None, value: int, size: int) -> bool:
    """Whether a symbol only names a section, or says that it holds code, or data, from its start on."""
    if section is None or info["bind"] != "STB_LOCAL" or value or size:
        return False
    if info["type"] == "STT_SECTION":
        return name in ("", section)
    mark = isa.code_mark if section.startswith(".text") else isa.data_mark
    return info["type"] == "STT_NOTYPE" and name == mark


def _piece(isa: InstructionSet, symbol: str, section: Any, sections: list[Any]) -> Piece:
    content = b"" if section["sh_type"] == "SHT_NOBITS" else section.data()
    found = tuple(
        relocation
        for table in sections
        if isinstance(table, RelocationSection) and sections[table["sh_info"]] is section
        for relocation in _relocations(isa, table, sections[table["sh_link"]], content)
    )
    return Piece(symbol, section.name, section["sh_size"], content, found)


def _relocations(isa: InstructionSet, table: Any, symbols: Any, content: bytes) -> Iterator[Relocation]:
    for entry in table.iter_relocations():
        offset, kind = entry["r_offset"], entry["r_info_type"]
        name = symbols.get_symbol(entry["r_info_sym"]).name
        problem = isa.reading.relocation_problem(content, offset, kind, name.endswith(("_core", "_run")))
        _require(not problem, f"has a relocation {problem} to {name!r}")
        yield Relocation(offset, kind, name)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ToolchainError(f"the object {otherwise}")
