"""The state of a run after an epoch: the network, its masks, and how it got there."""

from dataclasses import dataclass

from armlet.pruning.geometry.functional import Masks, Point
from armlet.pruning.schedule import Schedule
from armlet.pruning.trace import PruningEpoch


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A network kept at one sparsity of the path, and the number of the epoch that it is from."""

    epoch: int
    point: Point


@dataclass(frozen=True, slots=True, eq=False)
class PruningState:
    """All that the next epoch needs, and the epochs and snapshots so far."""

    point: Point
    masks: Masks
    distance: float
    schedule: Schedule
    epochs: tuple[PruningEpoch, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
