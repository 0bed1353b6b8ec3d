"""Bodies of convolutions: the order of weights, constants made from each other, sums that are scaled with an excess."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.integer.formats import I64
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.thumb.integer.cortex_m4 import CORTEX_M4
from armlet.select.integer.writer import Writer
from armlet.select.tensors.bodies.taps import Tap, ordered, products, write_factor
from armlet.select.tensors.bodies.trails import fewest_trails
from armlet.select.tensors.closing import FIELD, Lanes, Scaling, lanes_of
from armlet.tensors.layout import LIFT


def scaling_from(random: np.random.Generator) -> Scaling:
    """A factor of 31 bits, rounded once or twice."""
    shift, twice = int(random.integers(1, 14)), bool(random.random() < 0.5)
    zero = -128 if random.random() < 0.5 else int(random.integers(-128, 128))
    start = (1 << shift - 1) + (zero << shift)
    return Scaling(int(random.integers(1 << 30, 1 << 31)), shift, start, -128, 127, twice, False)


def stored(scaling: Scaling, sums: I64) -> I64:
    """What a scaling makes of sums, by its definition."""
    half = 1 << 31 if scaling.twice else 0
    product = sums * (2 if scaling.twice else 1) * scaling.factor + half >> 32
    return np.clip(product + scaling.start >> scaling.shift, -128, 127)


def stored_in_lane_0(lanes: Lanes, sums: I64, times: int) -> I64:
    """The same by what a program does with them, in 32 bits."""
    words = times * sums + lanes.lift
    assert words.min() >= 0
    assert words.max() < 2 * FIELD
    words = (words if lanes.is_field else words << 8) - lanes.less
    if lanes.is_field and lanes.is_single:
        words = 2 * words
    assert np.abs(words + 0.5).max() < 1 << 31
    half = 1 << 31 if lanes.lower.twice else 0
    product = (words * lanes.lower.factor + half >> 32) + lanes.lower.start
    assert np.abs(product + 0.5).max() < 1 << 31
    return np.clip(product >> lanes.lower.shift, 0, 255) - LIFT


@pytest.mark.parametrize("seed", range(60))
def test_what_lane_0_has_more_leaves_no_trace(seed: int) -> None:
    random = np.random.default_rng(seed)
    scaling, middle, width = scaling_from(random), int(random.integers(-40000, 40000)), int(random.integers(1, 60000))
    times = 2 if scaling.twice and random.random() < 0.5 else 1
    sums = np.arange(middle - width, middle + width + 1)
    lanes = lanes_of(scaling, times, (times * int(sums[0]), times * int(sums[-1])))
    assert (stored_in_lane_0(lanes, sums, times) == stored(scaling, sums)).all()
    assert (lanes.less == 0) == (not lanes.is_field)  # an excess was found


def test_sums_that_fill_their_field_are_given_no_excess_but_the_half_of_it() -> None:
    lanes = lanes_of(Scaling(1 << 30, 9, 1 << 8, -128, 127), 1, (-FIELD, FIELD - 1))
    assert (lanes.lift, lanes.less) == (FIELD, FIELD << 8)


@pytest.mark.parametrize("factor", [15 << 27, (1 << 31) - 1])
def test_an_excess_of_a_half_or_of_no_whole_number_leaves_no_trace_either(factor: int) -> None:
    scaling, sums = Scaling(factor, 8, 1 << 7, -128, 127), np.arange(0, 1 << 16)
    assert (stored_in_lane_0(lanes_of(scaling, 1, (0, FIELD - 2)), sums, 1) == stored(scaling, sums)).all()


@pytest.mark.parametrize("seed", range(40))
def test_all_weights_are_taken_once_within_reach(seed: int) -> None:
    random = np.random.default_rng(seed)
    across, step, reach = int(random.integers(1, 5)), 4 * int(random.integers(1, 3)), int(random.integers(64, 400))
    taps = [
        Tap(4 * int(place), int(row), int(factor))
        for place, row, factor in zip(*random.integers((0, 0, -9), (300, 4, 10), (40, 3)).T)
    ]
    runs = ordered(taps, across, step, reach)
    assert sorted((t.place, t.row, t.factor) for run in runs for t in run) == sorted(
        (t.place, t.row, t.factor) for t in taps
    )
    for run in runs:
        places = [tap.place for tap in run]
        words = {place + q * step for place in places for q in range(across)}
        is_one = len({place // 4 for place in places}) == 1
        assert is_one or max(words) - min(words) <= reach or _is_one_cluster(run, across, step)


def _is_one_cluster(run: list[Tap], across: int, step: int) -> bool:
    """Whether each tap shares a word with one before it by place."""
    words = set[int]()
    for tap in sorted(run, key=lambda tap: tap.place):
        own = {tap.place + q * step for q in range(across)}
        if words and not own & words:
            return False
        words |= own
    return True


def test_equal_weights_of_words_of_their_own_stand_together() -> None:
    taps = [Tap(40 * k, 0, factor) for k, factor in enumerate((3, -2, 3, 7, -2, 3))]
    (run,) = ordered(taps, 2, 4, 4092)
    assert [tap.factor for tap in run] == [7, 3, 3, 3, -2, -2]


def test_taps_that_share_words_go_on_with_a_weight_from_either_end() -> None:
    taps = [Tap(0, 0, 5), Tap(4, 0, 2), Tap(80, 0, 9), Tap(84, 0, 5), Tap(160, 0, 2)]
    (run,) = ordered(taps, 2, 4, 4092)
    assert [tap.factor for tap in run] == [9, 5, 5, 2, 2]
    (run,) = ordered([Tap(0, 0, 5), Tap(4, 0, 9), Tap(80, 0, 5)], 2, 4, 4092)
    assert [tap.place for tap in run] == [4, 0, 80]


def test_the_next_run_takes_what_both_reach_to_its_equals_and_begins_with_the_weight_before() -> None:
    weights = {0: 5, 40: 7, 80: 3, 100: 9, 140: 3, 180: 7}
    before, after = ordered([Tap(place, 0, factor) for place, factor in weights.items()], 1, 4, 100)
    assert [tap.place for tap in before] == [100, 0, 40]
    assert [tap.place for tap in after] == [180, 80, 140]


def test_words_that_taps_share_are_done_with_early_in_either_direction() -> None:
    right, left = [Tap(0, 0, 5), Tap(4, 0, 2)], [Tap(4, 0, 2), Tap(0, 0, 5)]
    assert [tap.place + 4 * q for tap, q in products(right, 3, 4)] == [0, 4, 8, 4, 8, 12]
    assert [tap.place + 4 * q for tap, q in products(left, 3, 4)] == [12, 8, 4, 8, 4, 0]


@given(st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), max_size=30))
def test_trails_take_each_edge_once_and_are_as_few_as_can_be(edges: list[tuple[int, int]]) -> None:
    found = fewest_trails(edges)
    assert sorted(number for trail in found for number, _ in trail) == list(range(len(edges)))
    for trail in found:
        walked = [edges[number] if on else edges[number][::-1] for number, on in trail]
        assert all(before[1] == after[0] for before, after in pairwise(walked))
    assert len(found) == sum(max(1, odd // 2) for odd in _odd_of_parts(edges))


def _odd_of_parts(edges: list[tuple[int, int]]) -> list[int]:
    """How many numbers edges meet at in odd numbers, of each connected part (the plain way)."""
    parts = {end: {end} for edge in edges for end in edge}
    for first, second in edges:
        merged = parts[first] | parts[second]
        parts |= dict.fromkeys(merged, merged)
    degree = Counter(end for edge in edges for end in edge)
    return [sum(degree[end] % 2 for end in part) for part in {min(part): part for part in parts.values()}.values()]


@pytest.mark.parametrize(
    ("before", "factor", "op"),
    [
        (None, 5, Does.SMALL_CONSTANT),
        (5, -7, Does.SUBTRACT_SMALL),
        (-90, -80, Does.ADD_SMALL),
        (None, 0x7F00, Does.CONSTANT),
        (0x100, -0x7F00, Does.LESS_NUMBER),
        (-0x7F00, -0x100, Does.MORE_NUMBER),
        (None, -5, Does.NOT_CONSTANT),
    ],
)
def test_a_constant_is_made_from_the_one_before(before: int | None, factor: int, op: Does) -> None:
    writer = Writer(CORTEX_M4, 1)
    write_factor(writer, 1, before, factor)
    assert [row.op for row in writer.rows] == [op]
    number = writer.rows[0].number
    made = {
        Does.ADD_SMALL: (before or 0) + number,
        Does.MORE_NUMBER: (before or 0) + number,
        Does.SUBTRACT_SMALL: (before or 0) - number,
        Does.LESS_NUMBER: (before or 0) - number,
        Does.NOT_CONSTANT: ~number,
    }
    assert made.get(op, number) == factor
