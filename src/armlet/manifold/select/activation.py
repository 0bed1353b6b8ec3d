"""What the compiled search knows of activations, as a table: the pieces on which each is straight.

An activation made of straight pieces is min(max(z, leak z), cap). One that is nowhere straight has empty pieces, so
that every change behind it is carried through in full.
"""

import math
from typing import Any

import numpy as np

from armlet.kernels import njit

STRAIGHT = 0  # min(max(z, leak z), cap)
SIGMOID = 1
TANH = 2
FAR = np.float32(1e30)  # stands for infinity: never reached, and its quotients by weights mostly stay float32
TABLE: dict[str, tuple[int, float, float]] = {  # by the value of Activation: kind, leak, cap
    "linear": (STRAIGHT, 1.0, 1e30),
    "relu": (STRAIGHT, 0.0, 1e30),
    "leaky_relu": (STRAIGHT, 0.01, 1e30),
    "relu6": (STRAIGHT, 0.0, 6.0),
    "sigmoid": (SIGMOID, 0.0, 0.0),
    "tanh": (TANH, 0.0, 0.0),
}


@njit(cache=True)
def activated(kind: Any, leak: Any, cap: Any, z: Any) -> Any:
    """The activation of the sum z."""
    if kind == STRAIGHT:
        return min(max(z, leak * z), cap)
    if kind == SIGMOID:
        return np.float32(0.5 + 0.5 * math.tanh(0.5 * z))
    return np.float32(math.tanh(z))


@njit(cache=True)
def piece(kind: Any, leak: Any, cap: Any, z: Any) -> tuple[Any, Any, Any]:
    """How far down (<= 0) and up (>= 0) from z the activation stays straight, and its slope there."""
    if kind != STRAIGHT:
        return np.float32(0), np.float32(0), np.float32(0)
    if leak == 1:
        return -FAR, FAR, np.float32(1)
    if z > cap:
        return cap - z, FAR, np.float32(0)
    if z > 0:
        return -z, cap - z, np.float32(1)
    return -FAR, -z, leak


@njit(cache=True)
def apply(kind: Any, leak: Any, cap: Any, z: Any, into: Any) -> None:
    """The activation of each of the sums z, written into an array of their shape."""
    for j in range(z.shape[0]):
        for s in range(z.shape[1]):
            into[j, s] = activated(kind, leak, cap, z[j, s])
