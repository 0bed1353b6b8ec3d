"""`samples`: unlabelled rows that the user gives. Assumes that they, and slight changes of them, are typical.

Each row is drawn once before any is repeated; repeated rows are augmented.
"""

import numpy as np

from armlet.errors import InputError
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.inputs.augmentation import augment
from armlet.pruning.inputs.sampler import Sampler, clip_to

MOST_OUTSIDE = 0.01  # of all values; more are no outliers


def clipping_note(domain: InputDomain, rows: F32) -> str | None:
    """Describe the values of `rows` outside the declared intervals, which are clipped to them; None if there are none.

    Raises `InputError` if they are more than `MOST_OUTSIDE` of all: then rows or intervals are mistaken.
    """
    if rows.ndim != 2 or rows.shape[1] != len(domain.low) or not len(rows):
        return None  # the sampler says what is wrong
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


def samples_sampler(rows: F32 | None) -> Sampler:
    """Make the sampler that draws from `rows`, (n, inputs) raw values. It raises `InputError` if they do not fit."""

    def samples(network: Network, count: int, seed: int) -> F32:
        if rows is None:
            raise InputError("--inputs", "asks for samples, and none are given", "give their file with --samples")
        if rows.ndim != 2 or rows.shape[1] != network.inputs or len(rows) == 0:
            raise InputError("--samples", f"has shape {rows.shape}", f"give rows of {network.inputs} inputs")
        random = np.random.default_rng(seed)
        once = random.permutation(len(rows))[:count]
        again = random.integers(0, len(rows), count - len(once))
        drawn = np.concatenate([rows[once], augment(rows[again].astype(np.float32), network.shape, random)])
        return clip_to(network.domain, random.permutation(drawn))

    return samples
