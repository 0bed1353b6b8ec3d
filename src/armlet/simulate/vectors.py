"""The inputs that a build is tried on: its own vectors, edges of the format and of the interval, and random ones."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from armlet.build.floats.read import FloatBuild
from armlet.build.read import Build
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32

Number = TypeVar("Number", bound=np.generic)

_SPECIAL = {
    "zeros": 0.0,
    "negative zeros": -0.0,
    "smallest denormals": 1.4e-45,
    "negative denormals": -1.4e-45,
    "largest denormals": 1.1754942e-38,
    "smallest normals": 1.1754944e-38,
}


@dataclass(frozen=True, slots=True, eq=False)
class Trials(Generic[Number]):
    """Inputs and what each of them is."""

    inputs: NDArray[Number]  # (trials, network inputs)
    labels: tuple[str, ...]

    def take(self, rows: NDArray[np.bool_]) -> "Trials[Number]":
        """Those that `rows` marks."""
        return Trials(self.inputs[rows], tuple(label for label, kept in zip(self.labels, rows) if kept))


def trials(build: Build | FloatBuild, random: int, seed: int) -> Trials[np.float32]:
    """`random` draws inside the declared interval beside the fixed inputs; special values are moved into it."""
    domain = build.network.domain
    low, high = _inward(domain)
    rng = np.random.default_rng(seed)
    given = {f"manifest vector {i}": np.array(v.input, np.float32) for i, v in enumerate(build.manifest.vectors)}
    edges: dict[str, NDArray[np.float32]] = {"lowest inputs": low, "highest inputs": high}
    for label, value in _SPECIAL.items():
        edges[label] = _inside(np.full_like(low, value), low, high)
    for i in range(4):
        edges[f"lowest and highest mixed {i}"] = np.where(rng.random(len(low)) < 0.5, low, high)
    for i in range(4):
        chosen = rng.choice([0.0, -0.0, 1.4e-45, -1e-40, 1.0, -1.0], len(low)).astype(np.float32)
        edges[f"special values mixed {i}"] = _inside(chosen, low, high)
    between = domain.draw(rng, random).astype(np.float32)
    draws = {f"random input {i}": _inside(row, low, high) for i, row in enumerate(between)}
    rows = given | edges | draws
    return Trials(np.stack([*rows.values()]).astype(np.float32), tuple(rows))


def _inward(domain: InputDomain) -> tuple[F32, F32]:
    """The ends as the nearest float32 values inside the interval; one value where it holds none."""
    with np.errstate(over="ignore"):
        low, high = domain.low.astype(np.float32), domain.high.astype(np.float32)
    if not domain.is_declared:
        return np.nan_to_num(low), np.nan_to_num(high)  # all that is finite
    up, down = np.float32(np.inf), np.float32(-np.inf)
    low = np.where(low < domain.low, np.nextafter(low, up), low)
    high = np.where(high > domain.high, np.nextafter(high, down), high)
    return low, np.maximum(low, high)


def _inside(values: F32, low: F32, high: F32) -> F32:
    """Where the interval reaches from -0 or +0, the sign of a zero is kept."""
    inside = (values >= low) & (values <= high)
    return np.where(inside, values, np.where(values < low, low, high)).astype(np.float32)
