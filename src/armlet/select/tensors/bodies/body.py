"""The channels of a convolution that are made at once, and the constants that they are made with."""

from dataclasses import dataclass

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.writer import Writer
from armlet.select.tensors.bodies.convolution import Convolution, Shape
from armlet.select.tensors.bodies.taps import Tap
from armlet.select.tensors.frame import CHANNEL, CONSTANTS, FACTOR, SUMS, TABLE, write_table
from armlet.tensors.layout import UPPER
from armlet.tensors.rows import WORD

_RAISED = 32 - UPPER  # bits by which weights are raised


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """The channels of a convolution that are made at once."""

    task: Convolution
    group: tuple[int, ...]
    shape: Shape

    @property
    def is_alone(self) -> bool:
        """Whether its constants lie on the stack, since they are those of one channel."""
        return len(self.group) == 1

    @property
    def has_residual(self) -> bool:
        """Whether words of another tensor are added."""
        return any(map(self.task.residual, self.group))

    def pairs(self, across: int) -> list[list[tuple[int, int]]]:
        """The registers of each sum, channel by channel."""
        words = [(SUMS[2 * k], SUMS[2 * k + 1]) for k in range(across * len(self.group))]
        return [words[j * across : (j + 1) * across] for j in range(len(self.group))]

    def taps(self) -> list[Tap]:
        """All weights, as often as they are taken."""
        task = self.task
        return [
            Tap(task.place(y, c, x), j, w * self.times(channel))
            for j, channel in enumerate(self.group)
            for y, c, x, w in task.taps(channel)
        ]

    def times(self, channel: int) -> int:
        """How often what is multiplied is taken."""
        return self.task.times(channel) << (_RAISED if self.shape.raised else 0)


def write_constants(writer: Writer, body: Body) -> None:
    """The constants of one channel on the stack; of several, where they are."""
    write_table(writer, FACTOR, _fill(writer, body))
    if not body.is_alone:
        writer.add(Does.STORE_STACK, FACTOR, number=TABLE)
        return
    for k in range(CONSTANTS):
        writer.add(Does.LOAD, SUMS[k], FACTOR, number=k * WORD)
    for k in range(CONSTANTS):
        writer.add(Does.STORE_STACK, SUMS[k], number=CHANNEL + k * WORD)


def _fill(writer: Writer, body: Body) -> int:
    """The constants at the end of the pool: where all sums start, then how each is scaled; gives where they begin."""
    start, ends, task, shape = len(writer.pool), list[int](), body.task, body.shape
    for channel in body.group:
        lanes, times, (below, bias) = task.lanes(channel), task.times(channel), task.starts(channel)
        sums = times * below + lanes.lift + (times * bias << UPPER) << (_RAISED if shape.raised else 0)
        writer.fill_words([sums, sums >> 32] * (1 if body.is_alone else shape.across))
        ends += [lanes.upper.factor, lanes.lower.start, lanes.upper.start]
    writer.fill_words(ends)
    return start
