"""network_topology.csv: one line, the side of the square input image and then the width of each layer."""

from dataclasses import dataclass
from pathlib import Path

from armlet.errors import InputError
from armlet.storage import read_file

WIDEST = 1_000_000  # values in one layer; beyond any core that armlet serves
LONGEST = 65_536  # bytes of the file
_MEND = "write one line such as 14, 10, 10, 10"


@dataclass(frozen=True, slots=True)
class Topology:
    """The shape of a network on square images: `side` x `side` inputs, then the width of each layer."""

    side: int
    layers: tuple[int, ...]

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.side * self.side, *self.layers)

    @property
    def classes(self) -> int:
        return self.layers[-1]


def read_topology(path: Path) -> Topology:
    """Parse a topology file. Raises `InputError` naming the entry that is wrong."""
    entries = [entry.strip() for entry in _only_line(path).split(",")]
    numbers = [_whole_number(entry, at, path) for at, entry in enumerate(entries, 1)]
    if len(numbers) < 2:
        raise InputError(path, f"has {len(numbers)} entry, it needs a side and at least one layer", _MEND)
    side, *layers = numbers
    if side * side > WIDEST:
        raise InputError(path, f"line 1, entry 1: a side of {side} gives more than {WIDEST} inputs", _MEND)
    return Topology(side, tuple(layers))


def _only_line(path: Path) -> str:
    try:
        text = read_file(path, LONGEST).decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise InputError(path, "is not UTF-8 text", _MEND) from broken
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) != 1:
        raise InputError(path, f"has {len(lines) or 'no'} lines, it needs exactly one", _MEND)
    return lines[0]


def _whole_number(entry: str, at: int, path: Path) -> int:
    if not (entry.isascii() and entry.isdigit()) or len(entry) > 9:
        raise InputError(path, f"line 1, entry {at}: {entry[:40]!r} is not a whole number", _MEND)
    number = int(entry)
    if not 1 <= number <= WIDEST:
        raise InputError(path, f"line 1, entry {at}: {number} is not between 1 and {WIDEST}", _MEND)
    return number
