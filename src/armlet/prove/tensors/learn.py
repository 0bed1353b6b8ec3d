"""Executes a run on forms where a trip is not like those before: what it does to control, and what it stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.integer.formats import I64
from armlet.isa.semantics import RefusalError
from armlet.prove.tensors.compare import Judge
from armlet.prove.tensors.contents import ANYTHING, Leaf, kinds_of, name_of
from armlet.prove.tensors.doubts import Doubts
from armlet.prove.tensors.names import is_constant
from armlet.prove.tensors.runs.execution import Execution
from armlet.prove.tensors.runs.follow import follow
from armlet.prove.tensors.runs.given import made_of_constants
from armlet.prove.tensors.runs.ground import ApartError, Ground, InexactError, Stored
from armlet.prove.tensors.runs.meaning import Copy, Forms, Made, Meaning, Running, content_of, moved, storing_phases
from armlet.prove.tensors.runs.passage import Affine, Exit, Key, Passage, Phase, Standing

_ANY = name_of(ANYTHING)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A run on forms."""

    passage: Passage
    run: Execution
    contents: list[list[Copy | Made]]
    ground: Ground
    standing: Standing
    exact: frozenset[Key]

    def meaning(self, passage: Passage) -> Meaning:
        """What it stores, for a passage that does the same to control."""
        phases = storing_phases(self.run, self.contents)
        made = tuple(one for phase in phases for _, one in phase.made)
        kept = any(one.value is None or not one.checked for one in made)
        leaves, names = tuple(self.run.leaves.all), tuple(self.run.leaves.names)

        def again() -> Execution:
            left = iter(names)
            run = Execution(
                self.ground, self.standing, self.exact, leaves, lambda _: next(left), lambda run, stored: None
            )
            follow(run, passage.start)
            return run

        run, accepted = self.run if kept else None, [set[bytes]() for _ in phases]
        inputs, outputs = self.run.reads_inputs, self.run.gives_outputs
        seen = kinds_of(np.array(names, np.int64))
        return Meaning(passage, [*leaves], seen, phases, made, run, again, accepted, inputs, outputs)


