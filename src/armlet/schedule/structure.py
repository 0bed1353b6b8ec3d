"""How often the rows of a table run: straight-line blocks, and counted loops around them.

Orders, code and programs are tables of rows, each row once. Their structure says in which order the rows run: a block
runs its rows one after another; a loop runs its body `trips` times, and moves base registers between. A multilayer
perceptron is one block.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InvariantError


@dataclass(frozen=True, slots=True)
class Block:
    """So many rows that run once, one after another."""

    rows: int


@dataclass(frozen=True, slots=True)
class Loop:
    """A body that runs `trips` times. After each trip, the last one too, each base moves by its stride."""

    trips: int
    body: "Structure"
    strides: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # bytes, by base register


Structure: TypeAlias = tuple[Block | Loop, ...]


def straight_line(rows: int) -> Structure:
    """One block of all rows."""
    return (Block(rows),)


def rows_of(structure: Structure) -> int:
    """The rows of a table with this structure."""
    return sum(part.rows if isinstance(part, Block) else rows_of(part.body) for part in structure)


def trips_of(structure: Structure, outside: int = 1) -> NDArray[np.int64]:
    """How often each row runs, (rows,)."""
    parts = [np.zeros(0, np.int64)]
    for part in structure:
        match part:
            case Block(rows):
                parts.append(np.full(rows, outside, np.int64))
            case Loop(trips, body):
                parts.append(trips_of(body, outside * trips))
    return np.concatenate(parts)


def blocks_of(structure: Structure, first: int = 0, outside: int = 1) -> Iterator[tuple[slice, int]]:
    """The rows of each block, and how often it runs."""
    for part in structure:
        match part:
            case Block(rows):
                yield slice(first, first + rows), outside
                first += rows
            case Loop(trips, body):
                yield from blocks_of(body, first, outside * trips)
                first += rows_of(body)


def in_execution(structure: Structure, first: int = 0) -> Iterator[int | Mapping[str, int]]:
    """Each row as it runs, by its number, and the strides of each trip as it ends."""
    for part in structure:
        match part:
            case Block(rows):
                yield from range(first, first + rows)
                first += rows
            case Loop(trips, body, strides):
                for _ in range(trips):
                    yield from in_execution(body, first)
                    yield strides
                first += rows_of(body)


def check_structure(structure: Structure, rows: int, bases: frozenset[str]) -> None:
    """Raise `InvariantError` unless it is of `rows` rows, loops run at least once, and move known bases."""
    if rows_of(structure) != rows:
        raise InvariantError(f"structure: of {rows_of(structure)} rows, there are {rows}")
    for part in structure:
        match part:
            case Block(count) if count >= 0:
                pass
            case Loop(trips, body, strides) if trips >= 1 and set(strides) <= bases:
                check_structure(body, rows_of(body), bases)
            case _:
                raise InvariantError(f"structure: {part} cannot run")
