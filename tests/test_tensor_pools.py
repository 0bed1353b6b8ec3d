"""Pools with padding: what no window holds is left out, in the largest, in the sum and in what it is divided by."""

import numpy as np
import pytest

from armlet.integer.layers import IntegerPool
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.network.layers import Pair, Reduction, Sides
from armlet.select.tensors.pool import PoolTask, rows_of_words
from armlet.select.tensors.rows import PlacedTensor
from armlet.simulate.decoded import decode_program
from armlet.tensors.layout import LaneLayout
from compiled_tensors import CompiledTensors, deleted
from generators.windows import Drawn, Windows, add_convolution, add_pool

SIDES: tuple[tuple[Pair, Pair, Sides], ...] = (
    ((3, 3), (1, 1), (1, 1, 1, 1)),
    ((3, 3), (2, 2), (0, 0, 1, 1)),
    ((2, 3), (1, 2), (1, 2, 0, 1)),
    ((4, 1), (1, 1), (3, 0, 3, 0)),
    ((5, 7), (3, 2), (2, 3, 2, 3)),
)


def pooled(reduction: Reduction, windows: tuple[Pair, Pair, Sides], plane: Pair = (6, 7)) -> CompiledTensors:
    drawn = Drawn.of(np.random.default_rng(3), (2, *plane))
    add_convolution(drawn, 2, Windows((1, 1)), 5)
    add_pool(drawn, IntegerPool(reduction, *windows))
    return CompiledTensors(drawn.network())


@pytest.mark.parametrize("windows", SIDES)
@pytest.mark.parametrize("plane", [(6, 7), (5, 7), (9, 8)])
@pytest.mark.parametrize("reduction", Reduction)
def test_a_pool_with_padding_is_computed_and_proved(
    reduction: Reduction, windows: tuple[Pair, Pair, Sides], plane: Pair
) -> None:
    made = pooled(reduction, windows, plane)
    image = made.link()
    assert made.is_right(image)
    assert made.prove(image).problem == ""


@pytest.mark.parametrize("reduction", Reduction)
def test_no_pool_without_one_of_its_instructions_is_proved_that_computes_something_else(reduction: Reduction) -> None:
    made, random = pooled(reduction, SIDES[0]), np.random.default_rng(0)
    copies = deleted(made.lines)
    copies = {name: copies[name] for name in random.permutation(sorted(copies))[:40].tolist()}
    image = made.link(copies)
    program = decode_program(CORTEX_M4F_CORE, image)
    found = [name for name in copies if not made.prove(image, name, program).problem]
    assert len(found) < len(copies) // 4
    assert [name for name in found if not made.is_right(image, name, 20)] == []


def test_an_average_over_the_padding_too_is_refused() -> None:
    """Corners of 3x3 windows are divided by 4 and edges by 6; with the multiplier of 9 they are something else."""
    made = pooled(Reduction.AVERAGE, SIDES[0])
    text, six, nine = "\n".join(made.lines), -(-(1 << 32) // 6), -(-(1 << 32) // 9)
    before, after = (f"movw r9, #{n & 0xFFFF}\nmovt r9, #{n >> 16}" for n in (six, nine))
    assert before in text
    said = made.prove(made.link({"f": text.replace(before, after, 1).split("\n")})).problem
    assert "its bias, scaling or clamp is another" in said


def test_rows_of_words_are_alike_where_both_lanes_have_the_same_rows_of_padding() -> None:
    layer, shape = IntegerPool(Reduction.MAX, (3, 3), (1, 1), (1, 1, 1, 1)), (1, 9, 4)
    tensor = PlacedTensor(LaneLayout(shape, 5), 0)
    found = rows_of_words(PoolTask(layer, 0, tensor, tensor))
    assert [(rows.lower, rows.upper, rows.count) for rows in found] == [
        ((1, 2), (0, 1, 2), 1),
        ((0, 1, 2), (0, 1, 2), 2),
        ((0, 1, 2), (0, 1), 2),  # lane 1 of the last has no row of its own
    ]
