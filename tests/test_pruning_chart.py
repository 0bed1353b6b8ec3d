"""The chart is sound SVG that shows each epoch that was kept where its figures are."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from armlet.pruning.chart import ACCURACY, BOTTOM, DISTANCE, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart
from armlet.pruning.trace import PruningEpoch, PruningTrace

NAMES = "{http://www.w3.org/2000/svg}"
SOME = PruningEpoch(1, 9, 0.5, 50, 0.1, 0.2, True, True, 1.0)


def dots(trace: PruningTrace, colour: str) -> list[tuple[float, float]]:
    circles = ElementTree.fromstring(chart(trace)).iter(f"{NAMES}circle")
    return [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in circles if c.attrib["fill"] == colour]


def trace_of(*epochs: PruningEpoch) -> PruningTrace:
    return PruningTrace(1, {"sparsify_inputs": "image & <more>"}, epochs)


shares = st.floats(0, 0.99999)
figures = st.tuples(shares, st.floats(0, 1e6), st.none() | st.floats(0, 1))


@given(st.lists(figures, max_size=12))
def test_every_kept_epoch_is_a_dot_within_the_frame(rows):
    epochs = [replace(SOME, sparsity=s, distance=d, shown={} if a is None else {"accuracy": a}) for s, d, a in rows]
    trace = trace_of(*epochs, replace(SOME, kept=False))
    assert len(dots(trace, DISTANCE)) == len(rows)
    assert len(dots(trace, ACCURACY)) == sum(a is not None for _, _, a in rows)
    for x, y in dots(trace, DISTANCE) + dots(trace, ACCURACY):
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP <= y <= HEIGHT - BOTTOM


@given(shares, shares, st.floats(0, 1), st.floats(0, 1))
@example(0.0, 0.0, 0.0, 5e-324)  # the least number above 0 has no tenth
def test_sparser_lies_to_the_right_and_farther_lies_higher(s1, s2, d1, d2):
    (x1, y1), (x2, y2) = dots(
        trace_of(replace(SOME, sparsity=s1, distance=d1), replace(SOME, sparsity=s2, distance=d2)), DISTANCE
    )
    assert (x2 - x1) * (s2 - s1) >= 0
    assert (y1 - y2) * (d2 - d1) >= 0


@pytest.mark.parametrize(("sparsity", "said"), [(0.9, "90 %"), (0.98, "98 %"), (0.0, "50 %")])
def test_the_axis_names_the_sparsities_it_passes(sparsity, said):
    assert f">{said}<" in chart(trace_of(replace(SOME, sparsity=0.1), replace(SOME, sparsity=sparsity)))
