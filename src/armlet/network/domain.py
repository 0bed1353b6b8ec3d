"""What is known of a network's raw inputs: the interval of each, its normalisation, and who said so.

Nothing may be concluded from an interval that nobody declared. So a domain says where it comes from, and where nobody
said anything its intervals are the whole line.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.errors import InputError
from armlet.network.frozen import F32, F64, frozen
from armlet.network.shapes import LARGEST

SPAN = 4.0  # standard deviations about the mean that an interval has where only mean and std are declared
_WHOLE = (-np.inf, np.inf)
_ROUNDING = 1e-6  # of an interval: its ends and the mean may come from float32
_OCTAVES = 8  # that the size of a drawn row lies from 1 at most, where nothing is declared


class Origin(Enum):
    """Who said what the inputs are."""

    DECLARED = "declared"  # low and high were given
    IMPLIED = "implied"  # mean and std were given, and low and high follow: mean - 4 std to mean + 4 std
    UNDECLARED = "undeclared"  # nobody said: each interval is the whole line


@dataclass(frozen=True, slots=True, eq=False)
class InputDomain:
    """The closed interval of each raw input, and the normalisation that the network was trained with.

    The network computes on `(x - mean) / std`; every command takes the raw x.
    """

    low: F64  # (inputs,)
    high: F64
    mean: F64
    std: F64
    origin: Origin = Origin.DECLARED

    def __post_init__(self) -> None:
        for name in ("low", "high", "mean", "std"):
            array = frozen(np.asarray(getattr(self, name), np.float64) + 0.0, np.float64)  # zero has one sign here
            if array.ndim != 1 or array.shape != np.shape(self.low):
                raise InputError(f"input {name}", f"has shape {array.shape}, not that of low, {np.shape(self.low)}")
            if not np.isfinite(array).all() and (name in ("mean", "std") or self.is_declared):
                raise InputError(f"input {name}", "is not finite")
            object.__setattr__(self, name, array)
        if (self.std <= 0).any():
            i = int(np.argmax(self.std <= 0))
            raise InputError(f"input {i}", f"has std {self.std[i]}, which is not positive", _constant(self.std[i]))
        if (self.low > self.high).any():
            i = int(np.argmax(self.low > self.high))
            raise InputError(f"input {i}", f"has its interval upside down: [{self.low[i]}, {self.high[i]}]")
        if not self.is_declared and not ((self.low == -np.inf).all() and (self.high == np.inf).all()):
            raise InputError("input interval", "is given and called undeclared")
        _require_inside(self)

    @classmethod
    def uniform(
        cls, inputs: int, low: ArrayLike = 0.0, high: ArrayLike = 1.0, mean: ArrayLike = 0.0, std: ArrayLike = 1.0
    ) -> "InputDomain":
        """A declared domain: scalars or arrays, spread over `inputs` inputs."""
        a, b, centre, spread = _spread(inputs, low, high, mean, std)
        return cls(a, b, centre, spread)

    @classmethod
    def undeclared(cls, inputs: int) -> "InputDomain":
        """The domain of inputs of which nobody said anything."""
        low, high, mean, std = _spread(inputs, *_WHOLE, 0.0, 1.0)
        return cls(low, high, mean, std, Origin.UNDECLARED)

    @property
    def is_declared(self) -> bool:
        """Whether there are intervals to conclude from: declared ones, or those that mean and std imply."""
        return self.origin is not Origin.UNDECLARED

    @property
    def is_normalised(self) -> bool:
        """Whether raw inputs are already what the first layer takes."""
        return bool((self.mean == 0).all() and (self.std == 1).all())

    def draw(self, random: np.random.Generator, count: int) -> F64:
        """`count` rows to try a program on: anywhere in the intervals, or of any size where there are none."""
        if self.is_declared:
            return self.low + (self.high - self.low) * random.random((count, len(self.low)))
        sizes = np.exp2(random.uniform(-_OCTAVES, _OCTAVES, (count, 1)))
        return sizes * random.standard_normal((count, len(self.low)))

    def outside(self, rows: F32) -> "Outside | None":
        """What of raw inputs (samples, inputs) lies beyond the intervals, but for the rounding to float32."""
        with np.errstate(over="ignore"):  # an end beyond float32 holds all of it
            low = np.minimum(self.low, self.low.astype(np.float32))
            high = np.maximum(self.high, self.high.astype(np.float32))
        beyond = (rows < low) | (rows > high)
        if not beyond.any():
            return None
        row, column = np.argwhere(beyond)[0].tolist()
        interval = float(self.low[column]), float(self.high[column])
        return Outside(int(beyond.sum()), beyond.size, row, column, float(rows[row, column]), *interval)

    def describe(self) -> str:
        """Where the domain comes from and what it is, in a few words."""
        if not self.is_declared:
            return "undeclared, no interval is assumed"
        low, high = float(self.low.min()), float(self.high.max())
        each = "" if np.ptp(self.low) == 0 and np.ptp(self.high) == 0 else ", each with its own interval"
        told = "declared" if self.origin is Origin.DECLARED else f"implied by mean and std (mean +- {SPAN:g} std)"
        return f"{told}, from {low:g} to {high:g}{each}"


@dataclass(frozen=True, slots=True)
class Outside:
    """Values that lie beyond the declared intervals: how many, and the first of them."""

    count: int
    of: int
    row: int  # from 0
    column: int
    value: float
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.count / self.of

    def __str__(self) -> str:
        first = f"row {self.row + 1}, column {self.column + 1} is {self.value:g}"
        return f"{first}, outside its interval [{self.low:g}, {self.high:g}]; {self.count} of {self.of} values are"


def domain_of(
    inputs: int,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    mean: ArrayLike | None = None,
    std: ArrayLike | None = None,
) -> InputDomain:
    """The domain that a person's words make, scalars or one value an input; None is what nobody said.

    Mean and std imply mean +- 4 std, unless they are 0 and 1, which say nothing. Raises `InputError` that names the
    word and the input.
    """
    if (low is None) != (high is None):
        given, missing = ("low", "high") if high is None else ("high", "low")
        raise InputError(f"input.{given}", f"is given without {missing}", f"give {missing} too, or neither")
    if inputs > LARGEST:
        raise InputError("input", f"has {inputs} values, more than {LARGEST}", "give a model with fewer inputs")
    if std is None and mean is not None and low is None:
        raise InputError("input.mean", "is given without std", "give std too: the network computes on (x - mean) / std")
    centre, spread = _spread(inputs, 0.0 if mean is None else mean, 1.0 if std is None else std)
    if low is not None and high is not None:
        return InputDomain.uniform(inputs, low, high, centre, spread)
    if (centre == 0).all() and (spread == 1).all():
        return InputDomain.undeclared(inputs)
    with np.errstate(over="ignore"):
        ends = centre - SPAN * spread, centre + SPAN * spread
    if not np.isfinite(ends).all():
        raise InputError(
            "input.mean and std", f"are not finite, or mean +- {SPAN:g} std is not", "give low and high too"
        )
    return InputDomain(*ends, centre, spread, Origin.IMPLIED)


def _spread(inputs: int, *values: ArrayLike) -> list[NDArray[np.float64]]:
    with np.errstate(invalid="ignore"):  # a signalling NaN is refused where it is not finite
        arrays = [np.asarray(value, np.float64) for value in values]
    return [np.broadcast_to(array.reshape(-1) if array.size == 1 else array, (inputs,)) for array in arrays]


def _require_inside(domain: InputDomain) -> None:
    """A mean that no input can have is a mistake: usually the interval is that of normalised inputs.

    A mean of 0 says that nothing is subtracted.
    """
    room = _ROUNDING * np.maximum(np.abs(domain.low), np.abs(domain.high))
    outside = ((domain.mean < domain.low - room) | (domain.mean > domain.high + room)) & (domain.mean != 0)
    if not domain.is_declared or not outside.any():
        return
    i = int(np.argmax(outside))
    problem = f"has mean {domain.mean[i]:g} outside its interval [{domain.low[i]:g}, {domain.high[i]:g}]"
    raise InputError(f"input {i}", problem, "give low and high of the raw input, before the normalisation")


def _constant(std: float) -> str:
    return "write 1 for an input that never varies: it is then only shifted" if std == 0 else "give a number above 0"
