"""How values are stored between layers: the format, the real size of one unit, and the number that stands for 0."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from armlet.integer.formats import INT8, INT16, UINT8, IntegerFormat
from armlet.network.activation import DEFINITIONS, Activation
from armlet.network.frozen import F64
from armlet.pruning.quantise.formats import ActivationFormat

_TINY = 1e-30  # values as small count as 0
TOP = 6.0  # of relu6


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored q stands for unit * (q - zero)."""

    format: IntegerFormat
    unit: float  # a power of two in a chain of dense layers
    zero: int

    @property
    def high(self) -> float:
        """The greatest real value that it holds."""
        return self.unit * (self.format.high - self.zero)

    @property
    def low(self) -> float:
        """The least."""
        return self.unit * (self.format.low - self.zero)

    def powers(self, low: F64, high: F64) -> F64:
        """The powers of two that values from `low` to `high` are to be divided by, to be held and to fill it."""
        size = np.maximum(high / self.high, low / self.low if self.low < 0 else 0.0)
        return np.where(size > 0, np.exp2(np.ceil(np.log2(np.maximum(size, _TINY)))), 1.0)


def stored_input(kind: ActivationFormat) -> Stored:
    """How inputs are stored, as shares of their interval: from 0 to 1."""
    return Stored(UINT8, 2.0**-8, 0) if kind is ActivationFormat.INT8 else Stored(INT16, 2.0**-15, 0)


def stored_values(kind: ActivationFormat, activation: Activation, slope: float) -> Stored:
    """How the values of a layer are stored; those of a homogeneous activation are scaled to fit first."""
    wide = kind is ActivationFormat.INT16
    least = 2.0**-15 if wide else 2.0**-8
    match activation:
        case Activation.RELU | Activation.SIGMOID:
            unit, zero = least, 0
        case Activation.RELU6:
            unit, zero = least * 8, 0
        case Activation.LINEAR | Activation.TANH:
            unit, zero = (least, 0) if wide else (2.0**-7, 128)
        case Activation.LEAKY_RELU:
            unit, zero = least, 0 if wide else ceil(255 * slope / (1 + slope))
    return Stored(INT16 if wide else UINT8, unit, zero)


def stored_between(low: float, high: float, finest: float = 0.0) -> Stored:
    """Bytes with a sign for values from `low` to `high`, among which is 0, as TensorFlow Lite has them.

    Their unit is at least `finest`.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    unit = max(max(high - low, _TINY) / (INT8.high - INT8.low), finest)
    return Stored(INT8, unit, max(INT8.low, min(INT8.high, round(INT8.low - low / unit))))


def is_scalable(activation: Activation) -> bool:
    """Whether a factor may go from a neuron's weights into the next layer."""
    return DEFINITIONS[activation].is_homogeneous
