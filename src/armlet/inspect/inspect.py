"""A model to what is said of it."""

import math
from dataclasses import replace

from armlet.errors import InputError
from armlet.formats.model import Model, ModelLayer
from armlet.inspect.channels import Flow, flow_of
from armlet.inspect.estimate import estimates_of
from armlet.inspect.inspection import DomainFacts, Ends, Inspection, LayerFacts, ObstacleFacts
from armlet.integer.layers import (
    IntegerAdd,
    IntegerConv,
    IntegerDense,
    IntegerLayer,
    IntegerPool,
    body_of,
    integer_kind_of,
)
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Weighted, kind_of
from armlet.network.network import Network
from armlet.network.normalise import fold_into_windows


def inspection_of(model: Model) -> Inspection:
    """All that is said of `model`, without running it."""
    obstacles = tuple(ObstacleFacts(each.node, each.operator, each.hint) for each in model.obstacles)
    network = model.network
    if network is None:
        layers = tuple(_named(layer) for layer in model.layers)
        return Inspection(model.format, layers, model.notes, obstacles)
    flow = flow_of(network)
    facts = tuple(_layer(network, flow, model.layers[i], i) for i in range(len(network.layers)))
    refusal = _refusal(network, flow)
    return Inspection(
        model.format,
        facts,
        model.notes,
        obstacles,
        arithmetic="integers" if isinstance(network, IntegerNetwork) else "float32",
        digest=network.digest(),
        output=network.output.value if network.output else None,
        domain=_domain(network, flow),
        refusal=refusal,
        estimates=() if refusal or not network.is_chain else estimates_of(network, flow),
    )


def _refusal(network: Network | IntegerNetwork, flow: Flow) -> str | None:
    """Why compile would refuse the network, in a line."""
    if isinstance(network, IntegerNetwork):
        return flow.overflow or None
    try:
        if not network.is_chain:
            fold_into_windows(network)
    except InputError as wrong:
        return f"{wrong.source}: {wrong.problem}"
    return None


def _domain(network: Network | IntegerNetwork, flow: Flow) -> DomainFacts:
    domain = network.domain
    ends = (float(domain.low.min()), float(domain.high.max())) if domain.is_declared else None
    unread = int((~flow.is_read[0]).sum()) * (network.inputs // len(flow.is_read[0]))
    return DomainFacts(network.shape, network.inputs, unread, domain.origin.value, ends, domain.describe())


def _named(layer: ModelLayer) -> LayerFacts:
    """What is known of a layer that stands in no network."""
    return LayerFacts(layer.name, layer.operator, None, None, None, weights_as=layer.weights, values_as=layer.values)


def _layer(network: Network | IntegerNetwork, flow: Flow, said: ModelLayer, i: int) -> LayerFacts:
    layer, shape, channels = network.layers[i], flow.shapes[i + 1], flow.channels[i + 1]
    whole = isinstance(network, IntegerNetwork)
    facts = LayerFacts(
        said.name,
        said.operator,
        _kind(layer),
        _activation(layer),
        shape,
        channels=len(channels.low),
        constant_channels=int((~channels.vary).sum()),
        unread_channels=int((channels.vary & ~flow.is_read[i + 1]).sum()),
        value_range=_ends(channels.low.min().item(), channels.high.max().item(), whole),
        weights_as=said.weights,
        values_as=said.values,
    )
    weighted = body_of(layer) if isinstance(layer, IntegerLayer) else layer
    if not isinstance(weighted, Weighted | IntegerDense):
        return facts
    return _with_weights(facts, weighted, math.prod(shape[1:]) if len(shape) == 3 else 1, flow.computed[i])


def _kind(layer: Layer | IntegerLayer) -> str:
    match layer:
        case IntegerDense() | IntegerConv() | IntegerPool() | IntegerAdd():
            return integer_kind_of(layer)
        case _:
            return kind_of(layer)


def _activation(layer: Layer | IntegerLayer) -> str | None:
    match layer:
        case Dense() | Conv() | Depthwise() | Add() | IntegerDense():
            return layer.activation.value
        case IntegerConv(body):
            return body.activation.value
        case _:
            return None


def _with_weights(facts: LayerFacts, layer: Weighted | IntegerDense, positions: int, computed: int) -> LayerFacts:
    """The facts with those of the layer's arrays; every weight is used once at each position of its window."""
    size, zeros = layer.weight.size, int((layer.weight == 0).sum())
    return replace(
        facts,
        weights=size,
        biases=layer.bias.size,
        zero_weights=zeros,
        macs=positions * size,
        zero_macs=positions * zeros,
        computed_macs=positions * computed,
        weight_range=_ends(layer.weight.min().item(), layer.weight.max().item(), isinstance(layer, IntegerDense)),
    )


def _ends(low: float, high: float, whole: bool) -> Ends | None:
    """An interval, or nothing where an end is not known."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return (int(low), int(high)) if whole else (low, high)
