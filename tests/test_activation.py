"""Activations: near their exact functions for every float32, and the same to the bit on every road to the machine."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from armlet.arithmetic.float32 import FLOAT32
from armlet.config import AnnealOptions, CompileOptions
from armlet.errors import CapacityError, InputError
from armlet.formats.params import read_params, write_params
from armlet.network.activation import DEFINITIONS, Activation, activated, activation_error, spelt
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.network.topology import read_topology
from armlet.pipeline import compile_network, write_build
from armlet.select.lowering import lower
from armlet.verify.verify import verify_build
from generators.perceptrons import random_network

QUICK = CompileOptions(anneal=AnnealOptions(moves=20, chains=1))
KINDS = [kind for kind in Activation if kind is not Activation.LINEAR]


def network_of(*kinds: Activation, slope: float = 0.25) -> Network:
    made = random_network((6, *(5 for _ in kinds)), 0.6, 3, InputDomain.uniform(6, -1, 1), gain=7, shape=(6,))
    layers = (replace(layer, activation=kind, slope=slope) for layer, kind in zip(made.dense, kinds))
    return replace(made, layers=tuple(layers))


def values(sign: int) -> NDArray[np.float32]:
    """Every 997th finite float32 of one sign, from zero up."""
    bits = np.arange(0, 0x7F80_0000, 997, dtype=np.uint32)
    return (bits | np.uint32(sign << 31)).view(np.float32)


def machine(kind: Activation, x: F32, slope: np.float32 = np.float32(0)) -> F32:
    """What a machine makes of sums."""
    return FLOAT32.activate(FLOAT32.numbers, kind, slope, x)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sign", [0, 1])
def test_a_program_is_as_near_its_function_as_it_says(kind: Activation, sign: int):
    x, slope = values(sign), np.float32(0.3)
    exact = activated(kind, float(slope), x.astype(np.float64))
    found = machine(kind, x, slope)
    assert (np.abs(found - exact) <= activation_error(kind, exact)).all()


def test_a_stated_bound_is_no_more_than_four_times_what_is_seen():
    for kind in (Activation.SIGMOID, Activation.TANH):
        x = np.concatenate([values(0), values(1)])
        exact = activated(kind, 0.0, x.astype(np.float64))
        assert np.abs(machine(kind, x) - exact).max() > DEFINITIONS[kind].absolute / 4


def test_sigmoid_and_tanh_keep_their_range_and_their_middle_however_far_the_sum():
    for kind, low, middle in ((Activation.SIGMOID, 0.0, 0.5), (Activation.TANH, -1.0, 0.0)):
        for x in (values(0), values(1), np.array([np.inf, -np.inf], np.float32)):
            found = machine(kind, x)
            assert low <= found.min()
            assert found.max() <= 1
        assert machine(kind, np.zeros(1, np.float32))[0] == middle
    x = values(0)
    assert (machine(Activation.TANH, -x) == -machine(Activation.TANH, x)).all()


@pytest.mark.parametrize("how", ["separate", "fused"])
@pytest.mark.parametrize("simplified", [True, False])
@pytest.mark.parametrize("kind", list(Activation))
def test_every_activation_is_proved_and_exact_to_the_bit(kind: Activation, simplified: bool, how: str, tmp_path: Path):
    options = replace(QUICK, multiply_add=how, simplify=simplified, registers=None if simplified else 4)
    made = compile_network(network_of(kind, Activation.RELU, kind), "net", options)
    write_build(made, tmp_path / "net")
    verdict = verify_build(tmp_path / "net", random=8)
    assert [check for check in verdict.checks if not check.holds] == []


def test_another_slope_in_the_folder_is_refused(tmp_path: Path):
    made = compile_network(network_of(Activation.LEAKY_RELU, Activation.LINEAR), "net", QUICK)
    write_build(made, tmp_path / "net")
    text = (tmp_path / "net/network.toml").read_text()
    (tmp_path / "net/network.toml").write_text(text.replace("slope = 0.25", "slope = 0.5"))
    failed = {check.claim for check in verify_build(tmp_path / "net", random=2).checks if not check.holds}
    assert "the declared order has every connection once" in failed


@pytest.mark.parametrize("kind", KINDS)
def test_another_activation_in_the_folder_is_refused(kind: Activation, tmp_path: Path):
    made = compile_network(network_of(kind, Activation.LINEAR), "net", QUICK)
    write_build(made, tmp_path / "net")
    other = Activation.RELU if kind is not Activation.RELU else Activation.TANH
    changed = network_of(other, Activation.LINEAR)
    write_params(changed, tmp_path / "changed")
    (tmp_path / "net/network.toml").write_text((tmp_path / "changed/network.toml").read_text())
    failed = {check.claim for check in verify_build(tmp_path / "net", random=2).checks if not check.holds}
    assert "the declared order has every connection once" in failed


def test_registers_that_an_activation_takes_are_no_values():
    network = network_of(Activation.TANH, Activation.LINEAR)
    taken = lower(Activation.TANH).floats
    compile_network(network, "net", replace(QUICK, registers=30 - taken))
    with pytest.raises(CapacityError, match=f"{30 - taken} are left"):
        compile_network(network, "net", replace(QUICK, registers=31 - taken))


def test_slopes_survive_the_folder(tmp_path: Path):
    network = network_of(Activation.LEAKY_RELU, Activation.TANH, slope=0.1)
    write_params(network, tmp_path / "P")
    back = read_params(tmp_path / "P")
    kinds = [spelt(each.activation, each.slope) for each in network.dense]
    assert [spelt(each.activation, each.slope) for each in back.dense] == kinds
    assert back.digest() == network.digest() != network_of(Activation.LEAKY_RELU, Activation.TANH, slope=0.2).digest()


@pytest.mark.parametrize("slope", ["0.0", "1.0", "-0.5", "1e-60", "nan"])
def test_a_slope_that_is_none_is_refused_with_its_place(slope: str, tmp_path: Path):
    write_params(network_of(Activation.LEAKY_RELU), tmp_path / "P")
    path = tmp_path / "P/network.toml"
    path.write_text(path.read_text().replace("slope = 0.25", f"slope = {slope}"))
    with pytest.raises(InputError, match=r"layer\[0\].slope"):
        read_params(tmp_path / "P")


def test_a_topology_names_activations_where_they_are_not_the_usual_ones(tmp_path: Path):
    path = tmp_path / "topology.csv"
    path.write_text("14, 10 tanh, 9, 8 leaky_relu 0.2, 7 leaky_relu, 6\n")
    topology = read_topology(path)
    assert topology.widths == (196, 10, 9, 8, 7, 6)
    kinds = [(kind.value, slope) for kind, slope in topology.activations]
    assert [kind for kind, _ in kinds] == ["tanh", "relu", "leaky_relu", "leaky_relu", "linear"]
    assert [slope for _, slope in kinds][2:4] == [0.2, 0.01]


@pytest.mark.parametrize("entry", ["10 swish", "10 tanh 0.5", "10 leaky_relu 2", "10 leaky_relu nan", "tanh", "10 10"])
def test_a_topology_with_an_odd_layer_is_refused_with_its_place(entry: str, tmp_path: Path):
    path = tmp_path / "topology.csv"
    path.write_text(f"14, {entry}, 10\n")
    with pytest.raises(InputError, match="entry 2"):
        read_topology(path)
