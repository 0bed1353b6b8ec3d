"""A convolution as its bodies see it: where its tensors lie, what a channel takes, and how its sums are stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from armlet.errors import CapacityError
from armlet.integer.formats import I64
from armlet.integer.layers import IntegerConv
from armlet.select.tensors.closing import FIELD, Lanes, Scaling, lanes_of, scaling_of
from armlet.select.tensors.frame import SUMS, VALUES
from armlet.select.tensors.rows import PlacedTensor
from armlet.tensors.layout import LIFT, LaneLayout
from armlet.tensors.rows import WORD

_GREATEST = 255  # value of lane 0, with what it has more


@dataclass(frozen=True, slots=True)
class Shape:
    """How much a body does at once."""

    across: int  # words in a row
    channels: int
    raised: bool = False  # whether weights are taken 2^8 times

    def __post_init__(self) -> None:
        if 2 * self.across * self.channels > len(SUMS) or self.across > len(VALUES):
            raise CapacityError(f"{self.across} words of {self.channels} channels have no registers")


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A layer with the places of what it takes and makes, in bytes from the start of the block."""

    layer: IntegerConv
    number: int
    taken: LaneLayout
    made: LaneLayout
    source: int
    result: int
    other: PlacedTensor | None = None  # what the residual is of

    def __post_init__(self) -> None:
        if self.other is not None and (self.other.layout.split, self.other.layout.row) != (
            self.made.split,
            self.made.row,
        ):
            raise CapacityError(f"layer {self.number} adds a residual that does not lie as what it makes")

    def taps(self, channel: int) -> list[tuple[int, int, int, int]]:
        """(row, channel, column, weight) of what an output channel takes, rows and columns from the window's first."""
        layer = self.layer
        weight = layer.weight[channel]
        first = channel // (len(layer.body.bias) // layer.groups) * weight.shape[0]
        rows, columns = layer.dilation
        found = [
            (y * rows, int(c) + first, x * columns, int(weight[c, y, x])) for c, y, x in np.argwhere(weight).tolist()
        ]
        return sorted(found)

    def place(self, row: int, channel: int, column: int) -> int:
        """Where a word lies, from the window's first, in bytes."""
        return ((row * self.taken.channels + channel) * self.taken.pitch + column) * WORD

    def scaling(self, channel: int) -> Scaling:
        """How its sums are stored."""
        return scaling_of(self.layer.body, channel, f"layer {self.number}, channel {channel}")

    def times(self, channel: int) -> int:
        """How often the weights are taken: twice where the scaling wants twice the sum, and there is room."""
        return 2 if self.scaling(channel).twice and self.fits(channel, 2) else 1

    def lanes(self, channel: int) -> Lanes:
        """How both its sums are stored."""
        times = self.times(channel)
        least, most = self.sums(channel)
        return lanes_of(self.scaling(channel), times, (times * least, times * most))

    def fits(self, channel: int, times: int) -> bool:
        """Whether the field of lane 0 holds the sum so many times."""
        least, most = self.sums(channel)
        return times * least >= -FIELD and times * most < FIELD

    def sums(self, channel: int) -> tuple[int, int]:
        """The least and greatest sum of a channel in lane 0."""
        weight, start, times = self._weights(channel), self.starts(channel)[0], self.residual(channel)
        return (
            start + _GREATEST * (int(np.minimum(weight, 0).sum()) + min(times, 0)),
            start + _GREATEST * (int(np.maximum(weight, 0).sum()) + max(times, 0)),
        )

    def starts(self, channel: int) -> tuple[int, int]:
        """What the sums of both lanes are before the first weight; a shift is given its zero there."""
        body, scaling = self.layer.body, self.scaling(channel)
        bias = int(body.bias[channel])
        below = bias - LIFT * (int(self._weights(channel).sum()) + self.residual(channel))
        if scaling.factor:
            return below, bias
        return below + scaling.start + (LIFT << scaling.shift), bias + scaling.start

    def _weights(self, channel: int) -> I64:
        return self.layer.body.weight[channel].astype(np.int64)

    def residual(self, channel: int) -> int:
        """How often a word of the other tensor is added; 0 where none is."""
        return 0 if self.layer.residual is None else int(self.layer.residual[channel])

    @property
    def apart(self) -> int:
        """How far a word of the other tensor lies from the one that is made of it, in bytes."""
        assert self.other is not None
        return self.other.start + self.other.layout.at(0, 0, 0) - self.result - self.made.at(0, 0, 0)

    @property
    def beside(self) -> int | None:
        """How far what is made lies from the window that it is made of, in bytes; None where that is not the same."""
        (down, across), made = self.layer.stride, self.made
        if across != 1 or made.row != down * self.taken.row:
            return None
        padding = self.layer.padding
        return self.result + made.at(0, 0, 0) - self.source - self.taken.at(-padding[0], 0, -padding[1])


def groups_of(layer: IntegerConv, size: int) -> tuple[tuple[int, ...], ...]:
    """Output channels in groups of `size`, each with those that take most of what it takes."""
    takes = (layer.weight != 0).any(axis=3).reshape(len(layer.body.bias), -1)
    left, found = list(range(len(takes))), list[tuple[int, ...]]()
    while left:
        group = [left.pop(0)]
        while len(group) < size and left:
            union = takes[group].any(axis=0)
            shared = [int((takes[j] & union).sum()) / max(1, int(takes[j].sum())) for j in left]
            group.append(left.pop(int(np.argmax(shared))))
        found.append(tuple(group))
    return tuple(found)


def check_fields(task: Convolution, channels: Sequence[int]) -> None:
    """Raise `CapacityError` where the sum of lane 0 may leave its field."""
    for channel in channels:
        if not task.fits(channel, 1):
            least, most = task.sums(channel)
            span = f"{least} to {most}"
            raise CapacityError(f"layer {task.number}, channel {channel} has sums from {span}: a field takes 24 bits")
