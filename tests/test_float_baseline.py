"""The C that networks with windows in float32 are compared with computes the same network, within its proven bound."""

import math
from dataclasses import replace

import numpy as np
import pytest

from armlet.baseline.floats import FLOAT_BASELINES
from armlet.comparison import measure_c, require_agreement
from armlet.errors import InputError, InvariantError
from armlet.isa.targets import TARGETS
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool, Reduction, Reshape
from armlet.network.network import Network
from armlet.toolchain.toolchain import Toolchain, find_toolchain
from float_soak import drawn
from generators.float_survivors import float_survivor_convolution
from generators.floats import small

TARGET = TARGETS["cortex-m4f"]
SEEDS = (3, 6, 8, 9, 10, 13)  # of networks that have all kinds of layers among them
FAULTS = {  # what a writer might get wrong in the C of `small`, beside its numbers
    "dense C": (
        ("row = 1 * y - 1", "row = 1 * y"),
        ("kend = column + 2 < 6 ? 3", "kend = column + 3 < 6 ? 2"),
        ("w[9 * c + 3 * j + k]", "w[9 * c + 3 * k + j]"),
        ("from + 36 * (o / 1)", "from"),
        ("*to++ = relu6(sum)", "*to++ = relu(sum)"),
        ("(float)((j1 - j0) * (k1 - k0))", "(float)(j1 - j0)"),
        ("from[k] + other[k]", "from[k] + from[k]"),
        ("> t ?", "< t ?"),
        ("layer4(arena", "layer4(input"),
    ),
    "blocked C": (
        ("to += 2;", "to += 1;"),
        ("x1 = x[2]", "x1 = x[1]"),
        ("t21 += w[2] * x1", "t21 += w[1] * x1"),
        ("if (left > 2) {", "if (left > 3) {"),
        ("t13 = b[1]", "t13 = b[0]"),
        ("planes[18 +", "planes[17 +"),
    ),
    "unrolled C": (
        ("planes[k] = 0x0.0p+0f", "planes[k] = 0x1.0p-10f"),
        ("p = planes + 16 * y", "p = planes + 14 * y"),
        ("to[36] = relu(", "to[35] = relu("),
        ("planes[k]", "planes[k / 2]"),
    ),
}


