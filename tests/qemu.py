"""Firmware of C and assembly without an operating system: built by GNU's tools, run in QEMU, read by semihosting."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

GNU = "arm-none-eabi-"
EMULATOR = "qemu-system-arm"
_MISSING = [tool for tool in (f"{GNU}gcc", f"{GNU}g++", EMULATOR) if shutil.which(tool) is None]
_FLAGS = ("-O1", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostartfiles", "-nostdlib")

SEMIHOSTING = """
#include <stdint.h>

static int semihosting(int operation, const void *argument)
{
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

/* Ends the run: 0x20026 is success. */
static void leave(uintptr_t why) { for (;;) semihosting(0x18, (const void *)why); }
static void fault(void) { leave(0x20024); }

/* A line of so many hexadecimal digits. */
static void tell_bits(uint32_t bits, int digits)
{
  char text[10];
  for (int k = 0; k < digits; k++) text[k] = "0123456789abcdef"[bits >> 4 * (digits - 1 - k) & 15];
  text[digits] = '\\n', text[digits + 1] = 0;
  semihosting(0x04, text);
}
"""

_VECTORS = """
static void reset(void) { start(), leave(0x20026); }
__attribute__((section(".vectors"), used)) const void *const vectors[16] = {
  (const void *)@stack@, (void *)reset, (void *)fault, (void *)fault,
};
"""

_SCRIPT = """
ENTRY(vectors)
MEMORY { CODE (rx) : ORIGIN = 0, LENGTH = @code@  RAM (rwx) : @ram@ }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text .text.* .rodata .rodata.*) } > CODE
  .data : { *(.data .data.* .bss .bss.*) } > RAM
}
"""


@dataclass(frozen=True, slots=True)
class Board:
    """A machine of QEMU, and what firmware takes of its memory."""

    machine: str
    code: str
    ram: str
    stack: str  # the end of it


MPS2 = Board("mps2-an386", "4M", "ORIGIN = 0x20000000, LENGTH = 3M", "0x20400000")  # has a Cortex-M4


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skips where one of these is not on the PATH."""
    missing = [tool for tool in tools if tool in _MISSING]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with each @name@ replaced."""
    for mark, value in values.items():
        assert f"@{mark}@" in text
        text = text.replace(f"@{mark}@", value)
    return text


def told(folder: Path, board: Board, core: tuple[str, ...], main: str, files: Mapping[str, bytes]) -> list[str]:
    """What firmware tells: `main` defines `start`, and calls `net.S` among the `files`."""
    ends = filled(_VECTORS, {"stack": board.stack})
    script = filled(_SCRIPT, {"code": board.code, "ram": board.ram})
    own = {"main.c": f"{SEMIHOSTING}{main}{ends}".encode(), "link.ld": script.encode()}
    for name, content in {**files, **own}.items():
        (folder / name).write_bytes(content)
    call(folder, f"{GNU}gcc", *core, *_FLAGS, "-T", "link.ld", "main.c", "net.S", "-o", "out.elf")
    return ran(folder / "out.elf", board)


def ran(firmware: Path, board: Board = MPS2) -> list[str]:
    """The words that linked firmware tells until it ends, with success."""
    machine = ("-M", board.machine, "-nographic", "-monitor", "none", "-serial", "none")
    command = (EMULATOR, *machine, "-semihosting-config", "enable=on,target=native", "-kernel", str(firmware))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return (done.stderr + done.stdout).split()


def call(folder: Path, *command: str) -> str:
    """What a tool says, once it has done its work in a folder."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
