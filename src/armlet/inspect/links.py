"""The weights of a layer by the channels that they lead from and to, whatever kind of layer it is."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.arithmetic.number_format import FLOAT32_FORMAT
from armlet.integer.layers import IntegerConv, IntegerDense
from armlet.network.frozen import F64
from armlet.network.layers import Conv, Dense, Depthwise

_UNIT, _TINY = FLOAT32_FORMAT.unit_roundoff, FLOAT32_FORMAT.smallest_subnormal

Weighing: TypeAlias = Dense | Conv | Depthwise | IntegerDense | IntegerConv


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Arrays (groups, channels given, channels taken) of a group's weights, those of a window together."""

    positive: F64  # their sums, by sign
    negative: F64
    count: NDArray[np.int32]  # those that are not zero

    def sums(self, low: F64, high: F64, bias: F64) -> tuple[F64, F64]:
        """The ends of sums of channels between `low` and `high`, widened by what float32 may round; or infinity.

        A sum that no channel varies is the same number for every input.
        """
        groups, given, taken = self.count.shape
        ends = [end.reshape(groups, taken, 1) for end in (low, high)]
        finite = [np.where(np.isfinite(end), end, 0.0) for end in ends]
        endless = [np.where(np.isfinite(end), 0.0, 1.0) for end in ends]
        up, down = self.positive, self.negative
        slack = self._slack(finite, np.not_equal(*ends), bias)
        found = list[F64]()
        for near, far, sign in ((0, 1, -1.0), (1, 0, 1.0)):
            unbounded = (up @ endless[near] - down @ endless[far]).reshape(-1) > 0
            sums = (up @ finite[near] + down @ finite[far]).reshape(groups * given) + bias
            found.append(np.where(unbounded, sign * np.inf, sums + sign * slack))
        return found[0], found[1]

    def _slack(self, ends: list[F64], varies: NDArray[np.bool_], bias: F64) -> F64:
        """The rounding of so many operations at most, as graph/bounds.py has it; none where no channel varies."""
        size = (self.positive - self.negative) @ np.maximum(*map(np.abs, ends))
        operations = 2 * self.count.sum(axis=-1).reshape(-1) + 1
        relative = operations * _UNIT / np.maximum(1 - operations * _UNIT, _UNIT)
        slack = relative * (np.abs(bias) + size.reshape(-1)) + operations * _TINY
        return np.where(((self.count > 0) @ varies).reshape(-1), slack, 0.0)

    def into(self, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The channels that those `wanted` take."""
        groups, given, _ = self.count.shape
        return ((self.count > 0) & wanted.reshape(groups, given, 1)).any(axis=1).reshape(-1)

    def between(self, varies: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> int:
        """How many weights lead from channels that vary to those that are wanted."""
        groups, given, taken = self.count.shape
        return int((self.count * wanted.reshape(groups, given, 1) * varies.reshape(groups, 1, taken)).sum())


def links_of(layer: Weighing) -> Links:
    """The links of a layer; a depthwise one is as many groups as channels."""
    match layer:
        case Conv() | IntegerConv():
            groups = layer.groups
        case Depthwise():
            groups = len(layer.weight)
        case _:
            groups = 1
    outputs = len(layer.weight)
    taken = 1 if isinstance(layer, Depthwise) else layer.weight.shape[1]
    weight = layer.weight.astype(np.float64).reshape(groups, outputs // groups, taken, -1)
    signs = (np.maximum(weight, 0.0).sum(axis=-1), np.minimum(weight, 0.0).sum(axis=-1))
    return Links(*signs, np.count_nonzero(weight, axis=-1).astype(np.int32))
