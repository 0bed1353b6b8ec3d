"""What a run stores, for all trips in which the bytes that it loads are of the same kinds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.forms.evaluate import base_of, leaves_of
from armlet.integer.forms.linear import Linear
from armlet.prove.tensors.contents import ANYTHING, Kinds, Leaf, name_of, taken_apart
from armlet.prove.tensors.runs.execution import Execution
from armlet.prove.tensors.runs.ground import InexactError, Stored
from armlet.prove.tensors.runs.passage import Access, Passage

FLUSH = 2048  # trips that are held before they are compared


class Forms(Protocol):
    """A run with its forms."""

    @property
    def leaves(self) -> Sequence[Leaf]:
        """What it loads."""
        ...

    def execution(self) -> Execution:
        """The run."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """A run that is being executed."""

    run: Execution

    @property
    def leaves(self) -> Sequence[Leaf]:
        """What it has loaded."""
        return self.run.leaves.all

    def execution(self) -> Execution:
        """The run."""
        return self.run


@dataclass(slots=True, eq=False)
class Made:
    """A byte that is computed of loaded ones."""

    access: Access
    byte: int  # of the access
    number: int  # of the store
    leaves: tuple[int, ...]
    weights: tuple[int, ...] | None  # of the leaves, in the one sum that the byte is a function of
    value: int | None = None  # the tensor whose values it is, if any
    doubt: int = name_of(ANYTHING)  # the name of a byte that is not shown to be one
    is_wide: bool = False  # the weights are those of the whole word
    checked: set[tuple[int, ...]] = field(default_factory=set)
    shifts: dict[tuple[int, ...], I64] = field(default_factory=dict)  # of constants in the leaves of a largest value


@dataclass(frozen=True, slots=True, eq=False)
class Copy:
    """A byte that is a loaded one and something more, modulo 256; no leaf is a constant."""

    leaf: int
    more: int
    made: Made | None = None  # as a function of the loaded one: what a layer makes may be what it takes


def content_of(run: Execution, stored: Stored, byte: int, number: int) -> Copy | Made:
    """What a stored byte is."""
    words, unknowns = run.terms, run.terms.unknowns
    form = unknowns.reduced(words.form(stored.bytes[byte]), 8)
    if not form.parts:
        return Copy(-1, form.constant)
    single = form.single
    if single is not None and single in run.leaves.numbers:
        made = Made(stored.access, byte, number, (run.leaves.numbers[single],), (1,))
        return Copy(run.leaves.numbers[single], form.constant, made)
    return Made(stored.access, byte, number, *sum_of(run, words.form(stored.bytes[byte])))


def sum_of(run: Execution, form: Linear) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """The leaves that a form is made of, and their weights in the one sum that it is a function of, if it is."""
    unknowns = run.terms.unknowns
    found, others = leaves_of(unknowns, form, run.leaves.numbers)
    if symbols := run.inexact(others):
        raise InexactError(symbols)
    base, ordered = base_of(unknowns, form, run.leaves.numbers), sorted(found)
    weights = None if base is None else tuple(base.get(unknown, 0) for unknown in ordered)
    return tuple(run.leaves.numbers[unknown] for unknown in ordered), weights


def moved(kinds: Kinds, name: int, more: int) -> int:
    """The name of a byte that has something more."""
    kind, cell = taken_apart(name)
    if kind < ANYTHING:
        return name_of((kind + more) % 256)
    known = kinds.kind(kind)
    if known is None:
        return name
    return name_of(kinds.number(known.value, known.added + more), cell) if more else name


@dataclass(slots=True, eq=False)
class StoringPhase:
    """The stores of a phase, byte by byte, ready for many trips."""

    symbols: I64
    offsets: I64
    template: I64  # names, where they are constants
    plain: tuple[I64, I64]  # which bytes are copies as they are, and of which leaves
    copies: tuple[tuple[int, Copy], ...]  # all of them
    made: tuple[tuple[int, Made], ...]


@dataclass(slots=True, eq=False)
class Meaning:
    """A passage on forms."""

    passage: Passage
    leaves: list[Leaf]
    seen: I64  # a kind of each leaf that is known to be covered
    phases: tuple[StoringPhase, ...]
    made: tuple[Made, ...]
    run: Execution | None
    again: Callable[[], Execution]  # the run once more, when its forms were given up
    accepted: list[set[bytes]]  # kinds of loaded bytes of each phase that are known to be covered
    reads_inputs: bool
    gives_outputs: bool
    is_fresh: bool = True  # nothing was compared yet
    trips: list[tuple[I64, I64]] = field(default_factory=list)  # names of all leaves, and of what is made

    def execution(self) -> Execution:
        """The run, with its forms."""
        if self.run is None:
            self.run = self.again()
        return self.run


def storing_phases(run: Execution, contents: list[list[Copy | Made]]) -> tuple[StoringPhase, ...]:
    """The stores of a run, by phases."""
    found = list[StoringPhase]()
    for number in range(run.phase + 1):
        symbols, offsets, template = list[int](), list[int](), list[int]()
        plain, copies, made = list[tuple[int, int]](), list[tuple[int, Copy]](), list[tuple[int, Made]]()
        for stored, parts in zip(run.stores, contents):
            for k, part in enumerate(parts if stored.phase == number else []):
                slot = len(symbols)
                symbols.append(stored.access.symbol)
                offsets.append(stored.access.offset + k)
                is_constant = isinstance(part, Copy) and part.leaf < 0
                template.append(name_of(part.more if isinstance(part, Copy) and is_constant else ANYTHING))
                match part:
                    case Copy(leaf, more) if leaf >= 0:
                        copies.append((slot, part))
                        plain += [(slot, leaf)] if more == 0 else []
                    case Made():
                        made.append((slot, part))
                    case _:
                        pass
        slots = np.array(plain, np.int64).reshape(-1, 2)
        where, names = (np.array(symbols, np.int64), np.array(offsets, np.int64)), np.array(template, np.int64)
        found.append(StoringPhase(*where, names, (slots[:, 0], slots[:, 1]), tuple(copies), tuple(made)))
    return tuple(found)
