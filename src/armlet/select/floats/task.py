"""A layer of weights as bodies see it: what its sums take, in the order of the stream, and groups of channels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from armlet.select.floats.closing import Closing
from armlet.tensors.floats.planes import PlacedPlanes
from armlet.tensors.floats.sums import Sums
from armlet.tensors.rows import WORD


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """How much a body does at once."""

    across: int  # positions in a row
    channels: int
    last: int = 0  # positions in a row of the last group, if it has fewer channels; 0: as many

    def of(self, group: Sequence[int]) -> "Shape":
        """The shape of the bodies of a group."""
        return Shape(self.last if self.last and len(group) < self.channels else self.across, len(group))


@dataclass(frozen=True, slots=True, eq=False)
class SumsTask:
    """A layer of weights, the tensor that it takes and where what it makes lies."""

    sums: Sums
    number: int
    taken: PlacedPlanes
    positions: tuple[int, int]  # down, across
    places: tuple[int, ...]  # of each output channel at the first position, in bytes from the start of the block
    down: int  # bytes from a position to that below it
    is_fused: bool

    @property
    def closing(self) -> Closing:
        """What becomes of a sum."""
        return Closing(self.sums.activation, self.sums.slope)

    def place(self, row: int, channel: int, column: int) -> int:
        """Where a word lies, in bytes from the first of a window."""
        layout = self.taken.layout
        return ((row * layout.channels + channel) * layout.pitch + column) * WORD


def groups_of(sums: Sums, size: int) -> tuple[tuple[int, ...], ...]:
    """Output channels in groups of `size`, each with those that take most of the rows that it takes."""
    rows = [frozenset(zip(taps.row.tolist(), taps.channel.tolist())) for taps in sums.taps]
    numbers = {each: k for k, each in enumerate(sorted(frozenset().union(*rows)))}
    takes = np.zeros((len(rows), len(numbers)), bool)
    for j, each in enumerate(rows):
        takes[j, [numbers[one] for one in each]] = True
    left, found = list(range(len(takes))), list[tuple[int, ...]]()
    while left:
        group = [left.pop(0)]
        while len(group) < size and left:
            union = takes[group].any(axis=0)
            shared = (takes[left] & union).sum(axis=1) / np.maximum(1, takes[left].sum(axis=1))
            group.append(left.pop(int(np.argmax(shared))))
        found.append(tuple(sorted(group)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Use:
    """A tap of a group, or what begins a sum, in the order of the stream."""

    channel: int  # in the group
    row: tuple[int, int] | None  # of the window, and the channel that it takes; None where a bias is all
    column: int
    weight: float
    word: int | None  # constant of the stream
    is_bias: bool = False
    begins: bool = False
    is_biased: bool = False


def uses_of(task: SumsTask, group: Sequence[int]) -> list[Use]:
    """All taps of a group by row and channel, then by column; a bias stands before the first weight of its sum."""
    taps = [
        (row, channel, column, j, float(weight))
        for j, number in enumerate(group)
        for row, channel, column, weight in _listed(task, number)
    ]
    begun, found = set[int](), list[Use]()
    for row, channel, column, j, weight in sorted(taps):
        bias = float(task.sums.bias[group[j]])
        begins = j not in begun
        if begins and bias:
            found.append(Use(j, (row, channel), column, bias, _word(bias), is_bias=True))
        word = None if abs(weight) == 1 else _word(weight)
        found.append(Use(j, (row, channel), column, weight, word, begins=begins, is_biased=bool(bias)))
        begun.add(j)
    for j in range(len(group)):
        if j not in begun:
            found.append(Use(j, None, 0, 0, _word(float(task.sums.bias[group[j]])), is_bias=True))
    return found


def _listed(task: SumsTask, number: int) -> Iterator[tuple[int, int, int, np.float32]]:
    taps = task.sums.taps[number]
    yield from zip(taps.row.tolist(), taps.channel.tolist(), taps.column.tolist(), taps.weight)


def _word(number: float) -> int:
    return int(np.float32(number).view(np.uint32))
