"""A network with windows in firmware: C for both entries, as docs/firmware.md has it, in QEMU's Cortex-M4."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from armlet.build.tensors.arrays import array_order
from armlet.integer.formats import I64, INT8
from armlet.integer.interpret import run_integers
from generators.tensor_builds import tensors_made
from generators.windows import has_residuals, windowed_network

GNU = "arm-none-eabi-"
MISSING = [tool for tool in (f"{GNU}gcc", "qemu-system-arm") if shutil.which(tool) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}")
ROWS = 4
BYTES = [seed for seed in range(40) if windowed_network(seed).result_format is INT8]  # give bytes
ADDING = [seed for seed in BYTES if has_residuals(windowed_network(seed))]
SEEDS = sorted({*BYTES[:3], *ADDING[:2]})

MAIN = """
#include "net.h"

static void semihosting(int operation, const void *argument)
{
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void tell(const int8_t *values)
{
  for (int i = 0; i < net_OUTPUTS; i++) {
    char text[4] = { "0123456789abcdef"[values[i] >> 4 & 15], "0123456789abcdef"[values[i] & 15], '\\n', 0 };
    semihosting(0x04, text);
  }
}

static const int8_t rows[][net_INPUTS] = { @rows@ };
static const uint32_t offset[] = { @offsets@ }, lift[] = { @lifts@ }; /* by element of the C array */
static const uint32_t left[] = { @left@ };
static uint32_t block[net_BLOCK_BYTES / 4];
static int8_t output[net_OUTPUTS], both[net_INPUTS > net_OUTPUTS ? net_INPUTS : net_OUTPUTS];

static void reset(void)
{
  for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    net_run(rows[i], output);
    tell(output);
    for (int k = 0; k < net_INPUTS; k++) both[k] = rows[i][k];
    net_run(both, both);
    tell(both);
    for (int k = 0; k < net_BLOCK_BYTES / 4; k++) block[k] = 0xa5a5a5a5;
    for (int k = 0; k < net_INPUTS; k++) block[offset[k] / 4] = 0;
    for (int k = 0; k < net_INPUTS; k++) ((uint8_t *)block)[offset[k]] = (uint8_t)(rows[i][k] + lift[k]);
    net_core(block);
    for (int k = 0; k < net_OUTPUTS; k++) output[k] = ((int8_t *)block)[left[k]];
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


@pytest.mark.parametrize("seed", SEEDS)
def test_firmware_gives_the_networks_bits(seed: int, tmp_path: Path):
    network = windowed_network(seed)
    files = tensors_made(network).bundle.files
    order, given = array_order(network.shape), array_order(network.shapes[-1])
    rng = np.random.default_rng(seed)
    rows = np.vstack([np.full((1, network.inputs), -128), rng.integers(-128, 128, (ROWS - 1, network.inputs))])
    inputs, outputs = (_driver(files[f"net_{what}_driver.json"]) for what in ("input", "output"))
    filled = {
        "rows": ", ".join(f"{{ {_listed(row[order])} }}" for row in rows),
        "offsets": _listed(inputs[0][order]),
        "lifts": _listed(inputs[1][order]),
        "left": _listed(outputs[0][given]),
    }
    text = MAIN
    for mark, value in filled.items():
        text = text.replace(f"@{mark}@", value)
    for name, content in (("main.c", text.encode()), ("link.ld", SCRIPT.encode()), *files.items()):
        (tmp_path / name).write_bytes(content)
    wanted = [f"{value & 255:02x}" for answer in run_integers(network, rows) for value in [*answer[given]] * 3]
    assert _told(tmp_path) == wanted


def _driver(content: bytes) -> tuple[I64, I64]:
    """Offsets and lifts of a driver file."""
    values = json.loads(content)["values"]
    return tuple(np.array([value.get(key, 0) for value in values]) for key in ("offset", "lift"))  # type: ignore[return-value]


def _listed(values: I64) -> str:
    return ", ".join(map(str, values.tolist()))


def _told(folder: Path) -> list[str]:
    flags = ("-mcpu=cortex-m4", "-mthumb", "-O1", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostartfiles")
    command = (f"{GNU}gcc", *flags, "-nostdlib", "-T", "link.ld", "main.c", "net.S", "-o", "out.elf")
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    board = ("-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none")
    command = ("qemu-system-arm", *board, "-semihosting-config", "enable=on,target=native", "-kernel", "out.elf")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return (done.stderr + done.stdout).split()
