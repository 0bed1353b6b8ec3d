"""The schedule takes the same share each time, stops exactly where it is asked to, rests there, and always ends."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from armlet.manifold.schedule import FINEST, Schedule, schedule, survivors

TOTAL, LAYERS = 1000, 3
shares = st.floats(0.01, 0.99)
paths = st.lists(shares, max_size=4).map(tuple)
plans = st.builds(
    lambda sparsity, epochs, path, rest, left: schedule(TOTAL, left, sparsity, LAYERS, epochs, path, rest),
    st.none() | shares,
    st.integers(1, 30),
    paths,
    st.integers(0, 3),
    st.integers(LAYERS, TOTAL),
)


def walked(plan: Schedule) -> list[Schedule]:
    stands = [plan]
    while not stands[-1].ended:
        stands.append(stands[-1].advanced())
        assert len(stands) < 10 * TOTAL
    return stands


@given(plans)
def test_survivors_only_fall_and_end_at_the_goal(plan: Schedule):
    stands = walked(plan)
    for before, after in pairwise(stands):
        assert after.left < before.left or before.is_resting
    assert stands[-1].left == min(plan.left, plan.goal) or stands[-1].left <= plan.goal


@given(plans)
def test_every_stop_on_the_way_is_met_once_and_rested_at(plan: Schedule):
    stands = walked(plan)
    for stop in plan.stops:
        there = [stand for stand in stands if stand.left == stop]
        if plan.goal <= stop <= plan.left and plan.goal < plan.left:
            assert sum(stand.has_rested for stand in there) == 1
            assert len(there) == plan.rest + 1


@given(shares, st.integers(1, 40))
def test_without_stops_the_epochs_asked_for_reach_the_goal(sparsity: float, epochs: int):
    plan = schedule(10**6, 10**6, sparsity, LAYERS, epochs)
    stands = walked(plan)
    assert epochs <= len(stands) - 1 <= epochs + 1  # rounding may leave one weight over
    assert stands[-1].left == survivors(10**6, sparsity)


@given(plans, st.lists(st.booleans(), min_size=300, max_size=300))
def test_a_plan_that_breaks_again_and_again_ends(plan: Schedule, breaks: list[bool]):
    for broken in breaks:
        if plan.ended:
            break
        plan = plan.broken() if broken and not plan.is_resting else plan.advanced()
    while not plan.ended:
        plan = plan.advanced() if plan.is_resting else plan.broken()
    assert plan.left <= plan.goal or plan.pace < FINEST
