"""What the allocator loads together with a source, and into which registers: a part of its loop (see `linear_scan`)."""

from armlet.kernels import njit

HORIZON = 256  # connections looked ahead when a batch of loads is gathered


@njit(cache=True)
def usable(state, register, until):
    """Whether a register is free, or holds a stored value that nobody wants up to the time `until`."""
    node = state.holder[register]
    return node < 0 or (state.stored[node] and state.wanted[node] > until)


@njit(cache=True)
def gather(problem, state, t, most):
    """Fill `state.batch` with what to load at time t: the source wanted now, then others wanted soon."""
    state.batch[0] = problem.source[t]
    state.stamp[problem.source[t]] = t
    count, starts, until = 1, 0, t
    for later in range(t, min(len(problem.source), t + HORIZON)):
        target, value = problem.target[later], problem.source[later]
        if state.summed[target] == 0 and state.stamp[target] != t:
            state.stamp[target] = t
            starts += 1
        elif state.summed[target] > 0 and state.where[target] < 0:
            break
        if state.where[value] >= 0 or state.stamp[value] == t:
            continue
        if count == most or not (state.finished[value] and state.stored[value]):
            break
        room = 0
        for register in range(problem.registers):
            room += usable(state, register, later)
        if count + 1 + starts > room:
            break
        state.stamp[value] = t
        state.batch[count] = value
        count, until = count + 1, later
    return count, until


@njit(cache=True)
def side_by_side(state, until, count):
    """Where the first run of `count` usable registers begins; failing that, the longest run."""
    best, longest, start = 0, 0, 0
    for register in range(len(state.holder) + 1):
        if register < len(state.holder) and usable(state, register, until):
            continue
        if register - start > longest and longest < count:
            best, longest = start, register - start
        start = register + 1
    return best
