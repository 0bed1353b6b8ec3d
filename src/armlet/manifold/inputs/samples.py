"""`samples`: rows that the user gives, without labels. Assumes that they, and slight changes of them, are typical.

Each row is drawn once before any comes again; what comes again is a variant of its row (see `variants`).
"""

import numpy as np

from armlet.errors import InputError
from armlet.manifold.inputs.law import Law, inside
from armlet.manifold.inputs.variants import variants
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.network import Network

MOST_OUTSIDE = 0.01  # of all values: more is no outlier
ROUNDING = 1e-6  # of an interval's ends: samples come in float32


def clipped(domain: InputDomain, rows: F32) -> str | None:
    """A note on the values of `rows` that lie outside the declared intervals, and are clipped to them; None for none.

    Raises `InputError` where that is more than `MOST_OUTSIDE` of them: then rows or intervals mean something else.
    """
    if rows.ndim != 2 or rows.shape[1] != len(domain.low) or not len(rows):
        return None  # the law says what is wrong
    room = ROUNDING * np.maximum(np.abs(domain.low), np.abs(domain.high)) if domain.is_declared else 0.0
    outside = (rows < domain.low - room) | (rows > domain.high + room)
    if not outside.any():
        return None
    row, column = (int(i) for i in np.argwhere(outside)[0])
    share = f"{outside.mean():.2g}" if outside.mean() < 0.01 else f"{outside.mean():.0%}"
    where = f"row {row + 1}, column {column + 1} holds {rows[row, column]:g}"
    interval = f"[{domain.low[column]:g}, {domain.high[column]:g}]"
    if outside.mean() > MOST_OUTSIDE:
        problem = f"{where}, outside that input's interval {interval}, as {share} of all values lie outside theirs"
        raise InputError("--samples", problem, "give raw inputs, before normalisation, or declare their interval")
    return f"{int(outside.sum())} of {rows.size} values of the samples are clipped: {where}, its interval is {interval}"


def samples_of(rows: F32 | None) -> Law:
    """The law that draws from `rows`, (n, inputs) raw values. Raises `InputError` where they do not fit."""

    def samples(network: Network, count: int, seed: int) -> F32:
        if rows is None:
            raise InputError("--inputs", "asks for samples, and none are given", "give their file with --samples")
        if rows.ndim != 2 or rows.shape[1] != network.inputs or len(rows) == 0:
            raise InputError("--samples", f"has shape {rows.shape}", f"give rows of {network.inputs} inputs")
        random = np.random.default_rng(seed)
        once = random.permutation(len(rows))[:count]
        again = random.integers(0, len(rows), count - len(once))
        drawn = np.concatenate([rows[once], variants(rows[again].astype(np.float32), network.shape, random)])
        return inside(network.domain, random.permutation(drawn))

    return samples
