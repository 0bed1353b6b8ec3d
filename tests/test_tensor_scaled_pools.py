"""Averages in a unit of their own: the sum of a window goes back through a multiplier, in bodies and in the proof."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armlet.baseline.tensors import TENSOR_BASELINES
from armlet.comparison import measure_c
from armlet.errors import CapacityError, InputError
from armlet.integer.drop_channels import drop_channels
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerConv, IntegerPool, PoolScaling
from armlet.integer.network import IntegerNetwork
from armlet.isa.targets import TARGETS
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.network.layers import Pair, Reduction
from armlet.simulate.decoded import decode_program
from armlet.toolchain.toolchain import find_toolchain
from armlet.verify.verify import verify_build
from compiled_tensors import CompiledTensors, deleted
from generators.builds import broken
from generators.tensor_builds import compiled_tensors
from generators.windows import Drawn, Windows, add_convolution, add_pool

GLOBAL = (None, (1, 1))
WINDOWS: tuple[tuple[Pair | None, Pair], ...] = (GLOBAL, ((2, 2), (2, 2)), ((3, 2), (1, 2)), ((1, 1), (1, 1)))
BY = PoolScaling(37, 0x5A82_7999, -4, -11)


def network_of(pool: IntegerPool, plane: Pair = (6, 7), last: bool = False) -> IntegerNetwork:
    drawn = Drawn.of(np.random.default_rng(3), (2, *plane))
    add_convolution(drawn, 2, Windows((1, 1)), 5)
    add_pool(drawn, pool)
    if not last:
        add_convolution(drawn, 3, Windows((1, 1)), 0)
    return drawn.network()


def scaled(windows: tuple[Pair | None, Pair], by: PoolScaling = BY, ends: Pair = (-128, 127)) -> IntegerPool:
    return IntegerPool(Reduction.AVERAGE, *windows, (0, 0, 0, 0), *ends, by)


@pytest.mark.parametrize("windows", WINDOWS)
@pytest.mark.parametrize("plane", [(6, 7), (5, 7), (9, 8)])
@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("ends", [(-128, 127), (-11, 90)])
def test_a_scaled_pool_is_computed_and_proved(
    windows: tuple[Pair | None, Pair], plane: Pair, once: bool, ends: Pair
) -> None:
    made = CompiledTensors(network_of(scaled(windows, replace(BY, once=once), ends), plane))
    image = made.link()
    assert made.is_right(image)
    assert made.prove(image).problem == ""


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("windows", [GLOBAL, ((3, 2), (1, 2))])
def test_no_scaled_pool_without_one_of_its_instructions_is_proved_that_computes_something_else(
    windows: tuple[Pair | None, Pair], once: bool
) -> None:
    made = CompiledTensors(network_of(scaled(windows, replace(BY, once=once))))
    copies, random = deleted(made.lines), np.random.default_rng(0)
    copies = {name: copies[name] for name in random.permutation(sorted(copies))[:40].tolist()}
    image = made.link(copies)
    program = decode_program(CORTEX_M4F_CORE, image)
    found = [name for name in copies if not made.prove(image, name, program).problem]
    assert len(found) < len(copies) // 4
    assert [name for name in found if not made.is_right(image, name, 20)] == []


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m4f"])
def test_a_build_with_a_scaled_pool_is_verified_and_proved(target: str, tmp_path: Path) -> None:
    verdict = verify_build(compiled_tensors(network_of(scaled(GLOBAL)), tmp_path, target=target), random=3)
    assert verdict.holds, broken(verdict)
    manifest = json.loads((tmp_path / "net" / "net.json").read_text())
    assert [layer["kind"] for layer in manifest["layers"]] == ["conv", "scaled_average_pool", "conv"]


@pytest.mark.parametrize("kind", TENSOR_BASELINES)
@pytest.mark.parametrize("once", [False, True])
def test_c_computes_scaled_pools(kind: str, once: bool) -> None:
    for windows in WINDOWS:
        network = network_of(scaled(windows, replace(BY, once=once), (-100, 120)))
        assert measure_c(network, kind, TARGETS["cortex-m4f"], find_toolchain()).figures.cycles > 0


def test_channels_that_are_constant_go_through_a_scaled_pool() -> None:
    """Into the biases of those who read them, as the number that the pool makes of them."""
    network = network_of(scaled(GLOBAL))
    conv = network.layers[0]
    assert isinstance(conv, IntegerConv)
    weight = conv.body.weight.copy()
    weight[0] = 0
    network = replace(network, layers=(replace(conv, body=replace(conv.body, weight=weight)), *network.layers[1:]))
    dropped = drop_channels(network)
    assert [len(channels) for channels in dropped.channels] == [2, 1, 1, 3]
    rows = np.random.default_rng(2).integers(-128, 128, (20, network.inputs))
    assert np.array_equal(run_integers(dropped.network, rows), run_integers(network, rows))


FAULTS = {
    "multiplier": (replace(BY, multiplier=0x5A92_7999), "its bias, scaling or clamp is another"),
    "exponent": (replace(BY, exponent=-5), "its bias, scaling or clamp is another"),
    "bias": (replace(BY, bias=36), "its bias, scaling or clamp is another"),
    "zero": (replace(BY, zero=-12), "its bias, scaling or clamp is another"),
    "rounding": (replace(BY, once=True), "its bias, scaling or clamp is another"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_pool_scaled_in_another_way_is_refused(fault: str) -> None:
    """Programs of pools that differ in one number, held against the network."""
    other, said = FAULTS[fault]
    made, wrong = (CompiledTensors(network_of(scaled(((2, 2), (2, 2)), by))) for by in (BY, other))
    assert said in made.prove(made.link({"f": wrong.lines})).problem


def test_a_pool_that_leaves_out_a_value_is_refused() -> None:
    made = CompiledTensors(network_of(scaled(GLOBAL)))
    dropped = [line for line in made.lines if line.startswith("uxtab r6, r6,")]
    lines = list(made.lines)
    lines.remove(dropped[5])
    assert "its sum never takes in layer 0" in made.prove(made.link({"f": lines})).problem


def test_scaled_sums_are_stored_by_their_definition() -> None:
    """One number at a time, in fractions: the sum with its bias times the multiplier, to the nearest, halves up."""
    by = replace(BY, once=True)
    network = network_of(scaled(GLOBAL, by), (3, 3), last=True)
    rows = np.random.default_rng(1).integers(-128, 128, (50, network.inputs))
    planes = run_integers(
        replace(network, layers=network.layers[:1], output_scale=np.ones(18), output_zero=[0] * 18), rows
    )
    for sums, found in zip(planes.reshape(50, 2, 9).sum(axis=2), run_integers(network, rows)):
        for total, stored in zip(sums.tolist(), found.tolist()):
            product = (total + by.bias) * by.multiplier
            nearest = (product + (1 << 34)) >> 35
            assert stored == min(max(nearest + by.zero, -128), 127)


def test_a_scaling_goes_with_averages_alone_that_take_no_padding() -> None:
    for reduction, sides in ((Reduction.MAX, (0, 0, 0, 0)), (Reduction.AVERAGE, (1, 1, 1, 1))):
        with pytest.raises(InputError, match="with a scaling is no average, or has padding"):
            IntegerPool(reduction, (2, 2), (1, 1), sides, -128, 127, BY)


@pytest.mark.parametrize(
    "wrong", [{"bias": 1 << 31}, {"zero": -(1 << 31) - 1}, {"multiplier": 1 << 31}, {"exponent": 31}]
)
def test_numbers_of_a_scaling_beyond_their_ends_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError):
        replace(BY, **wrong)


def test_a_scaled_pool_is_clamped_within_what_is_stored() -> None:
    with pytest.raises(InputError, match="is clamped from -129 to 127, beyond int8"):
        network_of(scaled(GLOBAL, BY, (-129, 127)))


@pytest.mark.parametrize(
    "by", [replace(BY, multiplier=0), replace(BY, exponent=1), replace(BY, exponent=-30), replace(BY, bias=1 << 30)]
)
def test_scalings_that_are_not_written_are_refused(by: PoolScaling) -> None:
    with pytest.raises(CapacityError, match=r"layer 1: .* not written for tensors yet"):
        CompiledTensors(network_of(scaled(GLOBAL, by)))
