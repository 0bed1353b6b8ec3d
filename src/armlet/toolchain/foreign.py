"""Instructions in an object that its core does not have: some assemblers let them pass."""

import io

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from armlet.isa.core import Core
from armlet.isa.instruction_set import InstructionSet

_EXECUTABLE = 4  # SHF_EXECINSTR


def foreign_instructions(made: bytes, core: Core) -> tuple[str, ...]:
    """The mnemonics in the code of an object, literals left out, that `core` does not have."""
    file = ELFFile(io.BytesIO(made))
    found: set[tuple[str, int]] = set()
    for number, section in enumerate(file.iter_sections()):
        if section["sh_flags"] & _EXECUTABLE and section["sh_size"]:
            content = section.data()
            for start, end in _code(file, core.instruction_set, number, len(content)):
                found |= core.instruction_set.reading.mnemonics(content[start:end])
    return tuple(sorted({name for name, size in found if core.lacks(name, size)}))


def _code(file: ELFFile, isa: InstructionSet, section: int, size: int) -> list[tuple[int, int]]:
    """Where code stands in a section, by its mapping symbols."""
    tables = [table for table in file.iter_sections() if isinstance(table, SymbolTableSection)]
    marks = {
        symbol["st_value"]: mark
        for table in tables
        for symbol in table.iter_symbols()
        if symbol["st_shndx"] == section and (mark := isa.mark_of(symbol.name)) is not None
    }
    places = sorted(marks)
    return [(a, b) for a, b in zip(places, [*places[1:], size]) if marks[a]]
