"""The names of arrays to layers, by the names alone.

Three ways to name them: W1, b1, W2, b2, ... in the order of their numbers; fc1.weight, fc1.bias, ... as PyTorch's
state_dict has them, outputs x inputs; dense/kernel, dense/bias or coefs_0, intercepts_0 as Keras and scikit-learn have
them, inputs x outputs. Names that end in running_mean or moving_mean are those of a batch normalisation.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from armlet.errors import InputError

_HINT = "name the arrays W1, b1, W2, b2, ... (outputs x inputs), or fc1.weight, fc1.bias, ..."


@dataclass(frozen=True, slots=True)
class _Rule:
    """One way to name the arrays: patterns with one group, what weights and biases of a layer share."""

    weight: str
    bias: str
    inputs_first: bool = False  # whether weights stand inputs x outputs
    counted: bool = False  # whether the numbers are the order, so that nobody has to be told


_RULES = (
    _Rule(r"W_?(\d{1,6})", r"b_?(\d{1,6})", counted=True),
    _Rule(r"(.{0,200})[./]weight", r"(.{0,200})[./]bias"),
    _Rule(r"(.{0,200})[./]kernel(?::0)?", r"(.{0,200})[./]bias(?::0)?", inputs_first=True),
    _Rule(r"coefs_?(\d{1,6})", r"intercepts_?(\d{1,6})", inputs_first=True),
)
_MEAN = r"(.{0,200})[./](?:running|moving)_mean(?::0)?"
_VARIANCE = r"(.{0,200})[./](?:running_var|moving_variance)(?::0)?"
_SCALE, _SHIFT = r"(.{0,200})[./](?:weight|gamma)(?::0)?", r"(.{0,200})[./](?:bias|beta)(?::0)?"
_COMPUTED = r"(.{0,200})[./](?:weight_(?:orig|mask|g|v)|parametrizations[./].{0,200})"
_OTHER_NETWORKS = frozenset({"critic", "target", "value", "vf"})  # words for those that training alone needs
_COUNTER = r".{0,200}[./]num_batches_tracked"  # of training alone


@dataclass(frozen=True, slots=True)
class NamedLayer:
    """What the arrays of a layer are called; `key` is what their names share."""

    key: str
    weight: str
    bias: str | None


@dataclass(frozen=True, slots=True)
class NamedNormalisation:
    """What the arrays of a batch normalisation are called: gamma (x - mean) / sqrt(variance + epsilon) + beta."""

    key: str
    mean: str
    variance: str
    scale: str | None
    shift: str | None

    @property
    def arrays(self) -> set[str]:
        return {name for name in (self.mean, self.variance, self.scale, self.shift) if name is not None}

    @property
    def is_keras(self) -> bool:
        """Whether the name is Keras's, whose epsilon is another than PyTorch's."""
        return "moving_mean" in self.mean


@dataclass(frozen=True, slots=True)
class Names:
    """The layers in the order of their names, numbers by their size."""

    layers: tuple[NamedLayer, ...]
    normalisations: tuple[NamedNormalisation, ...]
    inputs_first: bool  # whether weights stand inputs x outputs
    counted: bool  # whether the names are nothing but the order
    idle: frozenset[str]  # names that training alone needs

    @property
    def arrays(self) -> set[str]:
        """All that is read of the file."""
        layers = {name for layer in self.layers for name in (layer.weight, layer.bias) if name is not None}
        return layers.union(*(each.arrays for each in self.normalisations))


def layers_named(source: Path, names: Sequence[str]) -> Names:
    """What the arrays of a file are, by the first rule that any of them follows. Raises `InputError`."""
    if computed := _by_key(_COMPUTED, names):
        problem = f"holds {min(computed.values())[:60]}, of which PyTorch computes a weight"
        hint = "before saving, torch.nn.utils.prune.remove or parametrize.remove_parametrizations makes it a plain one"
        raise InputError(source, problem, hint)
    idle = frozenset(name for name in names if re.fullmatch(_COUNTER, name))
    normalisations = _normalisations(source, names)
    rest = [name for name in names if not any(name in each.arrays for each in normalisations)]
    for rule in _RULES:
        weights, biases = _by_key(rule.weight, rest), _by_key(rule.bias, rest)
        if not weights:
            continue
        if alone := sorted(biases.keys() - weights.keys()):
            raise InputError(source, f"holds a bias of {alone[0][:40]!r} and no weight of it", _HINT)
        keys = sorted(weights, key=_natural)
        _require_one_network(source, keys)
        layers = tuple(NamedLayer(key, weights[key], biases.get(key)) for key in keys)
        return Names(layers, normalisations, rule.inputs_first, rule.counted, idle)
    raise InputError(source, f"holds {sorted(names)[:8]}"[:300], _HINT)


def _require_one_network(source: Path, keys: Sequence[str]) -> None:
    """Raise `InputError` where names say that a file holds more networks than one: an actor and its critic."""
    others = [key for key in keys if _OTHER_NETWORKS & {*re.split(r"[^a-z]+", key.lower())}]
    if others and len(others) < len(keys):
        first = next(key for key in keys if key not in others)
        problem = f"holds more than one network: {first[:40]}, ... and {others[0][:40]}, ..."
        raise InputError(source, problem, "save the arrays of one of them alone")


def _normalisations(source: Path, names: Sequence[str]) -> tuple[NamedNormalisation, ...]:
    means, variances = _by_key(_MEAN, names), _by_key(_VARIANCE, names)
    if alone := sorted(means.keys() ^ variances.keys()):
        raise InputError(source, f"holds one of mean and variance of {alone[0][:40]!r}, not both")
    scales, shifts = _by_key(_SCALE, names), _by_key(_SHIFT, names)
    found = (NamedNormalisation(key, means[key], variances[key], scales.get(key), shifts.get(key)) for key in means)
    return tuple(sorted(found, key=lambda each: _natural(each.key)))


def _by_key(pattern: str, names: Sequence[str]) -> dict[str, str]:
    """The names that follow a pattern, by what their layer is called: the first, where two are called alike."""
    matches = [(match[1], name) for name in names if (match := re.fullmatch(pattern, name))]
    return dict(reversed(matches))


def _natural(key: str) -> list[tuple[int, int, str]]:
    """fc2 before fc10: numbers by their size, words by their letters."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d{1,18})", key)]
