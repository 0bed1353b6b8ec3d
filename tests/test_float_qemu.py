"""A network with windows in single precision in firmware: C for both entries, in QEMU's Cortex-M4."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from armlet.arithmetic.float32 import FLOAT32
from armlet.build.tensors.arrays import array_order
from armlet.network.domain import InputDomain
from armlet.network.layers import Conv
from armlet.network.network import Network
from armlet.tensors.floats.interpret import run_planes
from armlet.windows.compile import compile_float_network
from generators.floats import random_rows, small
from generators.layered import LINEAR

GNU = "arm-none-eabi-"
MISSING = [tool for tool in (f"{GNU}gcc", "qemu-system-arm") if shutil.which(tool) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}")

MAIN = """
#include <stdint.h>
#include "net.h"

static void semihosting(int operation, const void *argument)
{
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void tell(const float *values)
{
  for (int i = 0; i < net_OUTPUTS; i++) {
    union { float value; uint32_t bits; } one = { values[i] };
    char text[10] = "";
    for (int k = 0; k < 8; k++) text[k] = "0123456789abcdef"[one.bits >> (28 - 4 * k) & 15];
    text[8] = '\\n';
    semihosting(0x04, text);
  }
}

static const float rows[][net_INPUTS] = { @rows@ };
static const uint32_t offset[] = { @offsets@ }, left[] = { @left@ }; /* by element of the C array */
static float block[net_BLOCK_BYTES / 4];
static float output[net_OUTPUTS], both[net_INPUTS > net_OUTPUTS ? net_INPUTS : net_OUTPUTS];

static void reset(void)
{
  *(volatile uint32_t *)0xe000ed88 |= 0xf << 20; /* CPACR: the floating-point unit */
  __asm__ volatile("dsb\\n isb");
  for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    net_run(rows[i], output);
    tell(output);
    for (int k = 0; k < net_INPUTS; k++) both[k] = rows[i][k];
    net_run(both, both);
    tell(both);
    for (int k = 0; k < net_BLOCK_BYTES / 4; k++) ((uint32_t *)block)[k] = 0x7fc0a5a5;
    for (int k = 0; k < net_INPUTS; k++) block[offset[k] / 4] = rows[i][k];
    net_core(block);
    for (int k = 0; k < net_OUTPUTS; k++) output[k] = block[left[k] / 4];
    tell(output);
  }
  semihosting(0x18, (const void *)0x20026);
}

static void fault(void) { semihosting(0x18, (const void *)0x20024); }
__attribute__((section(".vectors"), used)) const void *const vectors[16] = {
  (const void *)0x20400000, (void *)reset, (void *)fault, (void *)fault,
};
"""

SCRIPT = """
ENTRY(vectors)
MEMORY { CODE (rx) : ORIGIN = 0, LENGTH = 4M  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 3M }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text .text.* .rodata .rodata.*) } > CODE
  .data : { *(.data .data.* .bss .bss.*) } > RAM
}
"""


def planes_out() -> Network:
    random = np.random.default_rng(0)
    weight, bias = (random.standard_normal(shape).astype(np.float32) for shape in ((3, 2, 3, 3), (3,)))
    return Network((Conv(weight, bias, LINEAR, padding=(1, 1, 1, 1)),), InputDomain.undeclared(40), (2, 4, 5))


@pytest.mark.parametrize("network", [small(np.random.default_rng(3)), planes_out()], ids=["row", "planes"])
def test_firmware_gives_the_networks_bits(network: Network, tmp_path: Path):
    files = compile_float_network(network, "net").bundle.files
    rows = random_rows(network, np.random.default_rng(1), 4)
    outputs = run_planes(network, FLOAT32, rows)
    order = array_order(network.shape)
    given = array_order((3, 4, 5)) if outputs.shape[1] == 60 else np.arange(outputs.shape[1])
    offsets = [np.array(json.loads(files[f"net_{what}_driver.json"])["offsets"]) for what in ("input", "output")]
    filled = {
        "rows": ", ".join("{ " + ", ".join(f"{float(x).hex()}f" for x in row[order]) + " }" for row in rows),
        "offsets": ", ".join(map(str, offsets[0][order].tolist())),
        "left": ", ".join(map(str, offsets[1][given].tolist())),
    }
    text = MAIN
    for mark, value in filled.items():
        text = text.replace(f"@{mark}@", value)
    for name, content in (("main.c", text.encode()), ("link.ld", SCRIPT.encode()), *files.items()):
        (tmp_path / name).write_bytes(content)
    wanted = [f"{bits:08x}" for answer in outputs for bits in [*answer[given].view(np.uint32).tolist()] * 3]
    assert _told(tmp_path) == wanted


def _told(folder: Path) -> list[str]:
    machine = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")
    flags = ("-O1", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostartfiles", "-nostdlib")
    command = (f"{GNU}gcc", *machine, *flags, "-T", "link.ld", "main.c", "net.S", "-o", "out.elf")
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    board = ("-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none")
    command = ("qemu-system-arm", *board, "-semihosting-config", "enable=on,target=native", "-kernel", "out.elf")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return (done.stderr + done.stdout).split()
