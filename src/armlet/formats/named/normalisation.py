"""Batch normalisations among named arrays, folded into the layers beside them; their names tell where they stand.

In a Sequential of PyTorch the modules are numbered, activations too: 0.weight, 1.running_mean, 3.weight is Linear,
BatchNorm, ReLU, Linear. So a normalisation right behind a layer scales what that layer gives, one right before a layer
what that layer takes. Names such as bn1 tell neither whether the activation comes first nor what else lies between.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.named.names import NamedLayer, NamedNormalisation
from armlet.network.frozen import F64

_EPSILON, _KERAS_EPSILON = 1e-5, 1e-3  # of PyTorch and Keras by default; such files do not say it
_HINT = "give the model as ONNX or .keras, which say its place, or fold it before saving (docs/models.md)"


@dataclass(frozen=True, slots=True)
class Folded:
    """Weights and biases (None where a layer has none), and the statistics of the inputs where the file has some."""

    weights: list[NDArray[Any]]
    biases: list[NDArray[Any] | None]
    mean: F64 | None = None
    std: F64 | None = None


@dataclass(frozen=True, slots=True)
class _Statistics:
    """`scale (x - mean) / std + shift` for each channel."""

    mean: F64
    std: F64
    scale: F64
    shift: F64


def fold_normalisations(
    source: Path,
    layers: Sequence[NamedLayer],
    normalisations: Sequence[NamedNormalisation],
    arrays: Mapping[str, NDArray[Any]],
    tell: Callable[[str], None],
) -> Folded:
    """The layers with each normalisation folded in; one before all layers becomes the mean and std of the inputs.

    Raises `InputError` where a name does not say the place, or the shapes do not meet.
    """
    biases = [None if layer.bias is None else arrays[layer.bias] for layer in layers]
    folded = Folded([arrays[layer.weight] for layer in layers], biases)
    at = {_module(layer.key): i for i, layer in enumerate(layers)}
    for each in normalisations:
        place, (head, number) = f"{source}: {each.key}", _module(each.key)
        before, after = at.get((head, number - 1)), at.get((head, number + 1))
        of = _statistics(place, each, arrays)
        if before is not None:
            _fold_behind(place, folded, before, of)
        elif after == 0:
            _fold_ahead(place, folded, 0, of.scale, of.shift)
            folded = Folded(folded.weights, folded.biases, of.mean, of.std)
        elif after is not None:
            _fold_ahead(place, folded, after, of.scale / of.std, of.shift - of.scale * of.mean / of.std)
        else:
            raise InputError(place, "is a batch normalisation, and its name does not say its place", _HINT)
        into = layers[after or 0 if before is None else before].key
        tell(f"{each.key}: the batch normalisation is folded into {into}, epsilon is taken as {_epsilon(each):g}")
    return folded


def _epsilon(each: NamedNormalisation) -> float:
    return _KERAS_EPSILON if each.is_keras else _EPSILON


def _module(key: str) -> tuple[str, int]:
    """features.3 is module 3 of features; a key without a number is beside none."""
    head, _, number = key.rpartition(".")
    return (head, int(number)) if number.isascii() and number.isdigit() and len(number) < 9 else (key, -9)


def _statistics(place: str, each: NamedNormalisation, arrays: Mapping[str, NDArray[Any]]) -> _Statistics:
    mean, variance = arrays[each.mean], arrays[each.variance]
    scale = np.ones(mean.shape) if each.scale is None else arrays[each.scale]
    shift = np.zeros(mean.shape) if each.shift is None else arrays[each.shift]
    if mean.ndim != 1 or len({array.shape for array in (mean, variance, scale, shift)}) > 1:
        raise InputError(place, "has statistics of several shapes", "give one value for each channel")
    if not all(np.isfinite(array).all() for array in (mean, variance, scale, shift)) or (variance < 0).any():
        raise InputError(place, "has statistics that are not finite, or a variance below zero")
    std = np.sqrt(variance.astype(np.float64) + _epsilon(each))
    return _Statistics(mean.astype(np.float64), std, scale.astype(np.float64), shift.astype(np.float64))


def _fold_behind(place: str, folded: Folded, i: int, of: _Statistics) -> None:
    """Fold into the layer whose sums are normalised."""
    weight, bias = folded.weights[i], folded.biases[i]
    if weight.ndim < 2 or len(weight) != len(of.mean) or (bias is not None and bias.shape != of.mean.shape):
        raise InputError(place, f"has {len(of.mean)} channels, the layer before has the shape {weight.shape}", _HINT)
    factor = of.scale / of.std
    with np.errstate(all="ignore"):  # what is not finite is refused with its place, later
        folded.weights[i] = weight * factor.reshape(-1, *(1,) * (weight.ndim - 1))
        folded.biases[i] = ((0.0 if bias is None else bias) - of.mean) * factor + of.shift


def _fold_ahead(place: str, folded: Folded, i: int, scale: F64, shift: F64) -> None:
    """Fold `scale x + shift` into the layer that takes it."""
    weight, bias = folded.weights[i], folded.biases[i]
    if weight.ndim != 2 or weight.shape[1] != len(scale) or (bias is not None and bias.shape != weight.shape[:1]):
        problem = f"has {len(scale)} channels and stands before a layer of the shape {weight.shape}"
        raise InputError(place, problem, _HINT)
    with np.errstate(all="ignore"):
        folded.weights[i] = weight * scale
        folded.biases[i] = (0.0 if bias is None else bias) + weight @ shift
