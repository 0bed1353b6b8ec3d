"""Fold the input normalisation into the first layer, so that the network takes raw inputs."""

from dataclasses import replace

import numpy as np

from armlet.network.network import InputDomain, Layer, Network


def fold_normalisation(network: Network) -> Network:
    """The same function with mean 0 and std 1: W / std and b - W (mean / std), each rounded once to float32."""
    domain = network.domain
    if domain.is_normalised:
        return network
    first, *rest = network.layers
    weight = first.weight.astype(np.float64) / domain.std
    bias = first.bias - weight @ domain.mean
    raw = InputDomain.uniform(network.inputs, domain.low, domain.high)
    return replace(
        network, layers=(Layer(weight.astype(np.float32), bias.astype(np.float32), first.activation), *rest), domain=raw
    )