@pytest.mark.parametrize("kind", FLOAT_BASELINES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_baseline_computes_networks_of_every_kind_of_layer(each_toolchain: Toolchain, kind: str, seed: int):
    network = drawn(np.random.default_rng(seed))
    assert measure_c(network, kind, TARGET, each_toolchain).figures.cycles > 0


def test_the_networks_tried_have_all_kinds_of_layers():
    """Else the test above would say less than it says."""
    tried = [layer for seed in SEEDS for layer in drawn(np.random.default_rng(seed)).layers]
    assert {type(layer) for layer in tried} >= {Conv, Depthwise, Pool, Add, Reshape}
    windows = [layer for layer in tried if isinstance(layer, Conv | Depthwise)]
    assert any(layer.dilation != (1, 1) for layer in windows)
    assert any(layer.stride != (1, 1) for layer in windows)
    assert any(isinstance(layer, Conv) and layer.groups > 1 for layer in windows)
    assert {layer.reduction for layer in tried if isinstance(layer, Pool)} == {*Reduction}


@pytest.mark.parametrize("kind", FLOAT_BASELINES)
@pytest.mark.parametrize("depthwise", [False, True])
def test_beyond_the_planes_of_inputs_stands_their_mean(kind: str, depthwise: bool, monkeypatch: pytest.MonkeyPatch):
    network = float_survivor_convolution((4, 5, 6), 4, 3, 0.5, depthwise)
    domain = InputDomain.uniform(network.inputs, -1, 3, 0.75, 0.4)
    (first,) = network.layers
    network = replace(network, layers=(first, first), domain=domain)
    assert measure_c(network, kind, TARGET, find_toolchain()).figures.cycles > 0
    zeros = FLOAT_BASELINES[kind](network, "net").replace((0.75).hex(), (0.0).hex())
    monkeypatch.setattr("armlet.comparison.FLOAT_BASELINES", {kind: lambda *_: zeros})
    with pytest.raises(InvariantError, match="the outputs are not the network's"):
        measure_c(network, kind, TARGET, find_toolchain())


@pytest.mark.parametrize(("kind", "old", "new"), [(kind, *each) for kind, every in FAULTS.items() for each in every])
def test_a_fault_in_the_code_is_seen(kind: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch):
    network = small(np.random.default_rng(1))
    text = FLOAT_BASELINES[kind](network, "net")
    assert old in text
    monkeypatch.setattr("armlet.comparison.FLOAT_BASELINES", {kind: lambda *_: text.replace(old, new, 1)})
    with pytest.raises(InvariantError, match="the outputs are not the network's"):
        measure_c(network, kind, TARGET, find_toolchain())


@pytest.mark.parametrize("kind", FLOAT_BASELINES)
def test_code_of_another_network_is_no_contestant(kind: str, monkeypatch: pytest.MonkeyPatch):
    """A weight that differs in its last bits is found out by the outputs."""
    network = float_survivor_convolution((4, 6, 6), 4, 3, 0.5)
    (layer,) = network.layers
    assert isinstance(layer, Conv)
    weight = layer.weight.copy()
    weight[2, 0][weight[2, 0] != 0] *= 1 + 2.0**-14
    text = FLOAT_BASELINES[kind](replace(network, layers=(replace(layer, weight=weight),)), "net")
    monkeypatch.setattr("armlet.comparison.FLOAT_BASELINES", {kind: lambda *_: text})
    with pytest.raises(InvariantError, match="the outputs are not the network's"):
        measure_c(network, kind, TARGET, find_toolchain())


def test_outputs_without_a_bound_are_not_called_equal():
    network = float_survivor_convolution((1, 2, 2), 1, 1, 0.0)
    (layer,) = network.layers
    assert isinstance(layer, Conv)
    huge = replace(layer, weight=np.full((1, 1, 1, 1), 3e38, np.float32))
    network = replace(network, layers=(huge, huge), domain=InputDomain.undeclared(4))
    with pytest.raises(InvariantError, match="cannot be checked"):
        require_agreement(network, "dense C", np.ones(4, np.float32), np.ones(4, np.float32))


@pytest.mark.parametrize("kind", ["dense C", "blocked C"])
def test_dense_code_takes_as_long_whatever_the_weights_are(kind: str):
    tools = find_toolchain()
    linear = [_linear(float_survivor_convolution((4, 6, 6), 8, 3, sparsity)) for sparsity in (0.0, 0.9)]
    assert len({measure_c(network, kind, TARGET, tools).figures.cycles for network in linear}) == 1


def _linear(network: Network) -> Network:
    """Without the comparisons of a ReLU, which take a branch or not."""
    (layer,) = network.layers
    assert isinstance(layer, Conv)
    return replace(network, layers=(replace(layer, activation=Activation.LINEAR),))


def test_unrolled_code_multiplies_only_by_what_is_there():
    network = float_survivor_convolution((8, 6, 6), 6, 3, 0.7)
    assert FLOAT_BASELINES["unrolled C"](network, "net").count(" * p[") == network.connections


def test_arrays_that_never_meet_share_their_memory():
    network = float_survivor_convolution((4, 6, 6), 4, 3, 0.5)
    five = replace(network, layers=network.layers * 5)
    figures = measure_c(five, "dense C", TARGET, find_toolchain()).figures
    assert figures.ram_bytes == 2 * 4 * math.prod(network.shape)


def test_inputs_that_are_not_folded_are_refused():
    first, dense = Pool(Reduction.MAX), Dense(np.ones((1, 4), np.float32), np.ones(1, np.float32), Activation.LINEAR)
    network = Network((first, dense), InputDomain.uniform(16, mean=0.5), (4, 2, 2))
    with pytest.raises(InputError, match="folded into layers of weights alone"):
        FLOAT_BASELINES["dense C"](network, "net")
