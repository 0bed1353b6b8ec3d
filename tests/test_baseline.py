"""The C that armlet is compared with computes the same network, so the comparison is one."""

import numpy as np
import pytest

from armlet.baseline import BASELINES
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.cortex_m4f_timing import CORTEX_M4F_CYCLES, STM32F407_FLASH
from armlet.isa.thumb.thumb import THUMB
from armlet.network.domain import InputDomain
from armlet.network.network import Network
from armlet.prove.bound import error_bound
from armlet.simulate.machine import Machine
from armlet.simulate.measure import measure_call
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import find_toolchain
from generators.perceptrons import random_network


def sparse_network(density: float) -> Network:
    return random_network((30, 12, 9, 5), density, 1, InputDomain.uniform(30, -1, 1, 0.25, 0.5))


@pytest.mark.parametrize("kind", BASELINES)
@pytest.mark.parametrize("density", [0.0, 0.2, 1.0])
def test_a_baseline_computes_the_network(kind: str, density: float):
    network, tools = sparse_network(density), find_toolchain()
    built = tools.compile_c(BASELINES[kind](network, "net"), CORTEX_M4F_CORE)
    core = Machine(CORTEX_M4F_CORE, read_image(tools.link([built], CORTEX_M4F_CORE, "net_run"), THUMB))
    given, results = core.reserve(4 * network.inputs), core.reserve(4 * network.outputs)
    for x in np.random.default_rng(2).uniform(-1, 1, (5, network.inputs)).astype(np.float32):
        core.write_floats(given, x)
        core.call("net_run", (given, results))
        found = core.read_floats(results, network.outputs)
        assert (np.abs(found - network(x)) <= error_bound(network, x[None])[0]).all()
    figures = measure_call(core, "net_run", (given, results), CORTEX_M4F_CYCLES, STM32F407_FLASH)
    assert figures.mnemonics.get("vmul", 0) + figures.mnemonics.get("vfma", 0) <= network.weights
    assert figures.stores.activation >= network.outputs


def test_unrolled_code_multiplies_only_by_what_is_there():
    text = BASELINES["unrolled C"](sparse_network(0.2), "net")
    assert text.count("*") - 2 == sparse_network(0.2).connections  # two are the pointers of the signature
