"""How many weights each epoch leaves: the same share of the survivors goes each time, half of it after a broken budget.

At each stop, and at the goal, the walk rests: some epochs remove nothing and adjust only, so that a network that is
kept on the way is about what a run straight to it would give. Mathematics: docs/mathematics.md, section 4.
"""

from dataclasses import dataclass, replace

FARTHEST = 0.005  # survivors that a run by budget alone would reach in its last epoch
FINEST = 1 / 16  # of the first share; a budget that breaks at it ends the run


@dataclass(frozen=True, slots=True)
class Schedule:
    """Where the walk stands: `total` places for weights, `left` survivors, `goal` survivors to stop at."""

    total: int
    left: int
    goal: int
    share: float  # of the survivors that stays in the next epoch
    pace: float = 1.0  # 1, and half as much after each broken budget
    stops: tuple[int, ...] = ()  # survivors to rest at before the goal, falling
    rest: int = 0  # epochs of each rest
    rested: int = 0  # of them, those that were taken where the walk stands

    @property
    def next(self) -> int:
        """Survivors after the next epoch: as many as now at a rest, otherwise at least one fewer."""
        if self.is_resting:
            return self.left
        kept = round(self.left * self.share**self.pace)
        ahead = max((stop for stop in self.stops if stop < self.left), default=self.goal)
        return max(ahead, self.goal, min(kept, self.left - 1))

    @property
    def is_resting(self) -> bool:
        return self.rested < self.rest and (self.left in self.stops or self.left <= self.goal)

    @property
    def has_rested(self) -> bool:
        """Whether the epochs at a stop are done, so that the network there may be kept."""
        return self.left in self.stops and not self.is_resting

    @property
    def ended(self) -> bool:
        return (self.left <= self.goal or self.pace < FINEST) and not self.is_resting

    def advanced(self) -> "Schedule":
        """After an epoch that stays."""
        return replace(self, left=self.next, rested=self.rested + 1 if self.is_resting else 0)

    def broken(self) -> "Schedule":
        """After an epoch that went too far and was undone."""
        return replace(self, pace=self.pace / 2)


def schedule(
    total: int,
    left: int,
    sparsity: float | None,
    layers: int,
    epochs: int,
    path: tuple[float, ...] = (),
    rest: int = 0,
) -> Schedule:
    """The schedule to `sparsity`, or to where one path is left; `epochs` reach it in even steps of the logarithm.

    The walk rests `rest` epochs at each sparsity of `path` and at the goal; they come on top of `epochs`.
    """
    goal = survivors(total, sparsity) if sparsity is not None else layers
    end = goal if sparsity is not None else max(layers, round(FARTHEST * total))
    share = (end / left) ** (1 / epochs) if end < left else 1.0
    stops = sorted({survivors(total, stop) for stop in path}, reverse=True)
    return Schedule(total, left, goal, share, stops=tuple(stops), rest=rest if goal < left else 0)


def survivors(total: int, sparsity: float) -> int:
    """Weights that stay of `total` at this sparsity."""
    return total - round(sparsity * total)
