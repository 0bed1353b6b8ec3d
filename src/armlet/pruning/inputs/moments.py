"""`moments`: normal inputs of the mean and covariance that the user declares, clipped to the intervals.

Assumes that the first two moments describe the inputs. They are those of raw inputs, before normalisation. Clipping to
an interval changes them a little.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from armlet.errors import InputError
from armlet.formats.arrays import read_npz
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32, F64, frozen
from armlet.network.network import Network
from armlet.pruning.inputs.sampler import Sampler, clip_to

MOST_OUTSIDE = 0.5  # of the drawn values; dark pixels rightly lose up to half of theirs below 0
ROUNDING = 1e-5  # of the largest entry or eigenvalue: asymmetry and negative variance within single precision
_HINT = "give an .npz with mean (inputs,), and covariance (inputs, inputs) or std (inputs,)"


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean of each raw input, and a root of the covariance: (inputs,) where it is diagonal, else (inputs, inputs)."""

    mean: F64
    root: F64  # independent standard normal numbers times it are the deviations from the mean

    def digest(self) -> str:
        """SHA-256 of mean and root."""
        return hashlib.sha256(self.mean.tobytes() + self.root.tobytes()).hexdigest()


def read_moments(path: Path, inputs: int) -> Moments:
    """Read `mean` and `covariance` or `std` from an .npz file. Raises `InputError` that names file and array."""
    arrays = read_npz(path)
    if "mean" not in arrays or ("covariance" in arrays) == ("std" in arrays):
        raise InputError(path, f"holds {sorted(arrays)[:8]}", _HINT)
    try:
        return make_moments(arrays["mean"], arrays.get("std"), arrays.get("covariance"), inputs)
    except InputError as wrong:
        raise InputError(path, f"{wrong.source} {wrong.problem}", wrong.hint) from wrong


def make_moments(mean: ArrayLike, std: ArrayLike | None, covariance: ArrayLike | None, inputs: int) -> Moments:
    """Check the moments of `inputs` raw inputs, given by either `std` or `covariance`. Raises `InputError`."""
    centre = _checked("mean", mean, (inputs,))
    if covariance is None:
        spread = _checked("std", std, (inputs,))
        if (spread < 0).any():
            raise InputError(f"std[{int(np.argmax(spread < 0))}]", "is negative")
        return Moments(centre, spread)
    matrix = _checked("covariance", covariance, (inputs, inputs))
    largest = float(np.abs(matrix).max())
    if float(np.abs(matrix - matrix.T).max()) > ROUNDING * largest:
        raise InputError("covariance", "is not symmetric", "give numpy.cov(X, rowvar=False)")
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if values[0] < -ROUNDING * max(float(values[-1]), 0.0) or values[-1] < 0:
        raise InputError("covariance", f"has a negative variance {values[0]:.3g}", "give numpy.cov(X, rowvar=False)")
    return Moments(centre, frozen(np.sqrt(np.maximum(values, 0))[:, None] * vectors.T, np.float64))


def moments_sampler(moments: Moments | None) -> Sampler:
    """Make the sampler of normal inputs with these moments. It raises `InputError` if they do not fit."""

    def sampler(network: Network, count: int, seed: int) -> F32:
        if moments is None:
            raise InputError("--inputs", "asks for moments, and none are given", "give their file with --moments")
        if len(moments.mean) != network.inputs:
            raise InputError("--moments", f"has {len(moments.mean)} inputs", f"the network takes {network.inputs}")
        _require_inside(network.domain, moments)
        normal = np.random.default_rng(seed).standard_normal((count, network.inputs))
        deviation = normal * moments.root if moments.root.ndim == 1 else normal @ moments.root
        return clip_to(network.domain, moments.mean + deviation)

    return sampler


def _require_inside(domain: InputDomain, moments: Moments) -> None:
    """Raise `InputError` if the moments do not fit the declared intervals: clipping would distort them."""
    if not domain.is_declared:
        return
    deviation = np.sqrt(moments.root**2 if moments.root.ndim == 1 else (moments.root**2).sum(axis=0))
    outside = (moments.mean < domain.low - deviation) | (moments.mean > domain.high + deviation)
    beyond = float(np.mean(_share_outside(domain, moments.mean, np.maximum(deviation, 1e-30))))
    if outside.any() or beyond > MOST_OUTSIDE:
        i = int(np.argmax(outside))
        interval = f"[{domain.low[i]:g}, {domain.high[i]:g}]"
        problem = f"input {i} has mean {moments.mean[i]:g} and deviation {deviation[i]:g}, its interval is {interval}"
        problem += f"; {beyond:.0%} of all values would lie outside theirs"
        raise InputError(
            "--moments", problem, "give moments of raw inputs, before normalisation, or declare their interval"
        )


def _share_outside(domain: InputDomain, mean: F64, deviation: F64) -> F64:
    """The share of normal values outside each input's interval."""
    below, above = ((end - mean) / (deviation * np.sqrt(2)) for end in (domain.low, domain.high))
    return 1 - (erf(above) - erf(below)) / 2


def _checked(name: str, values: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[Any]:
    array = frozen(np.asarray(0.0 if values is None else values), np.float64)
    if array.shape != shape:
        raise InputError(name, f"has shape {array.shape}, not {shape}", _HINT)
    if not np.isfinite(array).all() or np.abs(array).max(initial=0) > 1e30:
        raise InputError(name, "is not finite, or beyond 1e30")
    return array
