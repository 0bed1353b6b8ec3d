"""The text of an input model to its law: a name, or a mixture such as `image:0.7,weights:0.3`."""

from collections.abc import Mapping

import numpy as np

from armlet.errors import InputError
from armlet.manifold.inputs.fields import fields
from armlet.manifold.inputs.gaussian import gaussian
from armlet.manifold.inputs.image import image
from armlet.manifold.inputs.law import Law
from armlet.manifold.inputs.moments import Moments, moments_of
from armlet.manifold.inputs.samples import samples_of
from armlet.manifold.inputs.signal import signal
from armlet.manifold.inputs.uniform import uniform
from armlet.manifold.inputs.weights import weights
from armlet.network.frozen import F32
from armlet.network.network import Network

LAWS: Mapping[str, Law] = {
    "uniform": uniform,
    "gaussian": gaussian,
    "image": image,
    "fields": fields,
    "signal": signal,
    "weights": weights,
}
_MEND = f"give one of {', '.join(LAWS)}, moments, samples, or a mixture such as image:0.7,weights:0.3"


def default_model(network: Network, samples: F32 | None = None, moments: Moments | None = None) -> str:
    """What to assume when nobody says: given samples or moments; else images for grids; else signals and noise."""
    if samples is not None:
        return "samples"
    if moments is not None:
        return "moments"
    if len(network.shape) == 2 and min(network.shape) > 1:
        return "image"
    return "signal:0.5,gaussian:0.5" if network.inputs > 1 else "uniform"


def input_model(text: str, samples: F32 | None = None, moments: Moments | None = None) -> Law:
    """The law that `text` names. Raises `InputError` for an unknown name or a share that is not positive."""
    laws = {**LAWS, "samples": samples_of(samples), "moments": moments_of(moments)}
    parts = [_part(part) for part in text.split(",")]
    for name, _ in parts:
        if name not in laws:
            raise InputError("--inputs", f"{name[:40]!r} is no input model", _MEND)
    if len(parts) == 1:
        return laws[parts[0][0]]
    return mixture([laws[name] for name, _ in parts], [share for _, share in parts])


def mixture(laws: list[Law], shares: list[float]) -> Law:
    """A law that draws from each of `laws` in proportion to its share."""

    def mixed(network: Network, count: int, seed: int) -> F32:
        edges = np.concatenate([[0.0], np.cumsum(shares)]) / np.sum(shares)
        sizes = np.diff((edges * count).round().astype(int))
        seeds = np.random.SeedSequence(seed).generate_state(len(laws))
        drawn = [law(network, n, int(s)) for law, n, s in zip(laws, sizes, seeds) if n > 0]
        return np.random.default_rng(seed).permutation(np.concatenate(drawn))

    return mixed


def _part(text: str) -> tuple[str, float]:
    name, _, share = text.strip().partition(":")
    try:
        value = float(share) if share else 1.0
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise InputError("--inputs", f"{text.strip()[:40]!r} has no positive share", _MEND)
    return name, value
