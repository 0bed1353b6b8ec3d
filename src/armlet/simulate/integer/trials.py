"""The stored inputs that a build in integers is tried on: its own vectors, the ends of every interval, random ones."""

import numpy as np

from armlet.build.integer.read import IntegerBuild
from armlet.build.tensors.read import TensorBuild
from armlet.simulate.vectors import Trials

_MIXED = 8  # mixtures of the ends


def integer_trials(build: IntegerBuild | TensorBuild, random: int, seed: int) -> Trials[np.int64]:
    """`random` draws from the inputs' intervals beside the fixed ones."""
    low, high = build.network.input_ends
    rng = np.random.default_rng(seed)
    rows = {f"manifest vector {i}": np.array(v.input, np.int64) for i, v in enumerate(build.manifest.vectors)}
    rows |= {"lowest inputs": low, "highest inputs": high}
    rows["inputs that stand for zero"] = np.clip(build.network.input_zero.astype(np.int64), low, high)
    for i in range(_MIXED):
        rows[f"lowest and highest mixed {i}"] = np.where(rng.random(len(low)) < 0.5, low, high)
    for i in range(random):
        rows[f"random input {i}"] = rng.integers(low, high + 1)
    return Trials(np.stack([*rows.values()]).astype(np.int64), tuple(rows))
