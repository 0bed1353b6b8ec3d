"""The text of an input model to its law: a name, or a mixture such as `image:0.7,weights:0.3`."""

from collections.abc import Mapping
from dataclasses import replace

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
from armlet.manifold.inputs.wide import wide
from armlet.network.domain import InputDomain, Origin
from armlet.network.frozen import F32
from armlet.network.network import Network

LAWS: Mapping[str, Law] = {
    "uniform": uniform,
    "gaussian": gaussian,
    "image": image,
    "fields": fields,
    "signal": signal,
    "weights": weights,
    "wide": wide,
}
_BYTE = 255.0
_MEND = f"give one of {', '.join(LAWS)}, moments, samples, or a mixture such as image:0.7,weights:0.3"


def input_model(text: str, samples: F32 | None = None, moments: Moments | None = None) -> Law:
    """The law that `text` names. Raises `InputError` for an unknown name or a share that is not positive."""
    laws = {name: law if name == "wide" else _within(law) for name, law in LAWS.items()}
    laws |= {"samples": samples_of(samples), "moments": moments_of(moments)}
    parts = parts_of(text)
    if len(parts) == 1:
        return laws[parts[0][0]]
    return mixture([laws[name] for name, _ in parts], [share for _, share in parts])


def parts_of(text: str) -> list[tuple[str, float]]:
    """The laws that `text` names, with their shares. Raises `InputError`."""
    parts = [_part(part) for part in text.split(",")]
    for name, _ in parts:
        if name not in LAWS and name not in ("samples", "moments"):
            raise InputError("--inputs", f"{name[:40]!r} is no input model", _MEND)
    return parts


def pixels(network: Network) -> Network:
    """The network as laws see it that cannot do without an interval: inputs in [0, 1] where nobody declared any.

    Where mean and std only imply an interval, and one that pixels fit, that of pixels: [0, 1] or [0, 255].
    """
    domain = network.domain
    if not domain.is_declared:
        return replace(network, domain=InputDomain.uniform(network.inputs))
    bright = float((domain.mean + domain.std).max())
    if domain.origin is not Origin.IMPLIED or domain.mean.min() < 0 or bright > _BYTE or len(network.shape) != 2:
        return network
    top = 1.0 if bright <= 1 else _BYTE
    return replace(network, domain=InputDomain.uniform(network.inputs, 0.0, top, domain.mean, domain.std))


def _within(law: Law) -> Law:
    """`law` on intervals that are assumed where none are declared."""

    def drawn(network: Network, count: int, seed: int) -> F32:
        return law(
            pixels(network) if law in (image, fields) or not network.domain.is_declared else network, count, seed
        )

    return drawn


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
