"""The examination of the targets for integers once more, in QEMU: boards with a Cortex-M4 and with a Cortex-M0."""

import shutil
import subprocess
from pathlib import Path

import pytest

from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.targets import INTEGER_TARGETS
from integer_cases import SIZE, after, cases, files, reachable, source

GNU = "arm-none-eabi-"
MISSING = [tool for tool in (f"{GNU}gcc", "qemu-system-arm") if shutil.which(tool) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}")
PLACE = 0x2000_0000
BOARDS = {"cortex-m4": "mps2-an386", "cortex-m0plus": "microbit"}

MAIN = """
#include <stdint.h>

static void semihosting(int operation, const void *argument)
{
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

@declared@
static void (*const calls[])(volatile uint32_t *) = { @called@ };
static const uint32_t before[][@words@] = { @before@ };

static void reset(void)
{
  volatile uint32_t *file = (volatile uint32_t *)@place@u;
  for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    uint32_t sum = 2166136261u;
    char text[10];
    for (int k = 0; k < @words@; k++) file[k] = before[i][k];
    calls[i](file);
    for (int k = 0; k < @words@; k++) sum = sum * 16777619u + file[k];
    for (int k = 0; k < 8; k++) text[k] = "0123456789abcdef"[sum >> (28 - 4 * k) & 15];
    text[8] = '\\n', text[9] = 0;
    semihosting(0x04, text);
  }
  semihosting(0x18, (const void *)0x20026);
}

static void fault(void) { semihosting(0x18, (const void *)0x20024); }
__attribute__((section(".vectors"), used)) const void *const vectors[16] = {
  (const void *)0x20004000, (void *)reset, (void *)fault, (void *)fault,
};
"""

SCRIPT = """
ENTRY(vectors)
MEMORY { CODE (rx) : ORIGIN = 0, LENGTH = 1M  RAM (rwx) : ORIGIN = 0x20001000, LENGTH = 4K }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text .text.* .rodata .rodata.*) } > CODE
  .data : { *(.data .data.* .bss .bss.*) } > RAM
}
"""


def hashed(memory: bytes) -> str:
    total = 2166136261
    for k in range(0, len(memory), 4):
        total = (total * 16777619 + int.from_bytes(memory[k : k + 4], "little")) & 0xFFFF_FFFF
    return f"{total:08x}"


@pytest.mark.parametrize("name", list(BOARDS))
def test_a_second_emulator_agrees(name: str, tmp_path: Path):
    target = INTEGER_TARGETS[name]
    chosen = [case for case in cases(target) if case.op is not Op.ADDRESS and reachable(case)]
    before = [list(files(case, PLACE, 5, 2))[1] for case in chosen]
    (tmp_path / "net.S").write_text(source(target, tuple(chosen)))
    (tmp_path / "link.ld").write_text(SCRIPT)
    (tmp_path / "main.c").write_text(_main([case.number for case in chosen], before))
    flags = (*target.core.gnu_flags, "-O1", "-ffreestanding", "-nostartfiles", "-nostdlib", "-T", "link.ld")
    subprocess.run((f"{GNU}gcc", *flags, "main.c", "net.S", "-o", "out.elf"), cwd=tmp_path, check=True, timeout=120)
    board = ("-M", BOARDS[name], "-nographic", "-monitor", "none", "-serial", "none")
    command = ("qemu-system-arm", *board, "-semihosting-config", "enable=on,target=native", "-kernel", "out.elf")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    wanted = [hashed(after(case, memory, PLACE)) for case, memory in zip(chosen, before)]
    assert (done.stderr + done.stdout).split() == wanted
    assert done.returncode == 0


def _main(numbers: list[int], before: list[bytes]) -> str:
    words = [[int.from_bytes(memory[k : k + 4], "little") for k in range(0, SIZE, 4)] for memory in before]
    rows = ", ".join("{ " + ", ".join(f"{word}u" for word in row) + " }" for row in words)
    filled = {
        "declared": "\n".join(f"extern void f_{k}(volatile uint32_t *);" for k in numbers),
        "called": ", ".join(f"f_{k}" for k in numbers),
        "words": str(SIZE // 4),
        "before": rows,
        "place": hex(PLACE),
    }
    text = MAIN
    for mark, value in filled.items():
        text = text.replace(f"@{mark}@", value)
    return text
