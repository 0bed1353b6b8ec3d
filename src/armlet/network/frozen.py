"""Read-only arrays: what frozen values hold."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]


def frozen(values: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """A read-only copy of `values`."""
    with np.errstate(over="ignore", invalid="ignore"):  # what becomes inf, or signals as NaN, the caller refuses
        array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array
