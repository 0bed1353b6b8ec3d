"""The grid of a layer's weights: which values are nearest, and which step suits each neuron.

A row of weights lies on `step * n` with whole n: any n up to a limit, or 0 and a few powers of two of either sign.
Steps of hidden neurons are powers of two; a factor that is none goes into the next layer first. Only the last layer,
whose sums nothing takes, has a step of its own for each output. Mathematics: docs/mathematics.md, section 8.
"""

from dataclasses import dataclass

import numpy as np

from armlet.network.frozen import F64
from armlet.pruning.quantise.formats import WeightFormat

FACTORS = 24  # real factors between 1 and 2 that are tried for a neuron
_WINDOWS = 5  # powers of two below the largest weight at which a row's exponents may end
_TINY = 1e-30  # steps of rows without weights, and of no use


@dataclass(frozen=True, slots=True)
class Grid:
    """The whole numbers n that a weight may be of its neuron's step."""

    largest: int  # |n|
    powers: bool  # whether n is 0 or a power of two

    def nearest(self, weight: F64, step: F64) -> F64:
        """The values of the grid next to a weight (out, in), for steps (out,)."""
        ratio = np.abs(weight) / step[:, None]
        if self.powers:
            with np.errstate(divide="ignore"):
                exponent = np.floor(np.log2(ratio * (4 / 3)))  # 3/2 lies between 1 and 2
            whole = np.where(ratio < 0.5, 0.0, np.exp2(np.clip(exponent, 0, np.log2(self.largest))))
        else:
            whole = np.minimum(np.rint(ratio), self.largest)
        return np.sign(weight) * whole * step[:, None]

    def error(self, weight: F64, step: F64, importance: F64) -> F64:
        """The squared error of each row, inputs weighted by their importance (in,), or weights by theirs (out, in)."""
        return _weighed((weight - self.nearest(weight, step)) ** 2, importance)

    def binary_steps(self, weight: F64, importance: F64, least: F64) -> F64:
        """For each row the power of two, not below `least`, that loses least."""
        top = np.abs(weight).max(axis=1)
        fitting = np.exp2(np.ceil(np.log2(np.maximum(top / self.largest, _TINY))))
        tried = [fitting * 2.0 ** (k - _WINDOWS + 2) for k in range(_WINDOWS)] if self.powers else [fitting]
        floor = np.exp2(np.ceil(np.log2(np.maximum(least, _TINY))))
        return self._best(weight, importance, [np.maximum(step, floor) for step in tried])

    def free_steps(self, weight: F64, importance: F64, least: F64) -> F64:
        """For each row the step of any size, not below `least`, that loses least."""
        if not self.powers:
            return np.maximum(np.maximum(np.abs(weight).max(axis=1) / self.largest, least), _TINY)
        tried = []
        for factor in np.exp2(np.arange(FACTORS) / FACTORS):
            tried.append(self.binary_steps(weight / factor, importance, least / factor) * factor)
        step = self._best(weight, importance, tried)
        whole = self.nearest(weight, step) / step[:, None]
        square = _weighed(whole**2, importance)
        fitted = np.where(square > 0, _weighed(whole * weight, importance) / np.maximum(square, _TINY), step)
        return np.maximum(np.where(fitted > 0, fitted, step), np.maximum(least, _TINY))

    def _best(self, weight: F64, importance: F64, tried: list[F64]) -> F64:
        errors = np.stack([self.error(weight, step, importance) for step in tried])
        return np.stack(tried)[errors.argmin(axis=0), np.arange(len(weight))]


def _weighed(values: F64, importance: F64) -> F64:
    return values @ importance if importance.ndim == 1 else (values * importance).sum(axis=1)


def grid_of(kind: WeightFormat, exponents: int) -> Grid:
    """The grid of a format; powers of two have so many exponents."""
    match kind:
        case WeightFormat.INT16:
            return Grid(32767, powers=False)
        case WeightFormat.INT8:
            return Grid(127, powers=False)
        case WeightFormat.TERNARY:
            return Grid(1, powers=True)
        case WeightFormat.POW2 | WeightFormat.FLOAT32:
            return Grid(1 << (exponents - 1), powers=True)
