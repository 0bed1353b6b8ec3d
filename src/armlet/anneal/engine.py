"""Simulated annealing that knows nothing of its problem.

A problem is a NamedTuple of arrays that gives four compiled functions to `register_problem`: `propose` a move and its
change of cost, `commit` it, `keep` the present state as the best, `restore` the best. The engine is Metropolis on the
true change of cost. The first temperature comes from the spread of sampled moves, the reach of the moves follows the
acceptance (aimed at 0.44), cooling is geometric, the best state is kept, and later cycles start cooler from the best.
The result is never worse than the start, and the same seed gives the same result.
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from armlet.anneal.cached import forget_outdated
from armlet.kernels import kept_in, njit

AIM = 0.44  # acceptance at which a random walk learns most (Gelman, Roberts, Gilks 1996, in one dimension)
FREEZING = 0.15  # of the least change: no temperature ends above it, or the last moves would still be random
_BLOCK = 256  # moves between looks at the acceptance
_SAMPLES = 512  # moves sampled for the first temperature
POINTS = 64  # states written into the trace


@dataclass(frozen=True, slots=True)
class Annealed:
    """What an annealing did: the change of cost (never positive), the moves tried and the cost along the way."""

    change: float
    moves: int
    trace: tuple[float, ...]  # change of cost since the start, at even steps of the chain that won
    problem: str = ""


def unwatched(_: Annealed) -> None:
    """Nobody wants to know how an annealing went."""


@dataclass(frozen=True, slots=True)
class Annealing:
    """The schedule of one annealing; `armlet.toml` sets each field but the last two."""

    moves: int = 2_000  # budget for each item of the problem
    most_moves: int = 4_000_000  # and for the whole problem
    hot: float = 0.3  # first temperature, in mean absolute changes of cost
    cold: float = 0.02  # last temperature, in the same unit
    cycles: int = 2  # coolings; each after the first starts from the best state, at a third of the temperature
    chains: int = 1  # independent runs with seeds of their own, side by side; the best wins
    seed: int = 0
    problem: str = ""  # what it is for, told to those who watch
    watch: Callable[[Annealed], None] = unwatched

    def of(self, part: str) -> "Annealing":
        """The same schedule for a part of the problem."""
        return replace(self, problem=f"{self.problem}, {part}" if self.problem else part)


def propose(problem: Any, rng: Any, reach: float) -> float:
    """Choose a move of at most `reach` (0 to 1) and note it in the problem; gives its change of cost.

    Infinity says that nothing would change: such a move is never made.
    """
    raise NotImplementedError


def commit(problem: Any) -> None:
    """Carry out the move noted last."""
    raise NotImplementedError


def keep(problem: Any) -> None:
    """Note the present state as the best."""
    raise NotImplementedError


def restore(problem: Any) -> None:
    """Go back to the state noted as the best."""
    raise NotImplementedError


def register_problem(kind: type[tuple[Any, ...]], **functions: Any) -> None:
    """Give the engine the compiled functions of a kind of problem, by the names of the four above."""
    engine, problem = Path(__file__), Path(functions["propose"].py_func.__code__.co_filename)
    forget_outdated(engine, problem, kept_in(_run))
    forget_outdated(problem, engine, kept_in(functions["propose"]))
    for generic in (propose, commit, keep, restore):
        _attach(generic, kind, functions[generic.__name__])


def _attach(generic: Callable[..., Any], kind: type, compiled: Callable[..., Any]) -> None:
    def chosen(problem: Any, *_: Any) -> Callable[..., Any] | None:
        if not (isinstance(problem, types.BaseNamedTuple) and getattr(problem, "instance_class", None) is kind):
            return None
        if generic is propose:
            return lambda problem, rng, reach: compiled(problem, rng, reach)
        return lambda problem: compiled(problem)

    if generic is propose:
        overload(generic)(lambda problem, rng, reach: chosen(problem))
    else:
        overload(generic)(lambda problem: chosen(problem))


def anneal(problem: Any, items: int, how: Annealing) -> Annealed:
    """Anneal `problem` in place and leave it in the best state met; with chains, the best of them."""
    budget = min(how.moves * items, how.most_moves)
    if items < 2 or budget < 1:
        return Annealed(0.0, 0, (0.0,))
    chains = [_Chain.of(problem, how.seed, number) for number in range(how.chains)]
    if len(chains) == 1:
        chains[0].run(budget, how)
    else:
        with ThreadPoolExecutor(min(len(chains), os.cpu_count() or 1)) as pool:
            list(pool.map(lambda chain: chain.run(budget, how), chains))
    best = min(chains, key=lambda chain: chain.change)  # the first of equals, so that threads decide nothing
    for field, result in zip(problem, best.problem):
        field[...] = result
    annealed = Annealed(best.change, budget * len(chains), tuple(best.trace.tolist()), how.problem)
    how.watch(annealed)
    return annealed


@dataclass(slots=True)
class _Chain:
    """One run on a copy of the problem, with its own randomness."""

    problem: Any
    random: NDArray[np.uint64]
    trace: NDArray[np.float64]
    change: float = 0.0

    @classmethod
    def of(cls, problem: Any, seed: int, number: int) -> "_Chain":
        copy = problem._replace(**{name: np.copy(field) for name, field in problem._asdict().items()})
        state = seed * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03 & (1 << 64) - 1
        return cls(copy, np.array([state], np.uint64), np.zeros(POINTS))

    def run(self, budget: int, how: Annealing) -> None:
        self.change = float(_run(self.problem, budget, how.hot, how.cold, how.cycles, self.random, self.trace))


@njit(cache=True)
def draw(rng):
    """The next 64 random bits (splitmix64: Steele, Lea, Flood 2014)."""
    rng[0] += np.uint64(0x9E3779B97F4A7C15)
    z = rng[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def uniform(rng):
    """A float64 in [0, 1)."""
    return (draw(rng) >> np.uint64(11)) * (1.0 / (1 << 53))


@njit(cache=True)
def below(rng, count):
    """An integer in [0, count), for counts below 2^32."""
    return np.int64(((draw(rng) >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))


@njit(cache=True)
def _spread(problem, rng):
    """The mean size of sampled changes, and the least; zeros where nothing changes the cost."""
    total, least, seen = 0.0, np.inf, 0
    for _ in range(_SAMPLES):
        change = abs(propose(problem, rng, 1.0))
        if 0 < change < np.inf:
            total += change
            least = min(least, change)
            seen += 1
    return (total / seen, least) if seen else (0.0, 0.0)


@njit(cache=True, nogil=True)
def _run(problem, budget, hot, cold, cycles, rng, trace):
    spread, least = _spread(problem, rng)
    keep(problem)
    if spread == 0.0:
        return 0.0
    cost, best, fresh = 0.0, 0.0, False
    each = budget // cycles
    done = 0
    for cycle in range(cycles):
        first = hot * spread / 3.0**cycle
        last = min(first, cold * spread, FREEZING * least)
        reach = 1.0
        blocks = max(1, each // _BLOCK)
        for block in range(blocks):
            temperature = first * (last / first) ** (block / blocks)
            accepted = 0
            for _ in range(_BLOCK):
                change = propose(problem, rng, reach)
                if change > 0 and uniform(rng) >= math.exp(-change / temperature):
                    continue
                if change > 0 and fresh:
                    keep(problem)
                    fresh = False
                commit(problem)
                accepted += 1
                cost += change
                if cost < best - 1e-9:
                    best, fresh = cost, True
            reach = min(1.0, max(1e-3, reach * math.exp(0.5 * (accepted / _BLOCK - AIM))))
            done += 1
            trace[min(POINTS - 1, done * POINTS // (blocks * cycles + 1))] = cost
        if fresh:
            keep(problem)
            fresh = False
        restore(problem)
        cost = best
    return best