@dataclass(slots=True, eq=False)
class Learner:
    """What is known of runs from trips before."""

    ground: Ground
    judge: Judge
    places: Mapping[int, I64]  # by tensor, the name of its value at each byte, if one lies there
    most_work: int  # instructions executed on forms
    hinted: NDArray[np.bool_] = field(init=False)  # which bytes are a place of some value
    exact: dict[int, frozenset[Key]] = field(default_factory=dict)  # symbols that must be exact, by start of a run
    words: set[Key] = field(default_factory=set)  # of the stack, that some run must know exactly: others will, too
    doubts: Doubts = field(default_factory=Doubts)
    work: int = 0

    def __post_init__(self) -> None:
        self.hinted = np.any([names != _ANY for names in self.places.values()], axis=0)

    def learn(self, at: int, standing: Standing, before: Sequence[Leaf]) -> Learned:
        """Execute the run at an address on forms. Raises `RefusalError`."""
        while True:
            exact, contents = self.exact.get(at, frozenset(self.words)), list[list[Copy | Made]]()
            run = self._execution(standing, exact, tuple(before), contents)
            try:
                end = follow(run, at)
                finals = tuple(run.finals())
                break
            except InexactError as inexact:
                found = {run.symbols[number].key for number in inexact.symbols}
                self.words |= {key for key in found if isinstance(key, int)}
                self.exact[at] = exact | found
                before = ()
                if self.exact[at] == exact:
                    raise RefusalError(f"{run.text} at {run.at:#010x} is beyond the prover") from None
            except ApartError:
                before = ()
            finally:
                self.work += run.steps
            if self.work > self.most_work:
                raise RefusalError(f"has too many kinds of trips through the run at {at:#010x}")
        self.exact[at] = exact
        passage = _passage(at, run, finals, end)
        return Learned(passage, run, contents, self.ground, standing, exact)

    def _execution(
        self, standing: Standing, exact: frozenset[Key], before: tuple[Leaf, ...], contents: list[list[Copy | Made]]
    ) -> Execution:
        """A run on the memory of this trip, with what the run itself stores over it."""
        over, names = dict[int, int](), self.ground.contents.names

        def stored(run: Execution, one: Stored) -> None:
            parts = [content_of(run, one, k, len(run.stores) - 1) for k in range(len(one.bytes))]
            contents.append(parts)
            for k, part in enumerate(parts):
                over[run.flat(one.access) + k] = self._left(run, part, run.flat(one.access) + k)

        return Execution(self.ground, standing, exact, before, lambda at: over.get(at, int(names[at])), stored)

    def _left(self, run: Execution, part: Copy | Made, to: int) -> int:
        """The name of a byte that is stored."""
        match part:
            case Copy(-1, number):
                return name_of(number)
            case Copy():
                return self.copied(Running(run), part, to, np.array(run.leaves.names, np.int64))
            case Made():
                return self.named(Running(run), part, to, np.array(run.leaves.names, np.int64))[0]

    def copied(self, forms: Forms, copy: Copy, to: int, leaves: I64) -> int:
        """The name of a copy: the value of a layer that leaves what it takes as it is, or the byte's own."""
        name = int(leaves[copy.leaf])
        kind = self.judge.kinds.kind(name >> 32)
        if copy.made is not None and kind is not None and self.hinted[to]:
            for value in self._served(to, {kind.value % self.judge.tensors}):
                if not self._refusal(forms, replace(copy.made, value=value), to, leaves):
                    return int(self.places[value][to])
        return moved(self.judge.kinds, name, copy.more)

    def named(self, forms: Forms, made: Made, to: int, leaves: I64) -> tuple[int, int]:
        """The name of a made byte, and what is left to be compared.

        In the first trip it is shown to be one of the values that the hints have at its place; in further trips it is
        believed to be another one of that tensor. Until then, what is made of constants alone is a constant.
        """
        if made.value is None:
            return self._first_named(forms, made, to, leaves)
        name = int(self.places[made.value][to])
        return name, name

    def _first_named(self, forms: Forms, made: Made, to: int, leaves: I64) -> tuple[int, int]:
        found = leaves[list(made.leaves)]
        lost = found[kinds_of(found) == ANYTHING]
        if len(lost) and (blamed := max(int(lost.max()), made.doubt)) != _ANY:
            return blamed, _ANY
        why, known = "", {kind for number in kinds_of(found).tolist() if (kind := self.judge.kinds.kind(number))}
        try:
            taken = self.judge.taken(forms, made, leaves[None])
            if is_constant(taken).all():
                return name_of(int(made_of_constants(forms, made, taken)[0])), _ANY
        except RefusalError as refusal:
            why = str(refusal)
        for value in self._served(to, {kind.value % self.judge.tensors for kind in known}):
            refused = self._refusal(forms, replace(made, value=value), to, leaves)
            if not refused:
                made.value = value
                return self.named(forms, made, to, leaves)
            why = why or refused
        made.doubt = self.doubts.name(why)
        return made.doubt, _ANY

    def _served(self, to: int, sources: set[int]) -> list[int]:
        """The tensors that have a value at a place, and are made of some others."""
        tensors, values = self.judge.tensors, self.judge.values
        return [
            value
            for value, names in self.places.items()
            if names[to] != _ANY and value % tensors and sources <= {*values.sources(value % tensors)}
        ]

    def _refusal(self, forms: Forms, made: Made, to: int, leaves: I64) -> str:
        """Why a byte is not its tensor's value at a place in a trip; empty where it is."""
        assert made.value is not None
        try:
            self.judge.check(forms, made, self.places[made.value][to : to + 1], leaves[None])
        except (RefusalError, InputError) as refusal:
            return str(refusal)
        return ""


def _passage(at: int, run: Execution, finals: tuple[tuple[Key, Affine | None], ...], end: Exit) -> Passage:
    """What a run did to control, for all trips."""
    phases, first = list[Phase](), 0
    for number in range(run.phase + 1):
        loads = [(symbol, offset) for phase, symbol, offset in run.leaves.loads if phase == number]
        pairs = np.array(loads, np.int64).reshape(-1, 2)
        stores = tuple(stored.access for stored in run.stores if stored.phase == number)
        phases.append(Phase(pairs[:, 0], pairs[:, 1], first, stores))
        first += len(loads)
    reach = dict[int, tuple[int, int, int, int]]()
    for access in run.accesses:
        if access.symbol >= 0:
            low, high, mask, _ = reach.get(access.symbol, (access.offset, 0, 0, 0))
            low, high, mask = min(low, access.offset), max(high, access.offset + access.size), mask | access.size - 1
            number = run.standing[run.symbols[access.symbol].key][1]
            reach[access.symbol] = low, high, mask, number & mask
    return Passage(at, tuple(run.symbols), tuple(phases), reach, finals, end, run.steps, len(run.leaves.all))
