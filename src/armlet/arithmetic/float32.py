"""The float32 contract: the only operations that meaning functions and emitted machines compute with.

Round to nearest even, subnormals kept. All work elementwise on float32 arrays, so one call serves many samples. From
the order of a graph onwards, results agree bit for bit.
"""

from enum import Enum

import numpy as np

from armlet.network.frozen import F32, F64

WORD = 4  # bytes of a value in memory


class MultiplyAdd(Enum):
    """How a machine rounds acc + weight * x: a property of the instructions that it is given."""

    SEPARATE = "separate"  # the product, then the sum: VMUL, VADD
    FUSED = "fused"  # once: VFMA


def multiply_add(acc: F32, weight: F32, x: F32, how: MultiplyAdd) -> F32:
    """acc + weight * x in float32, rounded as `how` says."""
    with np.errstate(all="ignore"):
        if how is MultiplyAdd.SEPARATE:
            return np.asarray(acc + weight * x, np.float32)
        return _fused(np.asarray(acc, np.float64), np.asarray(weight, np.float64) * x)


def multiply(weight: F32, x: F32) -> F32:
    """weight * x in float32: how an accumulator without a bias starts."""
    with np.errstate(all="ignore"):
        return weight * x


def relu(x: F32) -> F32:
    """x where it is greater than zero, otherwise +0; so -0 and every negative value become +0."""
    return np.where(x > 0, x, np.float32(0))


def _fused(acc: F64, product: F64) -> F32:
    """acc + product rounded once. The product of two float32 is exact in float64; the sum is rounded to odd there.

    Rounding the odd-rounded float64 to float32 is then correct (Boldo and Melquiond, IEEE Trans. Computers 57, 2008).
    """
    total = np.asarray(product + acc)
    back = total - product
    lost = np.asarray((product - (total - back)) + (acc - back))
    even = (total.view(np.int64) & 1) == 0
    adjust = np.isfinite(total) & np.isfinite(lost) & (lost != 0) & even
    toward = np.where(lost > 0, np.inf, -np.inf)
    return np.asarray(np.where(adjust, np.nextafter(total, toward), total)).astype(np.float32)
