"""Which channels of a network's values need to be computed, where layers read some and not others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from armlet.network.layers import Reshape
from armlet.network.shapes import Shape

Mask: TypeAlias = NDArray[np.bool_]
NETWORK = TypeVar("NETWORK")


@dataclass(frozen=True, slots=True, eq=False)
class DroppedChannels(Generic[NETWORK]):
    """A network with the same outputs, and which channels of the first one its values have."""

    network: NETWORK
    channels: tuple[NDArray[np.int64], ...]  # of each value, the input's first


@dataclass(frozen=True, slots=True, eq=False)
class Mixes:
    """Each channel that is made reads some of those that are taken."""

    taken: int  # the number of a value; 0 is the network's input
    made: int
    reads: Mask  # (channels made, channels taken)


@dataclass(frozen=True, slots=True)
class Alike:
    """Values of which a channel stays in all or in none."""

    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Flattens:
    """A row of all values of planes; each of its values is a channel."""

    taken: int
    made: int


@dataclass(frozen=True, slots=True)
class Whole:
    """Values whose channels all stay."""

    values: tuple[int, ...]


Link: TypeAlias = Mixes | Alike | Flattens | Whole


def reads_of(weight: NDArray[np.generic], taken: int) -> Mask:
    """(channels made, channels taken): where the weights, (channels made, ...), are not all zero."""
    return np.asarray((weight != 0).reshape(len(weight), taken, -1).any(axis=2))


def reshaped(taken: int, made: int, before: Shape, after: Shape) -> Link:
    """Which channels of a reshape's values stay together."""
    if before == after:
        return Alike((taken, made))
    if len(after) == 1 and len(before) == 3:
        return Flattens(taken, made)
    return Whole((taken, made))


def reshape_to(layer: Reshape, made: Mask) -> Reshape:
    """The reshape to the channels that stay."""
    return layer if layer.shape is None else Reshape((int(np.count_nonzero(made)), *layer.shape[1:]))


def kept_channels(counts: Sequence[int], links: Sequence[Link]) -> list[Mask]:
    """Of each value the channels that stay: what is read of it, and one at least; all of the inputs and outputs.

    `counts` are channels of the values, `links` what the layers ask for, in their order.
    """
    kept = [np.zeros(count, bool) for count in counts]
    kept[0][:] = kept[-1][:] = True
    changed = True
    while changed:
        before = [mask.copy() for mask in kept]
        for link in reversed(links):
            _mark(link, kept)
        for mask in kept:
            mask[0] |= not mask.any()
        changed = any((one != other).any() for one, other in zip(before, kept))
    return kept


def _mark(link: Link, kept: list[Mask]) -> None:
    match link:
        case Mixes(taken, made, reads):
            kept[taken] |= reads[kept[made]].any(axis=0)
        case Alike(values):
            some = np.logical_or.reduce([kept[value] for value in values])
            for value in values:
                kept[value] |= some
        case Flattens(taken, made):
            each = kept[made].reshape(len(kept[taken]), -1)
            kept[taken] |= each.any(axis=1)
            each |= kept[taken][:, None]
        case Whole(values):
            for value in values:
                kept[value][:] = True
