"""The trace of a run: the figures of every epoch, as plain numbers that any program can read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec


@dataclass(frozen=True, slots=True)
class PruningEpoch:
    """The figures of one epoch: removing weights, then fine-tuning the rest."""

    number: int  # from 1
    of: int  # epochs that the run will take at most
    sparsity: float  # zeros among all weights
    connections: int  # weights that are left
    distance: float  # d to the dense network on the validation draw, after fine-tuning
    before: float  # the same d after removing, before fine-tuning
    adjusted: bool  # whether fine-tuning reduced d, and so was accepted
    kept: bool  # whether the epoch was kept; one that exceeds the distance budget is undone
    seconds: float = 0.0  # since the start, without the time between an interruption and resuming
    rate: float | None = None  # of Adam, at the start of the fine-tuning
    ridge: float | None = None  # after the last step of Gauss-Newton, in means of G's diagonal
    selector_ridge: float | None = None  # the largest that second-order needed, in means of H's diagonal
    worst_output: int | None = None  # the output of the largest distance of its own, from 0; None for a single output
    worst_distance: float | None = None  # that distance, in the output's own spread
    temperature: float | None = None  # T of the tempered metric, in units of the outputs
    snapped: float | None = None  # share of the survivors on their grid, after a round of snapping
    shown: Mapping[str, float] = field(default_factory=dict)  # figures on the test inputs, by name; only shown


def name_shown(epochs: Sequence[PruningEpoch]) -> str:
    """The name of the figure that the epochs show; empty if none does."""
    return next((name for epoch in epochs for name in epoch.shown), "")


@dataclass(frozen=True, slots=True)
class PruningTrace:
    """The settings of a run and the figures of all its epochs."""

    format: int
    settings: Mapping[str, str | int | float]
    epochs: tuple[PruningEpoch, ...]

    @property
    def distance(self) -> float:
        """d of the resulting network; 0 if no epoch was kept."""
        return self.last.distance if self.last else 0.0

    @property
    def last(self) -> PruningEpoch | None:
        """The last epoch that was kept, which the network is from; None if there is none."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.kept), None)

    def to_json(self) -> str:
        """The trace as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode() + "\n"
