"""Networks with windows on inputs in uint8: words of values 128 less, and what the prover says of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armlet.errors import CapacityError
from armlet.integer.formats import INT8, UINT8
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerConv, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.integer.signed import with_signed_inputs
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.network.layers import Reduction
from armlet.simulate.decoded import decode_program
from armlet.verify.verify import verify_build
from compiled_tensors import CompiledTensors, deleted
from generators.builds import broken
from generators.tensor_builds import compiled_tensors
from generators.windows import Drawn, Windows, add_convolution, add_dense, add_pool, add_residual, scaled_pool


def unsigned(seed: int, begins: str = "convolution") -> IntegerNetwork:
    """Inputs of which a convolution, the largest of windows, or an addition takes first."""
    drawn = Drawn.of(np.random.default_rng(seed), (2, 5, 6))
    drawn.zeros[0] = 0  # so that the border, with 128 more below, is one of uint8
    match begins:
        case "largest":
            add_pool(drawn, IntegerPool(Reduction.MAX, (2, 2), (1, 1), (1, 0, 0, 1), -100, 90))
        case "average":
            add_pool(drawn, IntegerPool(Reduction.AVERAGE, (2, 2)))
        case "scaled":
            pool = IntegerPool(Reduction.AVERAGE, (2, 2), low=-128, high=127)
            add_pool(drawn, scaled_pool(drawn, pool, drawn.random))
        case "addition":
            add_residual(drawn)
        case _:
            pass
    add_convolution(drawn, 3, Windows((3, 3), (1, 2), (1, 1, 1, 1)), 4)
    add_dense(drawn)
    network = drawn.network()
    layers = [_raised(layer) if _takes_inputs(network, i) else layer for i, layer in enumerate(network.layers)]
    return replace(network, layers=tuple(layers), input_format=UINT8, input_zero=network.input_zero + 128)


def _takes_inputs(network: IntegerNetwork, i: int) -> bool:
    """Whether a layer takes the inputs, or the largest of them."""
    source = network.sources[i][0]
    return source == 0 or isinstance(network.layers[source - 1], IntegerPool)


def _raised(layer: object) -> object:
    if isinstance(layer, IntegerConv):
        return replace(layer, border=layer.border + 128)
    if not isinstance(layer, IntegerPool):
        return layer
    by = layer.scaling
    by = by and replace(by, bias=by.bias - 128 * layer.count(5, 6), zero=by.zero + 128)
    return replace(layer, low=layer.low + 128, high=layer.high + 128, scaling=by)


@pytest.mark.parametrize("begins", ["convolution", "largest", "scaled", "addition"])
@pytest.mark.parametrize("seed", range(4))
def test_inputs_without_a_sign_are_computed_and_proved(seed: int, begins: str) -> None:
    network = unsigned(seed, begins)
    made, x = CompiledTensors(network), np.random.default_rng(seed).integers(0, 256, (4, network.inputs))
    x[0], x[1] = 0, 255
    image = made.link()
    assert made.run(image, x) == run_integers(network, x).tolist()
    assert made.prove(image).problem == ""
    signed = with_signed_inputs(network)
    assert (run_integers(signed, x - 128) == run_integers(network, x)).all()
    assert signed.input_format is INT8


def test_no_program_without_one_of_its_instructions_is_proved_that_computes_something_else() -> None:
    network, random = unsigned(1), np.random.default_rng(0)
    made, x = CompiledTensors(network), random.integers(0, 256, (20, network.inputs))
    copies, wanted = deleted(made.lines), run_integers(network, x).tolist()
    copies = {name: copies[name] for name in random.permutation(sorted(copies))[:30].tolist()}
    image = made.link(copies)
    program = decode_program(CORTEX_M4F_CORE, image)
    found = [name for name in copies if not made.prove(image, name, program).problem]
    assert len(found) < len(copies) // 4
    assert [name for name in found if made.run(image, x, name) != wanted] == []


@pytest.mark.parametrize("outputs", ["auto", "argmax"])
@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m4f"])
def test_a_build_on_inputs_without_a_sign_is_verified_and_proved(target: str, outputs: str, tmp_path: Path) -> None:
    """On a core with a floating-point unit as on one without."""
    verdict = verify_build(compiled_tensors(unsigned(2), tmp_path, target=target, outputs=outputs), random=3)
    assert verdict.holds, broken(verdict)
    assert {*verdict.figures} == {"net_run", "net_core"}


def test_averages_of_inputs_without_a_sign_are_refused() -> None:
    with pytest.raises(CapacityError, match="layer 0 takes averages of inputs without a sign"):
        CompiledTensors(unsigned(0, "average"))
