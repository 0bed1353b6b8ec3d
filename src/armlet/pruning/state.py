"""The state of a run after an epoch: the network, its masks, and how it got there."""

from dataclasses import dataclass

from armlet.integer.network import IntegerNetwork
from armlet.network.network import Network
from armlet.pruning.geometry.functional import Masks, Point
from armlet.pruning.quantise.snap import Snapped
from armlet.pruning.schedule import Schedule
from armlet.pruning.trace import PruningEpoch


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A network kept on the way, and the number of the epoch that it is from."""

    epoch: int
    point: Point
    is_stop: bool = True  # kept at a sparsity of the path, else in case that a later one exceeds the budget on its grid


@dataclass(frozen=True, slots=True, eq=False)
class Snapping:
    """A network of the run whose weights are being put onto their grid."""

    epoch: int  # that it is from
    rounds: int  # done
    at: Snapped


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A network of the run on its grid, and in integers if they are asked for."""

    epoch: int  # that it is from
    network: Network | IntegerNetwork
    distance: float
    kept: bool  # whether it is within the budget


@dataclass(frozen=True, slots=True, eq=False)
class PruningState:
    """All that the next epoch needs, and the epochs and snapshots so far."""

    point: Point
    masks: Masks
    distance: float
    schedule: Schedule
    epochs: tuple[PruningEpoch, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    snapping: Snapping | None = None
    finished: tuple[Finished, ...] = ()
