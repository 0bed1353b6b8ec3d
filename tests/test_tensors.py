"""Layouts of tensors in words of two values, their plans and places, and when words are loaded: laws."""

import numpy as np
import pytest

from armlet.errors import CapacityError
from armlet.integer.layers import IntegerAdd, IntegerConv
from armlet.select.tensors.bodies.convolution import Shape
from armlet.select.tensors.fetch import Registers
from armlet.tensors.layout import LaneLayout
from armlet.tensors.place import Lifetime, bound, place
from armlet.tensors.plan import plan_tensors, planes, windows_of
from armlet.tensors.rows import WORD
from generators.windows import windowed_network


@pytest.mark.parametrize("seed", range(40))
def test_every_value_of_a_layout_has_a_byte_of_its_own_inside(seed: int) -> None:
    random = np.random.default_rng(seed)
    channels, height, width, *border = (int(k) for k in random.integers(1, 7, 7))
    layout = LaneLayout((channels, height, width), -(-height // 2) + seed % 3, *(k - 1 for k in border))
    places = layout.places
    assert len(np.unique(places)) == places.size
    assert places.min() >= 0
    assert places.max() < layout.size
    lanes = [layout.lane(row) for row in range(height)]
    for row, (word, lane) in enumerate(lanes):
        assert places[:, row, :].tolist() == [
            [layout.at(word, c, x) + 3 * lane for x in range(width)] for c in range(channels)
        ]


@pytest.mark.parametrize("seed", range(40))
def test_windows_over_words_find_both_halves(seed: int) -> None:
    """What a window finds `k` rows of words on is `k` rows on in lane 0 and in lane 1, or the border in both."""
    network = windowed_network(seed)
    plan = plan_tensors(network)
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        windows = windows_of(layer, planes(network.shapes[sources[0]]))
        if windows is None:
            continue
        taken, made = plan.taken[i] or plan.values[sources[0]], plan.values[i + 1]
        reach = (windows.size[0] - 1) * windows.dilation[0] + 1
        first, last = -windows.padding[0], (made.split - 1) * windows.stride[0] - windows.padding[0] + reach - 1
        assert -taken.top <= first <= last < taken.split + taken.bottom
        if taken.height > 1:
            assert made.split * windows.stride[0] == taken.split
        across = (made.width - 1) * windows.stride[1] - windows.padding[1] + (windows.size[1] - 1) * windows.dilation[1]
        assert across < taken.pitch + taken.left
        assert taken.at(last, taken.channels - 1, across) + WORD <= taken.size


@pytest.mark.parametrize("seed", range(40))
def test_tensors_that_are_added_lie_alike(seed: int) -> None:
    network = windowed_network(seed)
    plan = plan_tensors(network)
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        if isinstance(layer, IntegerAdd):
            assert len({(plan.values[k].row, plan.values[k].split) for k in (*sources, i + 1)}) == 1


@pytest.mark.parametrize("seed", range(60))
def test_pieces_that_live_at_one_time_lie_apart(seed: int) -> None:
    random = np.random.default_rng(seed)
    pieces = [
        Lifetime(int(size), int(first), int(first + more))
        for size, first, more in zip(*random.integers((1, 0, 0), (40, 9, 4), (12, 3)).T)
    ]
    places = place(pieces)
    for one, at in zip(pieces, places):
        for other, to in zip(pieces, places):
            assert one is other or not one.meets(other) or at + one.size <= to or to + other.size <= at
    assert bound(pieces) <= max(at + piece.size for at, piece in zip(places, pieces))


def test_the_bound_of_a_chain_is_its_largest_pair() -> None:
    assert bound([Lifetime(10, -1, 0), Lifetime(30, 0, 1), Lifetime(20, 1, 2), Lifetime(5, 2, 3)]) == 50


@pytest.mark.parametrize("seed", range(40))
def test_a_word_is_in_its_register_whenever_it_is_used(seed: int) -> None:
    random = np.random.default_rng(seed)
    uses = [int(word) for word in random.integers(0, 8, 60)]
    registers, holds = Registers(tuple(range(2, 2 + int(random.integers(1, 6)))), uses), dict[int, int]()
    for number, word in enumerate(uses):
        for fresh, register in registers.fetched(number):
            holds[register] = fresh
        assert holds[registers.held[word]] == word


def test_words_are_loaded_in_one_run_where_registers_are_free() -> None:
    registers = Registers((2, 3, 4), ["a", "b", "c", "a", "d"])
    assert registers.fetched(0) == [("a", 2), ("b", 3), ("c", 4)]
    assert [registers.fetched(k) for k in (1, 2, 3)] == [[], [], []]
    assert len(registers.fetched(4)) == 1


def test_a_body_that_has_no_registers_is_refused() -> None:
    with pytest.raises(CapacityError, match="5 words of 1 channels"):
        Shape(5, 1)


def test_the_networks_of_these_tests_have_all_kinds_of_layers() -> None:
    kinds = {type(layer).__name__ for seed in range(40) for layer in windowed_network(seed).layers}
    assert kinds == {"IntegerConv", "IntegerDense", "IntegerPool", "IntegerAdd", "Reshape"}
    strides = {
        layer.stride for s in range(40) for layer in windowed_network(s).layers if isinstance(layer, IntegerConv)
    }
    assert len(strides) == 4
