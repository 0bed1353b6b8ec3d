"""The linker scripts of a core: code and constants in flash, variables in RAM, nothing else kept.

One is for the emulator. The other puts every piece somewhere else, in another order and with gaps: a program that is
right by where its pieces happen to lie, and not by the symbols that it names, is wrong there.
"""

from armlet.target.core import Core

LARGEST_FLASH = (
    64 << 20
)  # bytes; the emulator takes programs that no part could hold, and the report says what they need
LARGEST_RAM = 64 << 20


def link_script(core: Core, elsewhere: bool = False) -> str:
    """Text that GNU ld and LLVM's lld both read; `elsewhere` gives the other one."""
    if elsewhere:
        return _elsewhere(core)
    return f"""\
MEMORY {{
  FLASH (rx) : ORIGIN = {core.flash.base:#x}, LENGTH = {LARGEST_FLASH}
  RAM (rw) : ORIGIN = {core.ram.base:#x}, LENGTH = {LARGEST_RAM}
}}
SECTIONS {{
  .text : {{ *(.text .text.*) }} > FLASH
  .rodata : {{ *(.rodata .rodata.*) }} > FLASH
  .data : {{ *(.data .data.*) }} > RAM
  .bss (NOLOAD) : {{ *(.bss .bss.*) *(COMMON) }} > RAM
  /DISCARD/ : {{ *(.ARM.exidx*) *(.ARM.extab*) *(.comment) *(.note*) }}
}}
"""


def _elsewhere(core: Core) -> str:
    return f"""\
MEMORY {{
  FLASH (rx) : ORIGIN = {core.flash.base + 0x24_6800:#x}, LENGTH = {LARGEST_FLASH - 0x24_6800}
  RAM (rw) : ORIGIN = {core.ram.base + 0x1_3560:#x}, LENGTH = {LARGEST_RAM - 0x1_3560}
}}
SECTIONS {{
  .rodata : {{ *(.rodata .rodata.*) }} > FLASH
  .text : {{ . = . + 0x2468; *(.text.*_run) . = . + 0x120; *(.text .text.*) }} > FLASH
  .bss (NOLOAD) : {{ *(.bss.*_block) . = . + 0x9c; *(.bss .bss.*) *(COMMON) }} > RAM
  .data : {{ *(.data .data.*) }} > RAM
  /DISCARD/ : {{ *(.ARM.exidx*) *(.ARM.extab*) *(.comment) *(.note*) }}
}}
"""
