"""Additions of tensors as straight lines: for all pairs of values, and what the prover says where one is another."""

import re

import numpy as np
import pytest

from armlet.integer.formats import I64, INT8
from armlet.integer.interpret import added
from armlet.integer.layers import IntegerAdd
from armlet.integer.requantise import Multiplier
from armlet.select.tensors.lines import RAISED, Line, line_of
from armlet.tensors.layout import LIFT, UPPER
from compiled_tensors import CompiledTensors
from generators.windows import Drawn, Windows, add_convolution, addition

VALUES = np.arange(-128, 128)
PAIRS = np.meshgrid(VALUES, VALUES, indexing="ij")


def on_line(line: Line, lane: int) -> I64:
    """What a program makes of all pairs in a lane, in words of 32 bits."""
    more, raised = ((LIFT, RAISED), (0, UPPER))[lane]
    one, other = ((values + more << raised) * factor >> 32 for values, factor in zip(PAIRS, line.factors))
    sums = one + other + line.starts[lane]
    assert np.abs(sums + 0.5).max() < 1 << 31
    return np.clip((sums >> line.shifts[lane]) - more, -128, 127)


@pytest.mark.parametrize("seed", range(20))
def test_a_line_gives_what_is_added_in_both_lanes(seed: int) -> None:
    drawn = Drawn.of(np.random.default_rng(seed), (1, 2, 2))
    layer = addition(drawn, 0, 0, int(drawn.random.integers(-128, 128)))
    line, wanted = line_of(layer), added(layer, *PAIRS)
    assert line is not None
    assert (on_line(line, 0) == wanted).all()
    assert (on_line(line, 1) == wanted).all()


def test_a_clamp_leaves_the_line_as_it_is() -> None:
    scaling, back = (
        Multiplier(np.full(2, 1 << 30), np.zeros(2, int), True),
        Multiplier(np.array([1 << 30]), np.array([-18]), True),
    )
    layer = IntegerAdd((3, -5), 20, scaling, back, INT8, -128, 100, -128)
    line = line_of(layer)
    assert line is not None
    assert (np.clip(on_line(line, 1), -128, 100) == added(layer, *PAIRS)).all()


def coarse() -> IntegerAdd:
    """Both values are rounded to whole numbers before they are added: no line does that."""
    scaling = Multiplier(np.array([1 << 30, 3 << 29]), np.zeros(2, int), True)
    return IntegerAdd((0, 0), 0, scaling, Multiplier(np.array([3 << 29]), np.array([-2]), True), INT8, -128, 127)


def test_what_is_rounded_in_between_is_no_line() -> None:
    assert line_of(coarse()) is None


def residual(layer: IntegerAdd | None, width: int = 3) -> CompiledTensors:
    """Two convolutions on one tensor, and the sum of what they make."""
    drawn = Drawn.of(np.random.default_rng(7), (2, 3, width))
    add_convolution(drawn, 2, Windows((1, 1)), -128)
    add_convolution(drawn, 2, Windows((3, 3), sides=(1, 1, 1, 1)), 3)
    drawn.add(layer or addition(drawn, 1, 2, 0), drawn.shapes[-1], 0, 1, 2)
    add_convolution(drawn, 1, Windows((3, 3), sides=(1, 1, 1, 1)), 0)
    return CompiledTensors(drawn.network())


@pytest.mark.parametrize("layer", [None, coarse()])
def test_a_residual_is_computed_and_proved(layer: IntegerAdd | None) -> None:
    made = residual(layer)
    assert ("lsl #2]" in "\n".join(made.lines)) == (layer is not None)  # of a table
    image = made.link()
    assert made.is_right(image)
    assert made.prove(image).problem == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r"lsl.w r10, r8, #23", "lsl.w r10, r8, #22"),
        (r"lsls.n r10, r8, #23|lsl.w r10, r8, #23", "lsl.w r10, r9, #23"),
        (r"smmla r10, r10, r4, r6", "smmla r10, r10, r5, r6"),
        (r"smmla r10, r11, r5, r10", "smmla r10, r11, r5, r6"),
        (r"smmla r8, r8, r4, r7", "smmla r8, r8, r4, r6"),
        (r"movt r6, #(\d+)", "movt r6, #0"),
        (r"movt r5, #(\d+)", "movt r5, #77"),
    ],
)
def test_another_line_is_refused(before: str, after: str) -> None:
    made = residual(None)
    text = "\n".join(made.lines)
    changed, count = re.subn(before, after, text)
    assert count, text
    image = made.link({"f": changed.split("\n")})
    assert not made.is_right(image)
    assert made.prove(image).problem


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sub.w r8, r8, r10, lsr #23", "nop.w"),
        ("sub.w r9, r9, r11, lsr #23", "sub.w r9, r9, r11, lsr #24"),
    ],
)
def test_a_trace_of_the_other_lane_is_refused(before: str, after: str) -> None:
    """It may be too little for any step, but then that is not shown."""
    made = residual(None)
    text = "\n".join(made.lines)
    assert before in text
    said = made.prove(made.link({"f": text.replace(before, after).split("\n")})).problem
    assert "it is no function of the two values that are added" in said


def test_a_start_that_is_one_step_further_is_refused_and_one_within_its_room_is_not() -> None:
    """What is added may be any number under all steps, and no other."""
    made = residual(None)
    text = "\n".join(made.lines)
    layer = made.network.layers[2]
    assert isinstance(layer, IntegerAdd)
    line, wanted = line_of(layer), added(layer, *PAIRS)
    assert line is not None
    low, high = re.search(r"movw r7, #(\d+)\nmovt r7, #(\d+)", text).groups()  # type: ignore[union-attr]
    for more in (1, 1 << line.shifts[1] - 2):
        start = line.starts[1] + more
        moved = on_line(Line(line.factors, (line.starts[0], start), line.shifts), 1)
        word = start & 0xFFFF_FFFF
        changed = text.replace(
            f"movw r7, #{low}\nmovt r7, #{high}", f"movw r7, #{word & 0xFFFF}\nmovt r7, #{word >> 16}"
        )
        assert changed != text
        problem = made.prove(made.link({"f": changed.split("\n")})).problem
        assert (problem == "") == bool((moved == wanted).all())
