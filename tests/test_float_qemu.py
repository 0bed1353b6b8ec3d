"""A network with windows in single precision in firmware: C for both entries, in QEMU's Cortex-M4."""

import json
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
from qemu import EMULATOR, GNU, MPS2, filled, needs, told

pytestmark = needs(f"{GNU}gcc", EMULATOR)
CORE = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")

MAIN = """
#include "net.h"

static void tell(const float *values)
{
  for (int i = 0; i < net_OUTPUTS; i++) {
    union { float value; uint32_t bits; } one = { values[i] };
    tell_bits(one.bits, 8);
  }
}

static const float rows[][net_INPUTS] = { @rows@ };
static const uint32_t offset[] = { @offsets@ }, left[] = { @left@ }; /* by element of the C array */
static float block[net_BLOCK_BYTES / 4];
static float output[net_OUTPUTS], both[net_INPUTS > net_OUTPUTS ? net_INPUTS : net_OUTPUTS];

/* Not inlined: its prologue may push floating-point registers, which the caller enables first. */
static __attribute__((noinline)) void run_all(void)
{
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
}

static void start(void)
{
  *(volatile uint32_t *)0xe000ed88 |= 0xf << 20; /* CPACR: the floating-point unit */
  __asm__ volatile("dsb\\n isb");
  run_all();
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
    values = {
        "rows": ", ".join("{ " + ", ".join(f"{float(x).hex()}f" for x in row[order]) + " }" for row in rows),
        "offsets": ", ".join(map(str, offsets[0][order].tolist())),
        "left": ", ".join(map(str, offsets[1][given].tolist())),
    }
    wanted = [f"{bits:08x}" for answer in outputs for bits in [*answer[given].view(np.uint32).tolist()] * 3]
    assert told(tmp_path, MPS2, CORE, filled(MAIN, values), files) == wanted
