"""The names that other frameworks give to activations, to ours.

Keras says `linear`, PyTorch `Identity`, scikit-learn `logistic`: spelt in any case, with or without underscores. A
softmax at the end only turns scores into shares of one: the network is read without it, and its outputs are scores.
"""

from armlet.errors import InputError
from armlet.network.activation import Activation

_ALIASES = {
    "linear": ("identity", "none", "noop"),
    "relu": ("rectify", "rectifier", "rectifiedlinear"),
    "leaky_relu": ("lrelu",),
    "relu6": ("clippedrelu6",),
    "sigmoid": ("logistic", "logsig"),
    "tanh": ("hyperbolictangent", "tansig"),
}
SOFTMAX = ("softmax", "logsoftmax")  # at the end: the largest score stays the largest


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


_KNOWN = {_plain(alias): Activation(kind) for kind, names in _ALIASES.items() for alias in (kind, *names)}


def activation_called(name: str) -> Activation:
    """The activation that is meant by `name`. Raises `InputError` with the names that there are."""
    if found := _KNOWN.get(_plain(name)):
        return found
    known = ", ".join(kind.value for kind in Activation)
    if is_softmax(name):
        raise InputError(f"activation {name[:40]!r}", "stands before the last layer", "only the last layer may have it")
    raise InputError(f"activation {name[:40]!r}", "is not one that armlet computes", f"this armlet knows {known}")


def is_softmax(name: str) -> bool:
    """Whether `name` is a softmax, in any spelling."""
    return _plain(name) in SOFTMAX
