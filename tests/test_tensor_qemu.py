"""A network with windows in firmware: C for both entries, as docs/firmware.md has it, in QEMU's Cortex-M4."""

import json
from pathlib import Path

import numpy as np
import pytest

from armlet.build.tensors.arrays import array_order
from armlet.integer.formats import I64, INT8
from armlet.integer.interpret import run_integers
from generators.tensor_builds import tensors_made
from generators.windows import has_residuals, windowed_network
from qemu import EMULATOR, GNU, MPS2, filled, needs, told

pytestmark = needs(f"{GNU}gcc", EMULATOR)
ROWS = 4
BYTES = [seed for seed in range(40) if windowed_network(seed).result_format is INT8]  # give bytes
ADDING = [seed for seed in BYTES if has_residuals(windowed_network(seed))]
SEEDS = sorted({*BYTES[:3], *ADDING[:2]})

MAIN = """
#include "net.h"

static void tell(const int8_t *values)
{
  for (int i = 0; i < net_OUTPUTS; i++) tell_bits((uint8_t)values[i], 2);
}

static const int8_t rows[][net_INPUTS] = { @rows@ };
static const uint32_t offset[] = { @offsets@ }, lift[] = { @lifts@ }; /* by element of the C array */
static const uint32_t left[] = { @left@ };
static uint32_t block[net_BLOCK_BYTES / 4];
static int8_t output[net_OUTPUTS], both[net_INPUTS > net_OUTPUTS ? net_INPUTS : net_OUTPUTS];

static void start(void)
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
    values = {
        "rows": ", ".join(f"{{ {_listed(row[order])} }}" for row in rows),
        "offsets": _listed(inputs[0][order]),
        "lifts": _listed(inputs[1][order]),
        "left": _listed(outputs[0][given]),
    }
    wanted = [f"{value & 255:02x}" for answer in run_integers(network, rows) for value in [*answer[given]] * 3]
    core = ("-mcpu=cortex-m4", "-mthumb")
    assert told(tmp_path, MPS2, core, filled(MAIN, values), files) == wanted


def _driver(content: bytes) -> tuple[I64, I64]:
    """Offsets and lifts of a driver file."""
    values = json.loads(content)["values"]
    return tuple(np.array([value.get(key, 0) for value in values]) for key in ("offset", "lift"))  # type: ignore[return-value]


def _listed(values: I64) -> str:
    return ", ".join(map(str, values.tolist()))
