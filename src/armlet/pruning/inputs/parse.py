"""Parse the text of an input model into its sampler: a name, or a mixture such as `image:0.7,weights:0.3`."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from armlet.errors import InputError
from armlet.network.domain import InputDomain, Origin
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.inputs.gaussian import gaussian
from armlet.pruning.inputs.images.dead_leaves import dead_leaves
from armlet.pruning.inputs.images.fields import fields
from armlet.pruning.inputs.images.image import image
from armlet.pruning.inputs.moments import Moments, moments_sampler
from armlet.pruning.inputs.sampler import Sampler
from armlet.pruning.inputs.samples import samples_sampler
from armlet.pruning.inputs.signal import signal
from armlet.pruning.inputs.uniform import uniform
from armlet.pruning.inputs.weights import weights
from armlet.pruning.inputs.wide import wide

SAMPLERS: Mapping[str, Sampler] = {
    "uniform": uniform,
    "gaussian": gaussian,
    "image": image,
    "fields": fields,
    "dead_leaves": dead_leaves,
    "signal": signal,
    "weights": weights,
    "wide": wide,
}
PIXELS = {"image", "fields", "dead_leaves"}  # those that draw pixels
_BYTE = 255.0
_HINT = f"give one of {', '.join(SAMPLERS)}, moments, samples, or a mixture such as image:0.7,weights:0.3"


def input_model(text: str, samples: F32 | None = None, moments: Moments | None = None) -> Sampler:
    """The sampler that `text` names. Raises `InputError` for an unknown name or a share that is not positive."""
    samplers = {name: sampler if name == "wide" else _within(name, sampler) for name, sampler in SAMPLERS.items()}
    samplers |= {"samples": samples_sampler(samples), "moments": moments_sampler(moments)}
    parts = parts_of(text)
    if len(parts) == 1:
        return samplers[parts[0][0]]
    return mixture([samplers[name] for name, _ in parts], [share for _, share in parts])


def parts_of(text: str) -> list[tuple[str, float]]:
    """The names of samplers in `text`, with their shares. Raises `InputError`."""
    parts = [_part(part) for part in text.split(",")]
    for name, _ in parts:
        if name not in SAMPLERS and name not in ("samples", "moments"):
            raise InputError("--inputs", f"{name[:40]!r} is no input model", _HINT)
    return parts


def with_assumed_interval(network: Network) -> Network:
    """Assume the interval [0, 1] for a network that declares none, since most samplers need an interval.

    If mean and std of an image only imply an interval that pixels fit, assume that of pixels: [0, 1] or [0, 255].
    """
    domain = network.domain
    if not domain.is_declared:
        return replace(network, domain=InputDomain.uniform(network.inputs))
    bright = float((domain.mean + domain.std).max())
    if domain.origin is not Origin.IMPLIED or domain.mean.min() < 0 or bright > _BYTE or len(network.shape) == 1:
        return network
    top = 1.0 if bright <= 1 else _BYTE
    return replace(network, domain=InputDomain.uniform(network.inputs, 0.0, top, domain.mean, domain.std))


def _within(name: str, sampler: Sampler) -> Sampler:
    """The sampler on the intervals that are assumed if none are declared."""

    def drawn(network: Network, count: int, seed: int) -> F32:
        assumed = name in PIXELS or not network.domain.is_declared
        return sampler(with_assumed_interval(network) if assumed else network, count, seed)

    return drawn


def mixture(samplers: list[Sampler], shares: list[float]) -> Sampler:
    """A sampler that draws from each of `samplers` in proportion to its share."""

    def mixed(network: Network, count: int, seed: int) -> F32:
        edges = np.concatenate([[0.0], np.cumsum(shares)]) / np.sum(shares)
        sizes = np.diff((edges * count).round().astype(int))
        seeds = np.random.SeedSequence(seed).generate_state(len(samplers))
        drawn = [sampler(network, n, int(s)) for sampler, n, s in zip(samplers, sizes, seeds) if n > 0]
        return np.random.default_rng(seed).permutation(np.concatenate(drawn))

    return mixed


def _part(text: str) -> tuple[str, float]:
    name, _, share = text.strip().partition(":")
    try:
        value = float(share) if share else 1.0
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise InputError("--inputs", f"{text.strip()[:40]!r} has no positive share", _HINT)
    return name, value
