"""What the sparsifier did, epoch by epoch, in plain numbers that any program can read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec


@dataclass(frozen=True, slots=True)
class Epoch:
    """One round of removing and adjusting."""

    number: int  # from 1
    of: int  # epochs that the run will take at most
    sparsity: float  # zeros among all weights
    connections: int  # weights that are left
    distance: float  # d to the dense network on the validation draw, after adjusting
    before: float  # the same d right after the removal
    adjusted: bool  # whether the adjustment came nearer, and so was taken
    kept: bool  # whether the removal stayed; one that breaks the distance budget is undone
    seconds: float = 0.0  # since the start, without what lay between an interruption and going on
    rate: float | None = None  # of Adam, at the start of its walk
    ridge: float | None = None  # that the last step of Gauss-Newton left, in the mean of G's diagonal
    selector_ridge: float | None = None  # the largest that second-order needed, in the mean of H's diagonal
    worst_output: int | None = None  # the one farthest from home by itself, counted from 0; None where there is one
    worst_distance: float | None = None  # its own d, in its own spread
    temperature: float | None = None  # T of the tempered metric, in units of the outputs
    shown: Mapping[str, float] = field(default_factory=dict)  # figures on inputs that were only shown, by name


def name_shown(epochs: Sequence[Epoch]) -> str:
    """What the figure is called that the epochs show; empty where none does."""
    return next((name for epoch in epochs for name in epoch.shown), "")


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole run: what was asked, what was used, what came of each epoch."""

    format: int
    settings: Mapping[str, str | int | float]
    epochs: tuple[Epoch, ...]

    @property
    def distance(self) -> float:
        """d of the network that the run gave; 0 where nothing was removed."""
        return self.last.distance if self.last else 0.0

    @property
    def last(self) -> Epoch | None:
        """The epoch that the network is from; None where nothing was removed."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.kept), None)

    def to_json(self) -> str:
        """The trace as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode() + "\n"
