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


def clipped(domain: InputDomain, rows: F32) -> str | None:
    """A note on the values of `rows` that lie outside the declared intervals, and are clipped to them; None for none.

    Raises `InputError` where that is more than `MOST_OUTSIDE` of them: then rows or intervals mean something else.
    """
    if rows.ndim != 2 or rows.shape[1] != len(domain.low) or not len(rows):
        return None  # the law says what is wrong
    outside = domain.outside(rows)
    if outside is None:
        return None
    where = f"row {outside.row + 1}, column {outside.column + 1} holds {outside.value:g}"
    interval = f"[{outside.low:g}, {outside.high:g}]"
    if outside.share > MOST_OUTSIDE:
        theirs = f"{outside.share:.0%} of all values lie outside theirs"
        problem = f"{where}, outside that input's interval {interval}, as {theirs}"
        raise InputError("--samples", problem, "give raw inputs, before normalisation, or declare their interval")
    return f"{outside.count} of {outside.of} values of the samples are clipped: {where}, its interval is {interval}"


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
