"""The linker script of a core: code and constants in flash, variables in RAM, nothing else kept."""

from armlet.isa.core import LARGEST_FLASH, LARGEST_RAM, Core


def link_script(core: Core) -> str:
    """Text that GNU ld and LLVM's lld both read."""
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
