"""Faults planted in what the proof of tensors concludes of trips before: constants among values, places, lifts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from armlet.integer.formats import INT8
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerConv, IntegerDense, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Shift
from armlet.network.activation import Activation
from armlet.network.layers import Reduction
from armlet.prove.tensors.contract import PlacedValues
from armlet.prove.tensors.names import constants_of, is_constant
from armlet.prove.tensors.values import Values
from compiled_tensors import CompiledTensors
from generators.windows import windowed_network
from tensor_cases import network, one_layer
from tensor_programs import TensorProgram, Writer, border_word, framed, samples

FALSE_ALARMS = {  # networks, without padded pools, of which right programs were refused once
    10303: "an addition over leftovers of memory, whose first trip lies where another tensor was",
    10970: "the same, where all of a channel is clamped to few numbers",
    12304: "the same, in the last trips",
    12436: "a byte of constants alone, right for two tensors whose memory is one",
    14373: "the same in a dense layer",
    20021: "a largest value of values and of constants at a border",
    20111: "the upper bytes of a sum that is stored as it is",
    20130: "an addition whose wide numbers wrap round and back",
    22312: "a largest value that is clamped to two neighbours",
    21156: "an addition of values and of constants at a border, another in each row",
}


@pytest.mark.parametrize("seed", FALSE_ALARMS)
def test_what_was_refused_once_is_proved(seed: int):
    made = CompiledTensors(windowed_network(seed, padded_pools=False, residuals=False))
    assert made.prove(made.link()).problem == ""


def test_a_border_that_is_stored_otherwise_than_values_fits_no_sum_of_values():
    """The first trip takes the border and is right; further ones take values in its stead, with 128 more."""
    made = one_layer(size=(2, 4), channels=(1, 1), kernel=(1, 2), padding=(0, 1, 0, 0), border=5, density=1.0)
    (weight, _), text = made.network.layers[0].body.weight[0].tolist(), "\n".join(made.lines)  # pyright: ignore
    sums = made.words[0] + (made.words[1] << 32) + 128 * weight
    right, wrong = (f"movw r12, #{word & 0xFFFF}\nmovt r12, #{word >> 16}" for word in (border_word(5), 5 | 5 << 24))
    assert right in text
    lines = tuple(text.replace(right, wrong).split("\n"))
    made = replace(made, lines=lines, words=(sums & 0xFFFF_FFFF, sums >> 32 & 0xFFFF_FFFF, *made.words[2:]))
    assert not made.is_right(made.link())
    assert "row 0, column 1: its bias, scaling or clamp is another" in made.prove(made.link()).problem


@dataclass(frozen=True)
class Bytes:
    """Where the bytes of a tensor lie in the block, and what each has more than its value."""

    start: int
    more: tuple[int, ...]

    def placed(self, value: int, base: int) -> PlacedValues:
        count = np.arange(len(self.more))
        return PlacedValues(value, count, base + self.start + count, np.array(self.more))


def pooled(
    edge: int | None = 68,
    more: int = 0,
    lifts: tuple[int, int] = (128, 128),
    store: str = "",
    ends: tuple[int, int] = (-128, 127),
) -> TensorProgram:
    """Bytes three by two, and the larger of each two; the first is the constant `edge`, which is right where it is 68.

    `more` is added to the first of each two, `lifts` is what outputs are declared to have more; clamped between
    `ends`, and `store` is what is done before one is stored.
    """
    w, taken = Writer(), 4 if edge is None else 3
    w.add("ldr r0, [sp, #0]")
    if edge is not None:
        w.add(f"mov r1, #{edge}\nstrb r1, [r0, #4]")
    for k in range(taken):
        w.add(f"ldrb r1, [r0, #{k}]\nadd r1, r1, r1, lsl #1\nsub r1, r1, #127\nusat r1, #8, r1, asr #1")
        w.add(f"strb r1, [r0, #{8 - taken + k}]")
    w.add("mov r2, #2\nadd r3, r0, #8")
    top = w.label()
    w.add(f"ldrb r4, [r0, #4]\nldrb r5, [r0, #5]\nadd r4, r4, #{more}\nsub r5, r5, r4\nbic r5, r5, r5, asr #31")
    w.add(f"add r4, r4, r5\n{store}strb r4, [r3], #1\nadd r0, r0, #2\nsubs r2, #1\nbne.w {top}")
    one, sides = np.ones(1, int), (0, 0, 0, 0) if edge is None else (0, 1, 0, 0)
    weight = np.array([[3]] if edge is None else [[3, 0]], np.int16)
    by = Shift(one), Activation.LINEAR, INT8, -128 * one, 127 * one
    pool = IntegerPool(Reduction.MAX, (1, 2), (1, 2), low=ends[0], high=ends[1])
    body = IntegerDense(weight, one.astype(np.int32), *by)
    layers = IntegerConv(body, (1, weight.size), padding=sides, border=-40), pool
    places = Bytes(0, (128,) * 4), Bytes(4, (128,) * 4), Bytes(8, lifts)
    return TensorProgram(network((1, 1, 4), layers), places, framed(w), (), 12)  # pyright: ignore[reportArgumentType]


CLAMP = "sub r4, r4, #145\nbic r4, r4, r4, asr #31\nusat r4, #1, r4\nadd r4, r4, #145\n"  # between 17 and 18


@pytest.mark.parametrize("right", [{}, {"edge": None}, {"ends": (17, 18), "store": CLAMP}], ids=str)
def test_the_largest_of_values_and_constants_is_proved(right: Mapping[str, object]):
    made = pooled(**right)  # pyright: ignore[reportArgumentType]
    assert made.is_right(made.link())
    assert made.prove(made.link()).problem == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"edge": 69},
        {"edge": 67},
        {"edge": 0},  # below any value, but not that of the border
        {"more": 1},
        {"edge": 63, "more": 5},  # right in the first trip alone
        {"edge": 0, "more": 68},
        {"edge": None, "more": 3},
        {"lifts": (128, 0)},  # the second output has 128 more than it should
        {"edge": None, "lifts": (128, 0)},
        {"edge": None, "lifts": (128, 127)},
        {"store": "usat r4, #7, r4\n"},
        {"ends": (17, 18), "store": CLAMP.replace("usat r4, #1", "usat r4, #2")},
        {"ends": (17, 18), "store": CLAMP.replace("sub r4, r4, #145", "sub r4, r4, #146")},
        {"ends": (17, 18), "store": CLAMP.replace("add r4, r4, #145", "add r4, r4, #144")},
        {"ends": (17, 19), "store": CLAMP},
        {"ends": (16, 17), "store": CLAMP},
    ],
    ids=str,
)
def test_the_largest_of_something_else_is_not(wrong: Mapping[str, object]):
    made = pooled(**wrong)  # pyright: ignore[reportArgumentType]
    rows = np.repeat(np.arange(-128, 128)[:, None], 4, axis=1)
    assert made.run(made.link(), rows) != run_integers(made.network, rows).tolist()
    assert "it is not the largest of its window" in made.prove(made.link()).problem


@pytest.mark.parametrize("seed", [*FALSE_ALARMS, *range(40)])
def test_values_that_are_called_constant_are(seed: int):
    made = windowed_network(seed, padded_pools=False, residuals=False)
    values, rows = Values(made), samples(made, 40)
    for k, names in enumerate(values.names[1:], 1):
        known = is_constant(names)
        if known.any():
            left = values_of(made, k, rows)
            assert (left[:, known] == constants_of(names)[known]).all()


def values_of(of: IntegerNetwork, value: int, rows: np.ndarray) -> np.ndarray:
    """What a layer gives, (rows, cells)."""
    cut = replace(
        of,
        layers=of.layers[:value],
        wiring=of.wiring[:value],
        output_scale=np.ones(of.widths[value]),
        output_zero=np.zeros(of.widths[value], int),
    )
    return run_integers(cut, rows)
