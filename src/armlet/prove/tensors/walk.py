"""A call, trip by trip: control on numbers, memory on names, what is stored by what the run through it means.

What a trip loads is looked up by name; the run's forms say whether each byte that it stores is a constant, a copy, or
made. A made byte is believed to be the value that the hints have at its place, and is compared with what the network
declares when many trips are together. So nothing is believed for long.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from armlet.integer.formats import I64
from armlet.isa.semantics import RefusalError
from armlet.prove.execute import RETURN
from armlet.prove.tensors.compare import Judge
from armlet.prove.tensors.contents import ANYTHING, Leaf, kinds_of, name_of
from armlet.prove.tensors.learn import Learner
from armlet.prove.tensors.runs.ground import Ground
from armlet.prove.tensors.runs.meaning import FLUSH, Made, Meaning
from armlet.prove.tensors.runs.passage import Passage, Phase, Standing

MOST_STEPS = 1 << 28  # instructions of a call
MOST_TRIPS = 1 << 21
_ANY = name_of(ANYTHING)


_Trip: TypeAlias = tuple[Passage, list[int], Meaning]


@dataclass(slots=True, eq=False)
class Walk:
    """A call on its way."""

    ground: Ground
    judge: Judge
    standing: Standing
    learner: Learner
    passages: dict[int, list[Passage]] = field(default_factory=dict)
    meanings: dict[int, list[Meaning]] = field(default_factory=dict)  # by identity of the passage
    steps: int = 0
    trips: int = 0
    has_given: bool = False
    late: int | None = None  # the run that reads an input after an output was written

    def run(self, start: int) -> None:
        """Until the call returns, and all that was made is compared. Raises `RefusalError`."""
        at = start
        while at != RETURN:
            at = self._trip(at)
            self.trips += 1
            if self.trips > MOST_TRIPS or self.steps > MOST_STEPS:
                raise RefusalError(
                    f"goes round in a loop at {at:#010x}, or takes more than {MOST_STEPS:,} instructions"
                )
        for meanings in self.meanings.values():
            for meaning in meanings:
                self._compare(meaning)

    def _trip(self, at: int) -> int:
        passage, numbers, meaning = self._known(at) or self._learn(at)
        self._order(passage, meaning)
        to = passage.exit.to
        if passage.exit.zero is not None:
            value = passage.exit.zero.value(passage.symbols, numbers)
            if value is None or value[0] >= 0:
                raise RefusalError(f"the branch behind {at:#010x} goes on by where memory lies")
            to = to if (value[1] == 0) == passage.exit.is_equal else passage.exit.otherwise
        passage.leave(self.standing, numbers)
        stack = self.standing["sp"][1]
        for key in [key for key in self.standing if isinstance(key, int) and key < stack]:
            del self.standing[key]
        self.steps += passage.steps
        return to

    def _order(self, passage: Passage, meaning: Meaning) -> None:
        """Inputs are read before outputs are written, or it is noted."""
        if self.has_given and meaning.reads_inputs and self.late is None:
            self.late = passage.start
        self.has_given |= meaning.gives_outputs

    def _bases(self, passage: Passage, numbers: Sequence[int]) -> I64:
        """The bytes at which symbols stand, and 0 for none; what they reach lies in memory, aligned."""
        contents, found = self.ground.contents, [0] * (len(numbers) + 1)
        for symbol, (low, high, mask, aligned) in passage.reach.items():
            if symbol < 0:
                continue
            number, piece = numbers[symbol], contents.pieces[passage.symbols[symbol].piece - 1]
            first = number + low
            if first < piece.base or number + high > piece.end:
                raise RefusalError(f"the run at {passage.start:#010x} accesses {first:#010x}, outside its memory")
            if number & mask != aligned:
                raise RefusalError(f"the run at {passage.start:#010x} accesses memory by {number:#010x}, not aligned")
            found[symbol] = number - piece.base + piece.start
        return np.array(found, np.int64)

    def _known(self, at: int) -> _Trip | None:
        """Make a trip as one before; None where there is none like it."""
        for passage in self.passages.get(at, ()):
            numbers = passage.numbers(self.standing)
            if numbers is None:
                continue
            bases = self._bases(passage, numbers)
            for meaning in self.meanings[id(passage)]:
                if self._try(passage, meaning, bases):
                    return passage, numbers, meaning
        return None

    def _try(self, passage: Passage, meaning: Meaning, bases: I64) -> bool:
        contents = self.ground.contents
        leaves, made = np.empty(passage.leaves, np.int64), np.empty(len(meaning.made), np.int64)
        undo, count = list[tuple[I64, I64]](), 0
        for number, (phase, storing) in enumerate(zip(passage.phases, meaning.phases)):
            at = bases[phase.symbols] + phase.offsets
            names = contents.names[at]
            leaves[phase.first : phase.first + len(at)] = names
            key = kinds_of(names).astype(np.int32).tobytes()
            if key not in meaning.accepted[number]:
                if not self._covers(meaning, phase, names):
                    for places, before in reversed(undo):
                        contents.names[places] = before
                    return False
                meaning.accepted[number].add(key)
            if not len(storing.symbols):
                continue
            to = bases[storing.symbols] + storing.offsets
            if not contents.writable[to].all():
                raise self._no_memory(passage, phase, "writes")
            left = storing.template.copy()
            left[storing.plain[0]] = leaves[storing.plain[1]]
            hinted = self.learner.hinted[to]
            for slot, copy in storing.copies:
                if copy.more or hinted[slot]:
                    left[slot] = self.learner.copied(meaning, copy, int(to[slot]), leaves)
            for slot, one in storing.made:
                left[slot], made[count] = self.learner.named(meaning, one, int(to[slot]), leaves)
                count += 1
            undo.append((to, contents.names[to]))
            contents.names[to] = left
        if meaning.made:
            meaning.trips.append((leaves, made))
            if len(meaning.trips) >= FLUSH or (meaning.is_fresh and (made != _ANY).all()):
                self._compare(meaning)
        return True

    def _covers(self, meaning: Meaning, phase: Phase, names: I64) -> bool:
        if (names < 0).any():
            raise self._no_memory(meaning.passage, phase, "reads")
        kinds, seen = kinds_of(names), meaning.seen[phase.first : phase.first + len(names)]
        left = list[tuple[int, Leaf]]()
        for number in np.flatnonzero(kinds != seen).tolist():
            at = phase.first + number
            leaf = self.judge.kinds.covered(meaning.leaves[at], int(kinds[number]))
            if leaf is None:
                return False
            left.append((at, leaf))
        for at, leaf in left:
            meaning.leaves[at] = leaf
        seen[:] = kinds
        return True

    def _no_memory(self, passage: Passage, phase: Phase, does: str) -> RefusalError:
        told = ", ".join(f"{store.text} at {store.at:#010x}" for store in phase.stores[:1])
        return RefusalError(f"{told or f'the run at {passage.start:#010x}'} {does} what it may not")

    def _compare(self, meaning: Meaning) -> None:
        if not meaning.trips:
            return
        leaves = np.stack([trip[0] for trip in meaning.trips])
        made = np.stack([trip[1] for trip in meaning.trips])
        meaning.trips.clear()
        for column, one in enumerate(meaning.made):
            try:
                self.judge.check(meaning, one, made[:, column], leaves)
            except RefusalError as refusal:
                raise RefusalError(self._root(one, made[:, column], leaves) or str(refusal)) from None
        meaning.run, meaning.is_fresh = None, False  # its forms are made again where they are asked for

    def _root(self, made: Made, names: I64, leaves: I64) -> str:
        """Why something that a byte is made of is anything, in the first of some trips; empty where nothing is."""
        taken = leaves[kinds_of(names) > ANYTHING][:, list(made.leaves)].ravel().tolist()
        return next((reason for name in taken if (reason := self.learner.doubts.reason(name))), "")

    def _learn(self, at: int) -> _Trip:
        """Execute a run on forms, for this trip and, where that can be, those that were known before; then make it."""
        like = (one for one in self.passages.get(at, ()) if one.numbers(self.standing) is not None)
        older = next(like, None)
        before = self.meanings[id(older)][0].leaves if older is not None else ()
        learned = self.learner.learn(at, dict(self.standing), before)
        if older is not None and not learned.passage.is_like(older):
            learned = self.learner.learn(at, dict(self.standing), ())
        known = self.passages.setdefault(at, [])
        passage = next((one for one in known if learned.passage.is_like(one)), None)
        if passage is None:
            passage = learned.passage
            known.insert(0, passage)
            self.meanings[id(passage)] = []
        meaning = learned.meaning(passage)
        self.meanings[id(passage)].insert(0, meaning)
        numbers = passage.numbers(self.standing)
        if numbers is None or not self._try(passage, meaning, self._bases(passage, numbers)):
            raise RefusalError(f"loads of its own stores in the run at {at:#010x} what the prover cannot name")
        return passage, numbers, meaning
