"""Networks in shapes that people use, compiled, run to the bit, and proved from their linked bytes."""

import numpy as np
import pytest

from armlet.integer.interpret import run_integers
from armlet.select.tensors.shapes import SHAPES
from compiled_tensors import CompiledTensors
from generators.shaped import SHAPED, shaped_network


@pytest.mark.parametrize("seed", range(2 * len(SHAPED)))
def test_a_shaped_network_is_exact_and_proved(seed: int) -> None:
    network = shaped_network(seed)
    made = CompiledTensors(
        network, [SHAPES[int(np.random.default_rng(seed).integers(len(SHAPES)))]] * len(network.layers)
    )
    rows = np.random.default_rng(seed).integers(-128, 128, (3, network.inputs))
    rows[0], rows[1] = -128, 127
    image = made.link()
    assert made.run(image, rows) == run_integers(network, rows).tolist()
    assert made.prove(image).problem == ""


def test_every_shape_is_a_chain_of_windows_with_a_classifier_or_more() -> None:
    for seed, shape in enumerate(SHAPED):
        kinds = [type(layer).__name__ for layer in shaped_network(seed).layers]
        assert "IntegerConv" in kinds, shape.__name__
        assert kinds[-1] == "IntegerDense", shape.__name__
