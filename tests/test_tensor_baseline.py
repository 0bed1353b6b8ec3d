"""The C that convolutions in integers are compared with computes the same network, to the bit."""

import math
from dataclasses import replace

import pytest

from armlet.baseline.tensors import TENSOR_BASELINES
from armlet.comparison import measure_c
from armlet.errors import InputError, InvariantError
from armlet.integer.formats import INT16, UINT8
from armlet.integer.layers import IntegerConv
from armlet.integer.network import IntegerNetwork
from armlet.isa.targets import TARGETS
from armlet.network.layers import Reshape
from armlet.toolchain.toolchain import find_toolchain
from generators.window_survivors import survivor_convolution
from generators.windows import windowed_network

TARGET = TARGETS["cortex-m4f"]


@pytest.mark.parametrize("kind", TENSOR_BASELINES)
@pytest.mark.parametrize("seed", range(10))
def test_a_baseline_computes_networks_of_every_kind_of_layer(kind: str, seed: int):
    assert measure_c(windowed_network(seed), kind, TARGET, find_toolchain()).figures.cycles > 0


@pytest.mark.parametrize("kind", TENSOR_BASELINES)
@pytest.mark.parametrize("depthwise", [False, True])
def test_inputs_without_a_sign_are_widened_as_such(kind: str, depthwise: bool):
    network = survivor_convolution((4, 5, 6), 4, 3, 0.5, depthwise)
    (layer,) = network.layers
    assert isinstance(layer, IntegerConv)
    unsigned = replace(network, layers=(replace(layer, border=200),), input_format=UINT8)
    assert measure_c(unsigned, kind, TARGET, find_toolchain()).figures.cycles > 0


@pytest.mark.parametrize("kind", TENSOR_BASELINES)
def test_values_in_another_order_are_moved(kind: str):
    """Planes become other planes: in the array of C their channels lie elsewhere."""
    network = survivor_convolution((4, 6, 6), 4, 3, 0.5)
    conv, reshape = network.layers[0], Reshape((4, 4, 9))
    moved = replace(network, layers=(conv, reshape, conv, Reshape()))
    assert measure_c(moved, kind, TARGET, find_toolchain()).figures.cycles > 0


def test_dense_code_makes_two_products_an_instruction():
    network = survivor_convolution((8, 6, 6), 6, 3, 0.7)
    figures = measure_c(network, "dense C", TARGET, find_toolchain()).figures
    assert figures.mnemonics["smlad"] == 36 * network.weights / 2


def test_dense_code_takes_as_long_whatever_the_weights_are():
    tools = find_toolchain()
    cycles = [measure_c(_weighing(k), "dense C", TARGET, tools).figures.mnemonics["smlad"] for k in (0, 1)]
    assert cycles[0] == cycles[1]


def _weighing(seed: int) -> IntegerNetwork:
    return survivor_convolution((4, 6, 6), 8, 3, 0.5 * seed, seed=seed)


def test_unrolled_code_multiplies_only_by_what_is_there():
    network = survivor_convolution((8, 6, 6), 6, 3, 0.7)
    text = TENSOR_BASELINES["unrolled C"](network, "net")
    assert text.count(" * p[") == network.connections


def test_code_of_another_network_is_no_contestant(monkeypatch: pytest.MonkeyPatch):
    """A weight more or less is found out by the outputs."""
    network = survivor_convolution((4, 6, 6), 4, 3, 0.5)
    (layer,) = network.layers
    assert isinstance(layer, IntegerConv)
    weight = layer.body.weight.copy()
    weight[2, 7] += 5
    wrong = replace(network, layers=(replace(layer, body=replace(layer.body, weight=weight)),))
    text = TENSOR_BASELINES["dense C"](wrong, "net")
    monkeypatch.setattr("armlet.comparison.TENSOR_BASELINES", {"dense C": lambda *_: text})
    with pytest.raises(InvariantError, match="the outputs are not the network's"):
        measure_c(network, "dense C", TARGET, find_toolchain())


def test_values_of_two_bytes_are_refused():
    network = survivor_convolution((4, 6, 6), 4, 3, 0.5)
    (layer,) = network.layers
    assert isinstance(layer, IntegerConv)
    wide = replace(network, layers=(layer, layer), input_format=INT16)
    with pytest.raises(InputError, match="not in bytes"):
        TENSOR_BASELINES["dense C"](wide, "net")


def test_arrays_that_never_meet_share_their_memory():
    network = survivor_convolution((4, 6, 6), 4, 3, 0.5)
    layers = network.layers * 5
    figures = measure_c(replace(network, layers=layers), "unrolled C", TARGET, find_toolchain()).figures
    value = math.prod(network.shape)
    assert 2 * value <= figures.ram_bytes - 4 * 8 * 8 < 3 * value
