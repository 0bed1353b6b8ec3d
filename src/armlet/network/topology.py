"""network_topology.csv: one line, the side of the square input image and then the width of each layer.

Behind its width a layer may have the name of its activation, and leaky_relu its slope: `14, 32 tanh, 16 leaky_relu 0.2,
10`. Without one, hidden layers are ReLU and the last one is linear.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from armlet.errors import InputError
from armlet.network.activation import SLOPE, Activation
from armlet.storage import read_file

WIDEST = 1_000_000  # values in one layer; beyond any core that armlet serves
LONGEST = 65_536  # bytes of the file
_HINT = "write one line such as 14, 10, 10, 10 or 14, 10 tanh, 10"
_KINDS = {kind.value: kind for kind in Activation}


@dataclass(frozen=True, slots=True)
class Topology:
    """The shape of a network on square images: `side` x `side` inputs, then the width of each layer."""

    side: int
    layers: tuple[int, ...]
    named: tuple[tuple[Activation, float] | None, ...] = ()  # by layer, with its slope; none where nothing is said

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.side * self.side, *self.layers)

    @property
    def activations(self) -> tuple[tuple[Activation, float], ...]:
        """Of each layer, with the slope that leaky_relu has."""
        last = len(self.layers) - 1
        usual = [(Activation.LINEAR if i == last else Activation.RELU, SLOPE) for i in range(len(self.layers))]
        return tuple(given or default for given, default in zip(self.named or usual, usual))

    @property
    def classes(self) -> int:
        return self.layers[-1]


def read_topology(path: Path) -> Topology:
    """Parse a topology file. Raises `InputError` naming the entry that is wrong."""
    entries = [entry.strip() for entry in _only_line(path).split(",")]
    if len(entries) < 2:
        raise InputError(path, f"has {len(entries)} entry, it needs a side and at least one layer", _HINT)
    side = _whole_number(entries[0], 1, path)
    layers, named = zip(*(_layer(entry, at, path) for at, entry in enumerate(entries[1:], 2)))
    if side * side > WIDEST:
        raise InputError(path, f"line 1, entry 1: a side of {side} gives more than {WIDEST} inputs", _HINT)
    return Topology(side, layers, named)


def _only_line(path: Path) -> str:
    try:
        text = read_file(path, LONGEST).decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise InputError(path, "is not UTF-8 text", _HINT) from broken
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) != 1:
        raise InputError(path, f"has {len(lines) or 'no'} lines, it needs exactly one", _HINT)
    return lines[0]


def _layer(entry: str, at: int, path: Path) -> tuple[int, tuple[Activation, float] | None]:
    width, *rest = entry.split() or [""]
    number = _whole_number(width, at, path)
    if not rest:
        return number, None
    kind = _KINDS.get(rest[0])
    if kind is None:
        problem = f"line 1, entry {at}: {rest[0][:40]!r} is no activation"
        raise InputError(path, problem, f"choose from: {', '.join(_KINDS)}")
    if len(rest) > (2 if kind.has_slope else 1):
        raise InputError(path, f"line 1, entry {at}: {entry[:40]!r} says too much", _HINT)
    return number, (kind, _slope(rest[1], at, path) if len(rest) > 1 else SLOPE)


def _slope(entry: str, at: int, path: Path) -> float:
    plain = re.fullmatch(r"0?\.[0-9]{1,40}", entry)
    if plain is None or not 0 < np.float32(entry) < 1:
        raise InputError(path, f"line 1, entry {at}: {entry[:40]!r} is no slope between 0 and 1", "write 0.01 or such")
    return float(entry)


def _whole_number(entry: str, at: int, path: Path) -> int:
    if not (entry.isascii() and entry.isdigit()) or len(entry) > 9:
        raise InputError(path, f"line 1, entry {at}: {entry[:40]!r} is not a whole number", _HINT)
    number = int(entry)
    if not 1 <= number <= WIDEST:
        raise InputError(path, f"line 1, entry {at}: {number} is not between 1 and {WIDEST}", _HINT)
    return number
