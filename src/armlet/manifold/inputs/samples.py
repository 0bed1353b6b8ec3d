"""`samples`: rows that the user gives, without labels. Assumes that they, and slight changes of them, are typical.

Each row is drawn once before any comes again; what comes again is a variant of its row (see `variants`).
"""

import numpy as np

from armlet.errors import InputError
from armlet.manifold.inputs.law import Law, inside
from armlet.manifold.inputs.variants import variants
from armlet.network.frozen import F32
from armlet.network.network import Network


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
