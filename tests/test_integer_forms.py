"""Words as linear forms agree with the arithmetic of 32 bits, value by value, and one value made in two ways is one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.integer.forms.bitwise import clear, either, exclusive, keep
from armlet.integer.forms.byte_memory import ByteMemory
from armlet.integer.forms.declared import declared_layers, declared_results
from armlet.integer.forms.linear import Linear
from armlet.integer.forms.products import add_product, multiply, multiply_high
from armlet.integer.forms.unknowns import Unknowns
from armlet.integer.forms.words import Word, Words
from armlet.integer.interpret import run_integers
from generators.integers import draw_integer_network, stored_inputs
from oracles.form_values import MASK, evaluate, signed

ENDS = st.sampled_from([(0, 255), (-128, 127), (0, 1), (0, 15), (-1, 0), (-32768, 32767), (3, 9), (0, 65535)])
KINDS = "add subtract left right asr part field clip multiply keep clear either exclusive high long load table number"


def machine(kind: str, a: int, b: int, n: int, is_signed: bool) -> int:
    """What 32-bit arithmetic makes of two words."""
    match kind:
        case "add" | "multiply" | "subtract":
            return {"add": a + b, "subtract": a - b, "multiply": signed(a) * signed(b)}[kind] & MASK
        case "left":
            return a << n & MASK
        case "right" | "asr" | "part":
            return (a if kind == "right" else signed(a)) >> n & MASK
        case "field":
            return (signed(a, n) if is_signed else a % (1 << n)) & MASK if n else 0
        case "clip":
            low, high = (-(1 << n - 1), (1 << n - 1) - 1) if is_signed else (0, (1 << n) - 1)
            return min(max(signed(a), low), high) & MASK
        case "high":
            return (signed(a) * signed(b) + (is_signed << 31)) >> 32 & MASK
        case "keep" | "either":
            return a & b if kind == "keep" else a | b
        case "exclusive":
            return a ^ b
        case _:
            return a & ~b & MASK


def formal(words: Words, kind: str, a: Word, b: Word, n: int, is_signed: bool) -> Word | None:
    """The same on forms; None where it is not known."""
    match kind:
        case "add":
            return words.add(a, b)
        case "subtract":
            return words.subtract(a, b)
        case "multiply":
            return multiply(words, a, b)
        case "left":
            return words.left(a, n)
        case "right" | "asr":
            return words.right(a, n, kind == "asr")
        case "part":
            return words.scale_down(a, n)
        case "field":
            return words.field(a, n, is_signed)
        case "clip":
            low, high = (-(1 << n - 1), (1 << n - 1) - 1) if is_signed else (0, (1 << n) - 1)
            return words.clip(a, low, high)
        case "high":
            return multiply_high(words, a, b, is_signed << 31)
        case "keep":
            return keep(words, a, b)
        case "either":
            return either(words, a, b)
        case "exclusive":
            return exclusive(words, a, b)
        case _:
            return clear(words, a, b)


@given(st.data(), st.lists(ENDS, min_size=1, max_size=5))
def test_every_rule_gives_what_32_bits_give(data: st.DataObject, ends: list[tuple[int, int]]):
    words = Words()
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    inputs = [words.word(Linear(0, {words.unknowns.given("input", i, end): 1})) for i, end in enumerate(ends)]
    samples = [
        [int(rng.choice(np.array([low, high, rng.integers(low, high + 1)]))) for low, high in ends] for _ in range(8)
    ]
    made = list(zip(inputs, ([x[i] & MASK for x in samples] for i in range(len(ends)))))
    for kind in data.draw(st.lists(st.sampled_from(KINDS.split()), min_size=1, max_size=14)):
        n = data.draw(st.sampled_from([1, 2, 4, 7, 8, 15, 16, 20, 24, 31]))
        (a, x), (b, y) = (made[data.draw(st.integers(0, len(made) - 1))] for _ in range(2))
        is_signed = data.draw(st.booleans())
        match kind:
            case "number":
                number = data.draw(st.sampled_from([0, 1, 3, 5, 24, 255, 1 << 14, 1 << 20, MASK, MASK - 30]))
                made.append((words.constant(number), [number] * 8))
            case "load":
                made.append(_joined(words, [(a, x), (b, y)], data.draw(st.integers(0, 3)), is_signed))
            case "long":
                made += _long(words, [(a, x), (b, y)], made[data.draw(st.integers(0, len(made) - 1))], n)
            case "table":
                found = _table(words, a, x, rng)
                made += [found] if found else []
            case _:
                word = formal(words, kind, a, b, n, is_signed)
                values = [machine(kind, one, two, n, is_signed) for one, two in zip(x, y)]
                made += [] if word is None else [(word, values)]
    for word, values in made:
        for sample, value in zip(samples, values):
            assert evaluate(words.unknowns, words.form(word), sample) & MASK == value
            for sign in (False, True):
                number = evaluate(words.unknowns, words.value(word, sign), sample)
                assert number == (signed(value) if sign else value)


def _joined(words: Words, pair: list[tuple[Word, list[int]]], way: int, is_signed: bool) -> tuple[Word, list[int]]:
    """Two words stored over each other, and something of that read."""
    memory = ByteMemory(words)
    (a, x), (b, y) = pair
    at, size, begin, length = [(3, 1, 0, 4), (2, 2, 0, 4), (0, 2, 1, 2), (1, 1, 1, 1)][way]
    memory.write(0, 4, a)
    memory.write(at, size, b)
    word = memory.load(begin, length, is_signed)
    assert word is not None
    found: list[int] = []
    for one, two in zip(x, y):
        content = bytearray(one.to_bytes(4, "little"))
        content[at : at + size] = two.to_bytes(4, "little")[:size]
        found.append(int.from_bytes(content[begin : begin + length], "little", signed=is_signed) & MASK)
    return word, found


def _long(
    words: Words, sums: list[tuple[Word, list[int]]], factor: tuple[Word, list[int]], n: int
) -> list[tuple[Word, list[int]]]:
    """A product added to a sum of two words: both, and a field that lies in both."""
    (low, x), (high, y) = sums
    rng = np.random.default_rng(n)
    number, held = int(rng.integers(-300, 300)) & MASK, [a + (b << 32) for a, b in zip(x, y)]
    pair: tuple[Word, Word] | None = low, high
    for _ in range(3):
        assert pair is not None
        pair = add_product(words, pair, words.constant(number), factor[0])
        held = [(a + signed(number) * signed(f)) % (1 << 64) for a, f in zip(held, factor[1])]
    assert pair is not None
    middle = either(words, words.left(pair[1], n), words.right(pair[0], 32 - n, False))
    assert middle is not None
    parts = [(pair[0], 0), (pair[1], 32), (middle, 32 - n)]
    return [(word, [a >> by & MASK for a in held]) for word, by in parts]


def _table(words: Words, a: Word, x: list[int], rng: np.random.Generator) -> tuple[Word, list[int]] | None:
    """An entry of a random table."""
    form = words.value(a, True)
    low, high = words.unknowns.interval(form)
    if high - low > 1000:
        return None
    table = rng.integers(-200, 200, high - low + 1).tolist()
    word = words.word(words.unknowns.lookup(form, table))
    return word, [table[signed(value) - low] & MASK for value in x]


def test_two_fields_in_a_word_are_taken_apart():
    words = Words()
    x, y = (words.word(Linear(0, {words.unknowns.given("input", i, (0, 255)): 1})) for i in range(2))
    pair = words.add(x, words.left(y, 24))
    for k in range(8):
        assert words.same(words.right(pair, 24 - k, False), words.left(y, k))
    total = words.subtract(words.left(pair, 3), words.right(pair, 22, False))
    wanted = words.subtract(words.left(x, 3), words.left(y, 2))
    assert words.same(words.field(total, 24, True), wanted)
    assert not words.same(total, wanted)
    assert not words.same(words.field(words.left(pair, 16), 24, True), words.left(x, 16))  # leaves its field
    assert words.same(words.right(words.left(total, 8), 8, True), wanted)


def test_halves_of_a_word_keep_their_signs():
    words = Words()
    memory = ByteMemory(words)
    x, y = (words.word(Linear(0, {words.unknowns.given("input", i, (-300, 300)): 1})) for i in range(2))
    memory.write(0, 4, x)
    memory.write(2, 2, y)
    pair = memory.load(0, 4)
    assert pair is not None
    assert words.same(words.field(pair, 16, True), x)
    assert words.same(words.right(pair, 16, True), y)


def test_one_clamp_is_one_value_however_it_is_made():
    words = Words()
    x, y = (words.word(Linear(0, {words.unknowns.given("input", i, (-900, 900)): 1})) for i in range(2))
    total = words.add(words.left(x, 4), words.add(y, words.constant(77)))
    wanted = words.clip(words.right(total, 3, True), 0, 255)
    first = words.right(words.clip(total, 0, 1 << 30), 3, False)
    above = words.subtract(first, words.constant(255))
    negative = keep(words, above, words.right(above, 31, True))
    assert negative is not None
    assert words.same(words.add(negative, words.constant(255)), wanted)
    opposite = words.subtract(words.constant(255), words.right(total, 3, True))
    left = words.subtract(words.constant(255), words.clip(opposite, 0, 1 << 30))
    assert words.same(words.clip(left, 0, 1 << 30), wanted)
    again = words.clip(words.right(words.right(words.add(total, words.constant(-1024)), 1, True), 2, True), -128, 127)
    assert words.same(words.add(again, words.constant(128)), wanted)


def test_a_long_sum_is_its_weights_whatever_its_order():
    words = Words()
    inputs = [words.word(Linear(0, {words.unknowns.given("input", i, (0, 255)): 1})) for i in range(200)]
    rng = np.random.default_rng(1)
    totals = [words.constant(5), words.constant(0)]
    for k, order in enumerate((range(200), rng.permutation(200).tolist())):
        for i in order:
            totals[k] = words.add(totals[k], inputs[i]) if i % 3 else words.subtract(totals[k], inputs[i])
    assert words.same(totals[0], words.add(totals[1], words.constant(5)))
    assert not words.same(totals[0], totals[1])


@pytest.mark.parametrize("seed", range(20))
def test_what_a_network_declares_is_what_it_computes(seed: int):
    rng = np.random.default_rng(seed)
    network, unknowns = draw_integer_network(rng), Unknowns()
    outputs = declared_results(network, declared_layers(network, unknowns)[-1].stored, unknowns)
    inputs = stored_inputs(network, rng, 6)
    found = [[evaluate(unknowns, form, row) for form in outputs] for row in inputs.tolist()]
    assert found == run_integers(network, inputs).tolist()


@given(st.data())
def test_what_has_two_values_is_one_step_however_it_is_made(data: st.DataObject):
    """Brute force over all values: two ways to make one step, and functions of it, give one form."""
    unknowns = Unknowns()
    low, width = data.draw(st.integers(-9, 9)), data.draw(st.integers(2, 20))
    x, y = (Linear(0, {unknowns.given("input", i, (low, low + width)): 1}) for i in range(2))
    factors = [data.draw(st.integers(-12, 12).filter(bool)) for _ in range(2)]
    total = x.times(factors[0]).add(y.times(factors[1])) if data.draw(st.booleans()) else x.times(factors[0])
    first, last = unknowns.interval(total)
    at = data.draw(st.integers(first + 1, last))
    ways = [
        unknowns.lookup(total, [int(value >= at) for value in range(first, last + 1)]),
        unknowns.clip(total.plus(-at), -1, 0).plus(1),
        unknowns.floor(unknowns.clip(total, at - 64, at + 63).plus(-at), 6).plus(1),
        unknowns.floor(total.plus(-at), 16).plus(1),
        unknowns.floor(unknowns.floor(total.plus(-at), 3), 13).plus(1),
        unknowns.floor(total.times(-1).plus(at - 1), 16).times(-1),
    ]
    assert all((way.constant, way.parts) == (ways[0].constant, ways[0].parts) for way in ways)
    factor, bits = data.draw(st.integers(-999, 999)), data.draw(st.integers(1, 8))
    found = unknowns.floor(ways[1].times(factor), bits)
    line = ways[1].times(factor >> bits)
    assert (found.constant, found.parts) == (line.constant, line.parts)
    for a in range(low, low + width + 1):
        for b in range(low, low + width + 1):
            value = evaluate(unknowns, total, [a, b])
            assert evaluate(unknowns, ways[1], [a, b]) == int(value >= at)


def test_a_negative_low_half_leaves_the_high_one_alone():
    words = Words()
    x, y = (
        words.word(Linear(0, {words.unknowns.given("input", i, end): 1})) for i, end in enumerate([(0, 1), (0, 255)])
    )
    low = words.subtract(words.constant(8), multiply(words, x, words.constant(56)) or 0)
    memory = ByteMemory(words)
    memory.write(0, 4, low)
    memory.write(2, 2, words.subtract(words.constant(0), y))
    pair = memory.load(0, 4)
    assert pair is not None
    assert words.same(words.field(pair, 16, True), low)
    assert words.same(words.right(pair, 16, True), words.subtract(words.constant(0), y))


@given(st.data())
def test_a_table_of_multiples_is_a_table_of_what_is_multiplied(data: st.DataObject):
    unknowns = Unknowns()
    parts = {unknowns.given("input", i, (-1, 2)): data.draw(st.integers(-5, 5).filter(bool)) for i in range(2)}
    form, factor = Linear(data.draw(st.integers(-9, 9)), parts), data.draw(st.integers(-7, 7).filter(bool))
    (low, high), (first, last) = unknowns.interval(form), unknowns.interval(form.times(factor))
    entries = {value: data.draw(st.integers(-9, 9)) for value in range(low, high + 1)}
    table = [entries.get(value // factor, 0) if value % factor == 0 else 77 for value in range(first, last + 1)]
    one = unknowns.lookup(form, [entries[value] for value in range(low, high + 1)])
    other = unknowns.lookup(form.times(factor), table)
    assert (one.constant, one.parts) == (other.constant, other.parts)
    for a in range(-1, 3):
        for b in range(-1, 3):
            assert evaluate(unknowns, one, [a, b]) == entries[evaluate(unknowns, form, [a, b])]


@given(st.data())
def test_tables_that_differ_by_a_straight_line_are_one(data: st.DataObject):
    unknowns = Unknowns()
    x = Linear(0, {unknowns.given("input", 0, (-3, 3)): 1})
    entries = data.draw(st.lists(st.integers(-20, 20), min_size=7, max_size=7))
    factor, added = data.draw(st.integers(-9, 9).filter(bool)), data.draw(st.integers(-99, 99))
    one = unknowns.lookup(x, entries)
    other = unknowns.lookup(x, [factor * entry + added for entry in entries])
    line = one.times(factor).plus(added)
    assert (line.constant, line.parts) == (other.constant, other.parts)
    low, bits = data.draw(st.integers(-99, 99)), data.draw(st.integers(1, 4))
    clipped = unknowns.clip(unknowns.floor(line, bits), low, low + 40)
    wanted = [min(max((factor * entry + added) >> bits, low), low + 40) for entry in entries]
    found = unknowns.lookup(x, wanted)
    assert (clipped.constant, clipped.parts) == (found.constant, found.parts)
    assert [evaluate(unknowns, clipped, [value]) for value in range(-3, 4)] == wanted


@given(st.data())
def test_the_high_half_is_told_whatever_the_low_one_holds(data: st.DataObject):
    words = Words()
    lows = [data.draw(st.integers(-9, 9)) for _ in range(2)]
    x = Linear(0, {words.unknowns.given("input", 0, (lows[0], lows[0] + 1)): 1})
    y = Linear(0, {words.unknowns.given("input", 1, (lows[1], lows[1] + data.draw(st.integers(1, 9)))): 1})
    low, high = (
        words.word(form.times(data.draw(st.integers(-3000, 3000).filter(bool))).plus(data.draw(st.integers(-99, 99))))
        for form in (x, y)
    )
    memory = ByteMemory(words)
    memory.write(0, 4, low)
    memory.write(2, 2, high)
    pair = memory.load(0, 4)
    assert pair is not None
    assert words.same(words.field(pair, 16, True), low)
    assert words.same(words.right(pair, 16, True), high)


@given(st.data(), st.lists(ENDS, min_size=1, max_size=4))
def test_a_product_made_by_digits_is_the_product_where_no_part_of_it_wraps_round(
    data: st.DataObject, ends: list[tuple[int, int]]
):
    words, rng = Words(), np.random.default_rng(data.draw(st.integers(0, 2**32)))
    unknowns = words.unknowns
    weights = {unknowns.given("input", i, end): int(rng.integers(-300, 301)) for i, end in enumerate(ends)}
    total = Linear(int(rng.integers(-(1 << 20), 1 << 20)), {v: c for v, c in weights.items() if c})
    samples = [[int(rng.integers(low, high + 1)) for low, high in ends] for _ in range(6)]
    sums = [evaluate(unknowns, total, sample) for sample in samples]
    made, whole, at, wraps, held = words.constant(0), Linear(0), 0, False, [0] * 6
    for digit in rng.choice([-200, -3, -1, 1, 2, 77], data.draw(st.integers(1, 6))).tolist():
        by, added = int(rng.integers(1, 9)), int(rng.integers(0, 256))
        reached = *(end >> at for end in unknowns.interval(whole)), *unknowns.interval(total.times(digit))
        wraps |= max(map(abs, reached)) >= 1 << 31
        at += by
        whole = whole.add(total.times(digit << at)).plus(added << at)
        more = multiply(words, words.word(total), words.constant(digit & MASK))
        assert more is not None
        made = words.add(words.add(words.scale_down(made, by), more), words.constant(added))
        held = [(signed(one) >> by) + digit * value + added & MASK for one, value in zip(held, sums)]
    assert wraps or words.same(made, words.word(unknowns.floor(whole, at)))
    for sample, value in zip(samples, held):
        assert evaluate(unknowns, words.form(made), sample) & MASK == value


@pytest.mark.parametrize("ends", [(0, 32767), (-32768, 32767), (-300, 200), (0, 65535)])
def test_a_value_that_is_copied_byte_by_byte_is_the_value(ends: tuple[int, int]):
    words = Words()
    memory, value = ByteMemory(words), words.word(Linear(7, {words.unknowns.given("input", 0, ends): 1}))
    memory.write(0, 2, value)
    memory.write(4, 4, value)
    low, high, half = (memory.load(*place) for place in ((0, 1), (1, 1), (4, 2)))
    assert low is not None
    assert high is not None
    assert half is not None
    copies = {8: (low, high), 12: (high, low), 16: (low, low), 20: (half, words.add(high, words.constant(1)))}
    for at, (first, second) in copies.items():
        memory.write(at, 1, first)
        memory.write(at + 1, 1, second)
    for is_signed in (False, True):
        wanted = memory.load(0, 2, is_signed)
        assert wanted is not None
        assert [memory.load(at, 2, is_signed) == wanted for at in copies] == [True, False, False, False]
    memory.write(24, 4, high)  # a byte that was loaded is zeros above
    assert memory.load(25, 1) == words.constant(0)
