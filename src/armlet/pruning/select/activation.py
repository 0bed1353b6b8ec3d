"""Activations for the compiled search: their values, and the intervals on which they are linear.

A piecewise linear activation is min(max(z, leak z), cap). One that is nowhere linear has empty pieces, so that every
change behind it is propagated in full.
"""

import math
from typing import Any

import numpy as np

from armlet.kernels import njit

PIECEWISE = 0  # linear: min(max(z, leak z), cap)
SIGMOID = 1
TANH = 2
FAR = np.float32(1e30)  # stands for infinity: never reached, and its quotients by weights mostly stay float32
TABLE: dict[str, tuple[int, float, float]] = {  # by the value of Activation: kind, leak, cap
    "linear": (PIECEWISE, 1.0, 1e30),
    "relu": (PIECEWISE, 0.0, 1e30),
    "leaky_relu": (PIECEWISE, 0.01, 1e30),
    "relu6": (PIECEWISE, 0.0, 6.0),
    "sigmoid": (SIGMOID, 0.0, 0.0),
    "tanh": (TANH, 0.0, 0.0),
}


@njit(cache=True)
def activated(kind: Any, leak: Any, cap: Any, z: Any) -> Any:
    """Apply an activation to the sum z."""
    if kind == PIECEWISE:
        return min(max(z, leak * z), cap)
    if kind == SIGMOID:
        return np.float32(0.5 + 0.5 * math.tanh(0.5 * z))
    return np.float32(math.tanh(z))


@njit(cache=True)
def piece(kind: Any, leak: Any, cap: Any, z: Any) -> tuple[Any, Any, Any]:
    """The linear piece around z: how far it reaches down (<= 0) and up (>= 0), and its slope."""
    if kind != PIECEWISE:
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
    """Apply an activation to all sums z, into an array of the same shape."""
    for j in range(z.shape[0]):
        for s in range(z.shape[1]):
            into[j, s] = activated(kind, leak, cap, z[j, s])
