"""Rows of inputs to their mean and covariance, which is all that `sparsify --moments` asks for: no row is kept."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from armlet.data.table import read_inputs
from armlet.errors import InputError
from armlet.network.frozen import F32, F64

WIDEST = 8192  # inputs; their covariance takes 512 MB
_AT_ONCE = 1 << 22  # float64 values in flight


def read_moments_of(path: Path) -> Mapping[str, F64]:
    """The moments of the rows in a file, by the names that --moments reads. Raises `InputError`."""
    rows = read_inputs(path, None)
    if len(rows) < 2:
        raise InputError(path, "holds one row", "a covariance needs two at least, and some hundred to be good")
    if rows.shape[1] > WIDEST:
        raise InputError(path, f"has {rows.shape[1]} inputs", f"a covariance of up to {WIDEST} is kept")
    mean, covariance = moments_of_rows(rows)
    return {"mean": mean, "covariance": covariance}


def moments_of_rows(rows: F32) -> tuple[F64, F64]:
    """Mean (inputs,) and covariance (inputs, inputs) of rows (samples, inputs), as `numpy.cov(rows.T)` has it."""
    mean = rows.mean(axis=0, dtype=np.float64)
    total = np.zeros((rows.shape[1], rows.shape[1]))
    step = max(1, _AT_ONCE // rows.shape[1])
    for at in range(0, len(rows), step):
        centred = rows[at : at + step] - mean
        total += centred.T @ centred
    return mean, total / (len(rows) - 1)
