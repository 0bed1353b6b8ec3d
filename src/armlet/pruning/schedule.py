"""Plan how many weights each epoch leaves: the same share of the survivors is removed in every epoch.

After an epoch that exceeds the distance budget the share is halved (in the logarithm). At each sparsity of the path,
and at the goal, recovery epochs fine-tune and remove nothing, so that a network kept on the way is about as good as
the result of a run straight to its sparsity. Mathematics: docs/mathematics.md, section 4.
"""

from dataclasses import dataclass, replace

BUDGET_GOAL = 0.005  # share of survivors that a run by budget alone would reach in its last epoch
SLOWEST_PACE = 1 / 16  # of the first share; a run ends when the budget is exceeded at this pace


@dataclass(frozen=True, slots=True)
class Schedule:
    """The progress of a run: `total` places for weights, `left` survivors, `goal` survivors to stop at."""

    total: int
    left: int
    goal: int
    share: float  # of the survivors that stays in the next epoch
    pace: float = 1.0  # 1, halved whenever the budget is exceeded
    stops: tuple[int, ...] = ()  # survivors at which to recover before the goal, falling
    rest: int = 0  # recovery epochs at each stop
    rested: int = 0  # recovery epochs done at the present stop

    @property
    def next(self) -> int:
        """Survivors after the next epoch: unchanged during recovery, otherwise at least one fewer."""
        if self.is_recovering:
            return self.left
        kept = round(self.left * self.share**self.pace)
        ahead = max((stop for stop in self.stops if stop < self.left), default=self.goal)
        return max(ahead, self.goal, min(kept, self.left - 1))

    @property
    def is_recovering(self) -> bool:
        """Whether the next epoch fine-tunes and removes nothing."""
        return self.rested < self.rest and (self.left in self.stops or self.left <= self.goal)

    @property
    def has_recovered(self) -> bool:
        """Whether the recovery at a stop is complete, so that the network there may be kept."""
        return self.left in self.stops and not self.is_recovering

    @property
    def ended(self) -> bool:
        """Whether no epoch is left to run."""
        return (self.left <= self.goal or self.pace < SLOWEST_PACE) and not self.is_recovering

    def advanced(self) -> "Schedule":
        """The schedule after an epoch that was kept."""
        return replace(self, left=self.next, rested=self.rested + 1 if self.is_recovering else 0)

    def slowed(self) -> "Schedule":
        """The schedule after an epoch that exceeded the budget and was undone."""
        return replace(self, pace=self.pace / 2)


def schedule(
    total: int,
    left: int,
    sparsity: float | None,
    layers: int,
    epochs: int,
    path: tuple[float, ...] = (),
    recovery: int = 0,
) -> Schedule:
    """Plan a run to `sparsity`, or until one path through the layers is left, in `epochs` even steps of the logarithm.

    `recovery` epochs at each sparsity of `path` and at the goal come on top of `epochs`.
    """
    goal = survivors(total, sparsity) if sparsity is not None else layers
    end = goal if sparsity is not None else max(layers, round(BUDGET_GOAL * total))
    share = (end / left) ** (1 / epochs) if end < left else 1.0
    stops = sorted({survivors(total, stop) for stop in path}, reverse=True)
    return Schedule(total, left, goal, share, stops=tuple(stops), rest=recovery if goal < left else 0)


def survivors(total: int, sparsity: float) -> int:
    """The number of weights left of `total` at this sparsity."""
    return total - round(sparsity * total)
