"""Fold the input normalisation into the first layer, so that the network takes raw inputs."""

from dataclasses import replace

import numpy as np

from armlet.errors import InputError
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
    for name, values in (("weight", weight), ("bias", bias)):
        if np.abs(values).max() > _LARGEST:
            place = ", ".join(str(i) for i in np.argwhere(np.abs(values) > _LARGEST)[0])
            raise InputError("network", f"layer 1, {name}[{place}] leaves float32 once divided by std", "scale it")
    raw = replace(domain, mean=np.zeros(network.inputs), std=np.ones(network.inputs))
    folded = replace(first, weight=weight.astype(np.float32), bias=bias.astype(np.float32))
    return replace(network, layers=(folded, *rest), domain=raw)
