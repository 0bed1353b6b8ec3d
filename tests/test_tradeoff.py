"""Programs from the fastest to the smallest, and which of them count as fast."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from armlet.select.tradeoff import ShapeCost, from_fastest, front, mixes_of

_COSTS = st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 1000)), max_size=6)


def fronts(layers: list[list[tuple[int, int]]]) -> list[tuple[ShapeCost[str], ...]]:
    """Of layers of (cycles, bytes)."""
    return [front([ShapeCost(f"{i}.{k}", *cost) for k, cost in enumerate(some)]) for i, some in enumerate(layers)]


@given(_COSTS)
def test_a_front_has_what_nothing_beats(costs: list[tuple[int, int]]) -> None:
    (found,) = fronts([costs])
    assert [(one.cycles < other.cycles, one.bytes > other.bytes) for one, other in pairwise(found)] == [
        (True, True)
    ] * max(0, len(found) - 1)
    for cycles, size in costs:
        assert any(each.cycles <= cycles and each.bytes <= size for each in found)


@given(st.lists(_COSTS, min_size=1, max_size=4))
def test_mixes_go_from_the_fastest_of_all_layers_to_the_smallest(layers: list[list[tuple[int, int]]]) -> None:
    costs = fronts(layers)
    found = mixes_of(costs, "none")
    for mix in found:
        chosen = [next((c for c in some if c.shape == shape), None) for some, shape in zip(costs, mix.shapes)]
        assert mix.cycles == sum(each.cycles for each in chosen if each)
        assert mix.bytes == sum(each.bytes for each in chosen if each)
    assert found[0].cycles == sum(some[0].cycles for some in costs if some)
    assert found[-1].bytes == sum(some[-1].bytes for some in costs if some)
    assert all(one.cycles < other.cycles and one.bytes > other.bytes for one, other in pairwise(found))


def test_what_is_as_fast_within_a_five_hundredth_and_smaller_is_taken() -> None:
    costs = fronts([[(10_000, 900), (10_019, 400), (10_021, 399), (20_000, 100)]])
    assert next(mix.bytes for mix in from_fastest(mixes_of(costs, "none"))) == 400
    assert [mix.bytes for mix in from_fastest(mixes_of(fronts([[(100, 9), (101, 1)]]), "none"))] == [9, 1]
