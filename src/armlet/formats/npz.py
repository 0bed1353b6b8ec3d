"""Networks in one .npz file: weights and biases by the names that people and frameworks give them.

Three ways to name them, each told by the names alone: W1, b1, W2, b2, ... in the order of their numbers; fc1.weight,
fc1.bias, ... as PyTorch's state_dict has them, outputs x inputs; dense/kernel, dense/bias or coefs_0, intercepts_0 as
Keras and scikit-learn have them, inputs x outputs, which are turned.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from armlet.errors import InputError
from armlet.formats.arrays import npz_names, read_npz, read_npz_words
from armlet.formats.assemble import Found, Parameter, Tell, network_of, warn
from armlet.formats.declaration import WORDS, Declaration
from armlet.formats.description import Description
from armlet.network.network import Network

_ACTIVATIONS = ("activations", "acts")  # a list of names, one for each layer
_HINT = "name the arrays W1, b1, W2, b2, ... (outputs x inputs), or fc1.weight, fc1.bias, ..."


@dataclass(frozen=True, slots=True)
class _Rule:
    """One way to name the arrays: patterns with one group, what weights and biases of a layer share."""

    weight: str
    bias: str
    turned: bool = False  # whether weights stand inputs x outputs


_RULES = (
    _Rule(r"W_?(\d{1,6})", r"b_?(\d{1,6})"),
    _Rule(r"(.{0,200})[./]weight", r"(.{0,200})[./]bias"),
    _Rule(r"(.{0,200})[./]kernel(?::0)?", r"(.{0,200})[./]bias(?::0)?", turned=True),
    _Rule(r"coefs_?(\d{1,6})", r"intercepts_?(\d{1,6})", turned=True),
)


def read_npz_network(path: Path, declare: Declaration = Declaration(), tell: Tell = warn) -> Network:
    """ReLU hidden layers and a linear last one, unless the file or the declaration says otherwise.

    Raises `InputError`.
    """
    names = npz_names(path)
    rule, order = _rule_for(path, names)
    pairs = [(_first(rule.weight, key, names), _first(rule.bias, key, names)) for key in order]
    words = [word for word in WORDS if word in names]
    called = next((name for name in _ACTIVATIONS if name in names), None)
    read = {name for pair in pairs for name in pair if name} | {*words}
    arrays = read_npz(path, read)
    read |= {called} if called else set()

    def parameter(name: str, turned: bool = False) -> Parameter:
        if turned and arrays[name].ndim > 2:  # frameworks differ in the order of the axes
            problem = f"has shape {arrays[name].shape}, only matrices are turned"
            raise InputError(
                f"{path}: {name}", problem, "save it as outputs x inputs x height x width, under W1, W2, ..."
            )
        return Parameter(f"{path}: {name}", arrays[name].T if turned else arrays[name])

    if unread := [name for name in names if name not in read]:
        tell(f"{path}: {', '.join(unread[:8])} {'is' if len(unread) == 1 else 'are'} not read")
    if rule is not _RULES[0]:
        tell(f"{path}: the layers are taken in the order {', '.join(order)[:200]}")
    found = Found(
        path,
        tuple(parameter(str(weight), rule.turned) for weight, _ in pairs),
        tuple(None if bias is None else parameter(bias) for _, bias in pairs),
        {word: parameter(word) for word in words},
        Description(Declaration(activation=read_npz_words(path, called))) if called else Description(),
    )
    return network_of(found, declare, tell)


def npz_weight_names(path: Path) -> list[str]:
    """What the file calls the weights of its layers, in order. Raises `InputError`."""
    names = npz_names(path)
    rule, order = _rule_for(path, names)
    return [str(_first(rule.weight, key, names)) for key in order]


def _rule_for(path: Path, names: list[str]) -> tuple[_Rule, list[str]]:
    """The rule by which the arrays are named, and what their layers are called, in order."""
    for rule in _RULES:
        keys = {match[1] for name in names if (match := re.fullmatch(rule.weight, name))}
        if not keys:
            continue
        alone = {match[1] for name in names if (match := re.fullmatch(rule.bias, name))} - keys
        if alone:
            raise InputError(path, f"holds a bias of {sorted(alone)[0][:40]!r} and no weight of it", _HINT)
        return rule, sorted(keys, key=_natural)
    raise InputError(path, f"holds {sorted(names)[:8]}", _HINT)


def _first(pattern: str, key: str, names: Iterable[str]) -> str | None:
    return next((name for name in names if (match := re.fullmatch(pattern, name)) and match[1] == key), None)


def _natural(key: str) -> list[tuple[int, int, str]]:
    """fc2 before fc10: numbers by their size, words by their letters."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d{1,18})", key)]
