"""Forms that never fall, and functions that are compared at their steps alone: laws against all their values."""

import numpy as np
import pytest

from armlet.integer.formats import I64
from armlet.integer.forms.evaluate import evaluate
from armlet.integer.forms.largest import clamped
from armlet.integer.forms.linear import Linear, Parts
from armlet.integer.forms.rising import byte_form, rises, steps_of
from armlet.integer.forms.unknowns import Unknowns


def sum_of_leaves(unknowns: Unknowns) -> Linear:
    leaves = [unknowns.given("leaf", k, (-9, 30)) for k in range(2)]
    return Linear(5, {leaves[0]: 3, leaves[1]: -2})


def leaves_of(unknowns: Unknowns) -> Parts:
    return {number: 1 for number, (kind, _, _) in enumerate(unknowns.definitions) if kind == "leaf"}


def test_what_is_shifted_down_and_clamped_rises_with_its_sum() -> None:
    unknowns = Unknowns()
    total = sum_of_leaves(unknowns)
    scaled = unknowns.floor(total.times(77).plus(40), 4)
    signed = scaled.add(unknowns.floor(scaled, 31))
    form = unknowns.clip(unknowns.floor(signed.plus(3), 3), -20, 20)
    assert rises(unknowns, form.parts, leaves_of(unknowns), total.parts)
    assert rises(
        unknowns, byte_form(unknowns, unknowns.residue(form, 8, False)).parts, leaves_of(unknowns), total.parts
    )


def test_what_falls_or_turns_back_is_not_seen_to_rise() -> None:
    unknowns = Unknowns()
    total = sum_of_leaves(unknowns)
    leaves = leaves_of(unknowns)
    scaled = unknowns.floor(total.times(77), 4)
    for form in (
        scaled.times(-1),
        total.times(-1),
        total.add(unknowns.floor(total, 3).times(-1)),
        unknowns.residue(scaled, 5, False),
        unknowns.lookup(unknowns.clip(total, 0, 3), [0, 5, 2, 9]),
        Linear(0, {next(iter(leaves)): 1}),
    ):
        assert not rises(unknowns, form.parts, leaves, total.parts)


@pytest.mark.parametrize("seed", range(30))
def test_steps_are_all_ends_of_what_a_function_holds(seed: int) -> None:
    random = np.random.default_rng(seed)
    low = int(random.integers(-500, 500))
    heights = np.cumsum(random.integers(0, 3, int(random.integers(2, 400))) * (random.random() < 0.9))

    def function(numbers: I64) -> I64:
        return heights[numbers - low]

    steps = steps_of(function, low, low + len(heights) - 1)
    changes = np.flatnonzero(np.diff(heights)) + low
    wanted = {low, low + len(heights) - 1, *changes.tolist(), *(changes + 1).tolist()}
    assert {*steps.tolist()} == wanted


def test_numbers_that_wrap_round_are_worked_out_as_they_wrap() -> None:
    """Coefficients below 0, which words have from 2^31 on, times values of 32 bits, leave what they leave."""
    unknowns, random = Unknowns(), np.random.default_rng(3)
    taken = [unknowns.given("leaf", k, (0, 255)) for k in range(2)]
    tables = [random.integers(0, 1 << 32, 256).tolist() for _ in taken]
    words = [unknowns.lookup(Linear(0, {leaf: 1}), table) for leaf, table in zip(taken, tables)]
    rows = random.integers(0, 256, (2, 300))
    for bits, signed in ((32, True), (32, False), (31, True), (8, False)):
        total = words[0].times(-1).add(words[1].times((1 << 32) - 12345)).plus(99)
        found = evaluate(
            unknowns,
            unknowns.residue(total, bits, signed),
            taken,
            lambda parts: np.asarray(sum(c * rows[taken.index(v)] for v, c in parts.items()), np.int64),
        )
        start = 1 << bits - 1 if signed else 0
        for k, one, other in zip(range(300), *rows.tolist()):
            exact = 99 - tables[0][one] + ((1 << 32) - 12345) * tables[1][other]
            assert int(found[k]) == (exact + start) % (1 << bits) - start


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("low", "high"), [(3, 4), (-2, 5), (-7, -6)])
def test_a_clamp_is_told_also_where_it_is_a_step(low: int, high: int, sign: int) -> None:
    unknowns = Unknowns()
    total = sum_of_leaves(unknowns)
    form = unknowns.clip(total, low, high).times(sign).plus(11)
    inside, least, most, more = clamped(unknowns, form)
    assert most - least == high - low
    for leaves in np.ndindex(40, 40):
        values = {v: value - 9 for v, value in zip(total.parts, leaves)}
        given = inside.constant + sum(c * values[v] for v, c in inside.parts.items())
        whole = total.constant + sum(c * values[v] for v, c in total.parts.items())
        assert min(max(given, least), most) + more == sign * min(max(whole, low), high) + 11
