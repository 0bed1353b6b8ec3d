"""Instructions in an object that its core does not have: some assemblers let them pass."""

import io
from collections.abc import Mapping

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from armlet.isa.core import Core
from armlet.isa.instruction_set import InstructionSet

_EXECUTABLE = 4  # SHF_EXECINSTR


def foreign_instructions(made: bytes, core: Core) -> tuple[str, ...]:
    """The mnemonics in the code of an object, literals left out, that `core` does not have."""
    file = ELFFile(io.BytesIO(made))
    marked, found = _marks(file, core.instruction_set), set[tuple[str, int]]()
    for number, section in enumerate(file.iter_sections()):
        if section["sh_flags"] & _EXECUTABLE and section["sh_size"]:
            content, marks = section.data(), marked.get(number, {})
            places = sorted(marks)
            for start, end in zip(places, [*places[1:], len(content)]):
                if marks[start]:
                    found |= core.instruction_set.reading.mnemonics(content[start:end])
    return tuple(sorted({name for name, size in found if core.lacks(name, size)}))


def _marks(file: ELFFile, isa: InstructionSet) -> Mapping[int, Mapping[int, bool]]:
    """The mapping symbols of each section, by its number: where code starts, and where it ends."""
    found: dict[int, dict[int, bool]] = {}
    for table in (section for section in file.iter_sections() if isinstance(section, SymbolTableSection)):
        for symbol in table.iter_symbols():
            if (mark := isa.mark_of(symbol.name)) is not None:
                found.setdefault(symbol["st_shndx"], {})[symbol["st_value"]] = mark
    return found
