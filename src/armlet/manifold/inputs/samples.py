"""`samples`: rows that the user gives, without labels, drawn with replacement. Assumes only that they are typical."""

import numpy as np

from armlet.errors import InputError
from armlet.manifold.inputs.law import Law, inside
from armlet.network.network import F32, Network


def samples_of(rows: F32 | None) -> Law:
    """The law that draws from `rows`, (n, inputs) raw values. Raises `InputError` where they do not fit."""

    def samples(network: Network, count: int, seed: int) -> F32:
        if rows is None:
            raise InputError("--inputs", "asks for samples, and none are given", "give their file with --samples")
        if rows.ndim != 2 or rows.shape[1] != network.inputs or len(rows) == 0:
            raise InputError("--samples", f"has shape {rows.shape}", f"give rows of {network.inputs} inputs")
        chosen = np.random.default_rng(seed).integers(0, len(rows), count)
        return inside(network.domain, rows[chosen])

    return samples
