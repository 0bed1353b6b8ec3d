"""Which input model to take where nobody says, and what inputs that takes for granted, in words.

Images are drawn only for what looks like them: as many inputs as a square has, alike in their normalisation, whose
first layer treats neighbours alike down and across, and opens and shuts on the images drawn. A list of 144 features is
as many as an image of 12 x 12 has, and has none of this. Mathematics: docs/mathematics.md, section 6.
"""

import numpy as np

from armlet.manifold.functional import normalised
from armlet.manifold.inputs.image import image
from armlet.manifold.inputs.moments import Moments
from armlet.manifold.inputs.parse import parts_of, pixels
from armlet.manifold.inputs.support import neighbours
from armlet.manifold.inputs.wide import kinks
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.network.network import Network

SMALLEST = 8  # rows and columns of an image
ALIKE = 0.2  # least mean correlation of neighbouring columns, along rows and along columns
IDLE = 0.15  # of the first layer's units: the most that may never switch on images
TRAINED = 0.2  # of the largest unit's weights: a smaller unit was never opened in training, and is not asked
_DRAWN = 2048


def default_model(network: Network, samples: F32 | None = None, moments: Moments | None = None) -> str:
    """What to assume when nobody says: the user's samples or moments; else images, signals and noise, or anything."""
    if samples is not None:
        return "samples"
    if moments is not None:
        return "moments"
    if looks_like_images(network):
        return "image"
    if not network.domain.is_declared:
        return "wide"
    return "signal:0.5,gaussian:0.5" if network.inputs > 1 else "uniform"


def looks_like_images(network: Network) -> bool:
    """Whether all that the network shows speaks for images as its inputs."""
    domain = network.domain
    if len(network.shape) != 2 or min(network.shape) < SMALLEST:
        return False
    if np.ptp(domain.mean) > 0 or np.ptp(domain.std) > 0:
        return False
    return min(neighbours(network)) >= ALIKE and idle(network) <= IDLE


def idle(network: Network) -> float:
    """The share of the first layer's trained units that images never open, or never shut."""
    first = network.layers[0]
    size = np.linalg.norm(first.weight, axis=1)
    drawn = normalised(network, image(pixels(network), _DRAWN, 0))
    is_open = (drawn @ first.weight.T + first.bias > 0).mean(axis=0)
    asked = size > TRAINED * size.max()
    return float(((is_open == 0) | (is_open == 1))[asked].mean()) if asked.any() else 1.0


def describe_inputs(network: Network, model: str, samples: F32 | None = None) -> str:
    """The domain in use and whether it is declared, implied, sampled or assumed, in a few words."""
    names = dict.fromkeys(name for name, _ in parts_of(model))
    domain = network.domain
    if domain.is_declared:
        return "; ".join([domain.describe(), *_pixels(network, names)])
    return "undeclared; " + "; ".join(dict.fromkeys(_assumed(network, name, samples) for name in names))


def _pixels(network: Network, names: dict[str, None]) -> list[str]:
    """What images assume of an interval that mean and std only imply."""
    drawn = pixels(network).domain
    if drawn is network.domain or not {"image", "fields"} & set(names):
        return []
    return [f"pixels assumed in {_interval(drawn)}"]


def _assumed(network: Network, name: str, samples: F32 | None) -> str:
    if name == "samples" and samples is not None and samples.size:
        return f"sampled, {len(samples)} rows from {samples.min():g} to {samples.max():g}"
    if name == "moments":
        return "sampled, by the moments given"
    if name == "wide":
        shown = kinks(network)
        return f"assumed, about {_range(shown.centre)} at scales up to {shown.largest:.3g}, as the first layer shows"
    return f"assumed, {_interval(pixels(network).domain)}"


def _interval(domain: InputDomain) -> str:
    return f"[{domain.low.min():g}, {domain.high.max():g}]"


def _range(values: np.ndarray) -> str:
    low, high = f"{values.min():.2g}", f"{values.max():.2g}"
    return low if low == high else f"{low} to {high}"
