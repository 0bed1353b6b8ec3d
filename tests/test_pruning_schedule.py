"""The schedule takes the same share each time, stops exactly where it is asked to, recovers there, and always ends."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from armlet.pruning.schedule import SLOWEST_PACE, Schedule, schedule, survivors

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


def run(plan: Schedule) -> list[Schedule]:
    states = [plan]
    while not states[-1].ended:
        states.append(states[-1].advanced())
        assert len(states) < 10 * TOTAL
    return states


@given(plans)
def test_survivors_only_fall_and_end_at_the_goal(plan: Schedule):
    states = run(plan)
    for before, after in pairwise(states):
        assert after.left < before.left or before.is_recovering
    assert states[-1].left == min(plan.left, plan.goal) or states[-1].left <= plan.goal


@given(plans)
def test_every_stop_on_the_way_is_met_once_and_recovered_at(plan: Schedule):
    states = run(plan)
    for stop in plan.stops:
        there = [state for state in states if state.left == stop]
        if plan.goal <= stop <= plan.left and plan.goal < plan.left:
            assert sum(state.has_recovered for state in there) == 1
            assert len(there) == plan.rest + 1


@given(shares, st.integers(1, 40))
def test_without_stops_the_epochs_asked_for_reach_the_goal(sparsity: float, epochs: int):
    plan = schedule(10**6, 10**6, sparsity, LAYERS, epochs)
    states = run(plan)
    assert epochs <= len(states) - 1 <= epochs + 1  # rounding may leave one weight over
    assert states[-1].left == survivors(10**6, sparsity)


@given(plans, st.lists(st.booleans(), min_size=300, max_size=300))
def test_a_plan_that_breaks_again_and_again_ends(plan: Schedule, breaks: list[bool]):
    for slowed in breaks:
        if plan.ended:
            break
        plan = plan.slowed() if slowed and not plan.is_recovering else plan.advanced()
    while not plan.ended:
        plan = plan.advanced() if plan.is_recovering else plan.slowed()
    assert plan.left <= plan.goal or plan.pace < SLOWEST_PACE
