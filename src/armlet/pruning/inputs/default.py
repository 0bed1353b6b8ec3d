"""Choose the input model if the user does not, and describe in words what it assumes.

`image` is chosen only for networks that look like networks on images. Their inputs form a grid and share one
normalisation; their first layer treats neighbouring pixels alike, and its units switch on the images drawn. A list of
144 features could be an image of 12 x 12, but shows none of this. Networks with windows on one or three channels are
taken for networks on natural images. Mathematics: docs/mathematics.md, section 6.
"""

import numpy as np

from armlet.errors import InputError
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.geometry.functional import normalised
from armlet.pruning.inputs.images.brightness_prior import neighbour_correlations
from armlet.pruning.inputs.images.image import image
from armlet.pruning.inputs.moments import Moments
from armlet.pruning.inputs.parse import PIXELS, parts_of, with_assumed_interval
from armlet.pruning.inputs.wide import hyperplanes

SMALLEST = 8  # rows and columns of an image, at least
CHANNELS = (1, 3)  # of an image: grey, or red, green and blue
LEAST_CORRELATION = 0.2  # mean correlation of neighbouring columns, along rows and along columns, at least
MOST_UNSWITCHED = 0.15  # of the first layer's units may never switch on images
LEAST_TRAINED = 0.2  # of the largest unit's norm: smaller units were never active in training and are ignored
_DRAWN = 2048


def default_model(network: Network, samples: F32 | None = None, moments: Moments | None = None) -> str:
    """Choose an input model: `samples` or `moments` if given, else by what the network looks like."""
    if samples is not None:
        return "samples"
    if moments is not None:
        return "moments"
    if not network.is_chain:
        return _default_of_windows(network)
    if looks_like_images(network):
        return "image"
    if not network.domain.is_declared:
        return "wide"
    return "signal:0.5,gaussian:0.5" if network.inputs > 1 else "uniform"


def _default_of_windows(network: Network) -> str:
    """Windows show no scale of the inputs, so none is assumed."""
    if not network.domain.is_declared:
        problem = "has convolutions, and nobody declared the intervals of its inputs, from which inputs are drawn"
        place = str(network.provenance.get("model_file", "network"))
        raise InputError(place, problem, "--declare low=0,high=255 does, or give --samples or --moments")
    takes_pixels = len(network.shape) == 3 and network.shape[0] in CHANNELS and min(network.shape[1:]) >= SMALLEST
    return "dead_leaves" if takes_pixels else "signal:0.5,gaussian:0.5"


def looks_like_images(network: Network) -> bool:
    """Whether shape, normalisation and first layer all suggest images as inputs."""
    domain = network.domain
    if len(network.shape) != 2 or min(network.shape) < SMALLEST:
        return False
    if np.ptp(domain.mean) > 0 or np.ptp(domain.std) > 0:
        return False
    return min(neighbour_correlations(network)) >= LEAST_CORRELATION and unswitched_share(network) <= MOST_UNSWITCHED


def unswitched_share(network: Network) -> float:
    """The share of the first layer's trained units that are active on all images drawn, or on none."""
    first = network.dense[0]
    size = np.linalg.norm(first.weight, axis=1)
    drawn = normalised(network, image(with_assumed_interval(network), _DRAWN, 0))
    is_open = (drawn @ first.weight.T + first.bias > 0).mean(axis=0)
    asked = size > LEAST_TRAINED * size.max()
    return float(((is_open == 0) | (is_open == 1))[asked].mean()) if asked.any() else 1.0


def describe_inputs(network: Network, model: str, samples: F32 | None = None) -> str:
    """Describe the domain in use, and whether it is declared, implied, sampled or assumed, in a few words."""
    names = dict.fromkeys(name for name, _ in parts_of(model))
    domain = network.domain
    if domain.is_declared:
        return "; ".join([domain.describe(), *_assumed_pixels(network, names)])
    return "undeclared; " + "; ".join(dict.fromkeys(_assumed(network, name, samples) for name in names))


def _assumed_pixels(network: Network, names: dict[str, None]) -> list[str]:
    """The interval that images assume if mean and std only imply one."""
    drawn = with_assumed_interval(network).domain
    if drawn is network.domain or not PIXELS & set(names):
        return []
    return [f"pixels assumed in {_interval(drawn)}"]


def _assumed(network: Network, name: str, samples: F32 | None) -> str:
    if name == "samples" and samples is not None and samples.size:
        return f"sampled, {len(samples)} rows from {samples.min():g} to {samples.max():g}"
    if name == "moments":
        return "sampled, by the moments given"
    if name == "wide":
        shown = hyperplanes(network)
        return f"assumed, about {_range(shown.centre)} at scales up to {shown.largest:.3g}, as the first layer shows"
    return f"assumed, {_interval(with_assumed_interval(network).domain)}"


def _interval(domain: InputDomain) -> str:
    return f"[{domain.low.min():g}, {domain.high.max():g}]"


def _range(values: np.ndarray) -> str:
    low, high = f"{values.min():.2g}", f"{values.max():.2g}"
    return low if low == high else f"{low} to {high}"
