"""How many weights each epoch leaves: the same share of the survivors goes each time, half of it after a broken budget.

Mathematics: docs/mathematics.md, section 4.
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

    @property
    def next(self) -> int:
        """Survivors after the next epoch; at least one fewer than now."""
        kept = round(self.left * self.share**self.pace)
        return max(self.goal, min(kept, self.left - 1))

    @property
    def ended(self) -> bool:
        return self.left <= self.goal or self.pace < FINEST

    def advanced(self) -> "Schedule":
        """After an epoch that stays."""
        return replace(self, left=self.next)

    def broken(self) -> "Schedule":
        """After an epoch that went too far and was undone."""
        return replace(self, pace=self.pace / 2)


def schedule(total: int, left: int, sparsity: float | None, layers: int, epochs: int) -> Schedule:
    """The schedule to `sparsity`, or to where one path is left; `epochs` reach it in even steps of the logarithm."""
    goal = total - round(sparsity * total) if sparsity is not None else layers
    end = goal if sparsity is not None else max(layers, round(FARTHEST * total))
    share = (end / left) ** (1 / epochs) if end < left else 1.0
    return Schedule(total, left, goal, share)
