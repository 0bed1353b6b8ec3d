"""Fold the input normalisation into the layers that take the inputs, so that the network takes raw ones."""

from dataclasses import dataclass, replace

import numpy as np

from armlet.errors import InputError
from armlet.network.frozen import F64
from armlet.network.layers import Conv, Dense, Depthwise, Layer, Reshape
from armlet.network.network import Network

_LARGEST = float(np.finfo(np.float32).max)


def fold_normalisation(network: Network) -> Network:
    """The same function with mean 0 and std 1: W / std and b - W (mean / std), each rounded once to float32.

    Raises `InputError` where that leaves float32.
    """
    (first, *rest), domain = network.dense, network.domain
    if domain.is_normalised:
        return network
    weight = first.weight.astype(np.float64) / domain.std
    bias = first.bias - weight @ domain.mean
    _require_float32("layer 1", weight, bias)
    raw = replace(domain, mean=np.zeros(network.inputs), std=np.ones(network.inputs))
    folded = replace(first, weight=weight.astype(np.float32), bias=bias.astype(np.float32))
    return replace(network, layers=(folded, *rest), domain=raw)


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A network with windows that takes raw inputs."""

    network: Network
    border: float  # the raw input that stands for zero beyond its planes, a float32


def fold_into_windows(network: Network) -> Folded:
    """As `fold_normalisation`, for a network of any layers.

    What is padding is zero behind the normalisation: the mean, of raw inputs. Raises `InputError` where it is not one
    number, where planes are not normalised channel by channel, or where a pool or an addition takes the inputs.
    """
    domain = network.domain
    if domain.is_normalised:
        return Folded(network, 0.0)
    takes, layers = {0}, list(network.layers)
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        if takes.isdisjoint(sources):
            continue
        if isinstance(layer, Reshape):
            takes.add(i + 1)
        else:
            layers[i] = _folded(i, layer, domain.mean, domain.std)
    raw = replace(domain, mean=np.zeros(network.inputs), std=np.ones(network.inputs))
    return Folded(replace(network, layers=tuple(layers), domain=raw), float(np.float32(domain.mean[0])))


def _folded(number: int, layer: Layer, mean: F64, std: F64) -> Layer:
    place = f"layer {number}"
    match layer:
        case Dense():
            weight = layer.weight / std
            bias = layer.bias - weight @ mean
        case Conv() | Depthwise():
            if any(layer.padding) and np.ptp(mean):
                raise InputError(place, "pads inputs whose means differ, which is not compiled yet", "pad them before")
            channels = layer.channels if isinstance(layer, Conv) else len(layer.weight)
            means, stds = (_of_channels(place, each, channels) for each in (mean, std))
            taken = np.arange(channels)[:, None]
            if isinstance(layer, Conv):
                each = np.arange(len(layer.weight)) // (len(layer.weight) // layer.groups) * layer.weight.shape[1]
                taken = each[:, None] + np.arange(layer.weight.shape[1])
            planes = layer.weight.reshape(*taken.shape, -1) / stds[taken][:, :, None]
            weight = planes.reshape(layer.weight.shape)
            bias = layer.bias - (planes.sum(axis=2) * means[taken]).sum(axis=1)
        case _:
            problem = "takes the inputs, whose mean and std are folded into layers of weights alone"
            raise InputError(place, problem, "declare inputs as it takes them")
    _require_float32(place, weight, bias)
    return replace(layer, weight=weight.astype(np.float32), bias=bias.astype(np.float32))


def _of_channels(place: str, values: F64, channels: int) -> F64:
    """The one number of each channel."""
    planes = values.reshape(channels, -1)
    if np.ptp(planes, axis=1).any():
        raise InputError(
            place, "takes planes whose mean or std is not the same all over a channel", "scale them before"
        )
    return planes[:, 0]


def _require_float32(place: str, weight: F64, bias: F64) -> None:
    for name, values in (("weight", weight), ("bias", bias)):
        if np.abs(values).max() > _LARGEST:
            at = ", ".join(str(i) for i in np.argwhere(np.abs(values) > _LARGEST)[0])
            raise InputError("network", f"{place}, {name}[{at}] leaves float32 once divided by std", "scale it")
