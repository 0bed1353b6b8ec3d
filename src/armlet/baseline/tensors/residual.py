"""What a residual adds to the C of a convolution: an array more, and a product more in each sum."""

from dataclasses import dataclass

from armlet.baseline.integers.text import table
from armlet.integer.formats import IntegerFormat
from armlet.integer.layers import IntegerConv


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """Pieces of C of a layer, which are empty where it has no residual."""

    i: int  # of the layer
    layer: IntegerConv
    given: IntegerFormat | None = None  # of the second tensor

    @property
    def parameter(self) -> str:
        """That stands before the array of what is made."""
        return f"const {self.given.c_type} *restrict other, " if self.given else ""

    @property
    def argument(self) -> str:
        """For the parameter."""
        return "other, " if self.given else ""

    def moved(self, numbers: int) -> str:
        """On to further positions."""
        return f", other += {numbers}" if self.given else ""

    def added(self, total: str, channel: int | str, at: str) -> str:
        """The sum of a channel, a number or a C variable, with what the number at a place adds."""
        if self.given is None or self.layer.residual is None:
            return total
        times = str(self.layer.residual[channel]) if isinstance(channel, int) else f"r{self.i}[{channel}]"
        return f"{total} + {times} * other[{at}]"

    @property
    def tables(self) -> list[str]:
        """By which numbers are multiplied."""
        return [] if self.layer.residual is None else [table(f"r{self.i}", self.layer.residual)]
