"""The C that integer programs are compared with computes the same network, to the bit."""

import numpy as np
import pytest

from armlet.baseline.integers import INTEGER_BASELINES
from armlet.comparison import measure_c
from armlet.isa.targets import TARGETS
from armlet.toolchain.toolchain import find_toolchain
from generators.integer_survivors import integer_survivors
from generators.integers import draw_integer_network

TARGET = TARGETS["cortex-m4f"]


@pytest.mark.parametrize("kind", INTEGER_BASELINES)
@pytest.mark.parametrize("alphabet", ["pow2", "int8"])
def test_a_baseline_in_integers_computes_the_network(kind: str, alphabet: str):
    network = integer_survivors((39, 21, 9, 5), 0.6, alphabet)
    figures = measure_c(network, kind, TARGET, find_toolchain()).figures
    assert figures.flash_bytes > 0


@pytest.mark.parametrize("kind", INTEGER_BASELINES)
def test_a_baseline_computes_networks_of_every_format_and_activation(kind: str):
    tools = find_toolchain()
    for number in range(12):
        measure_c(draw_integer_network(np.random.default_rng([8, number]), widest=6), kind, TARGET, tools)


def test_dense_code_makes_two_products_an_instruction():
    network = integer_survivors((40, 24, 10), 0.5, "int8")
    figures = measure_c(network, "dense C", TARGET, find_toolchain()).figures
    assert figures.mnemonics["smlad"] == network.weights / 2


def test_unrolled_code_multiplies_only_by_what_is_there():
    network = integer_survivors((30, 12, 5), 0.6, "int8")
    text = INTEGER_BASELINES["unrolled C"](network, "net")
    assert text.count("*") - 2 == network.connections  # two are the pointers of the signature
