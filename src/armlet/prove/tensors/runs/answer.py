"""Which output is the largest, as a run leaves it: the run once more, on whole outputs in place of bytes.

An output is loaded as a byte or as a word of four. In one trip the names of these say which output it is: that is one
unknown, between the ends of that output for all inputs. What the run stores is then the form of the number of the
largest that the network declares, ties and all, or it is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.forms.declared import declared_results
from armlet.integer.forms.linear import Linear
from armlet.integer.forms.unknowns import Unknowns
from armlet.isa.semantics import RefusalError
from armlet.prove.tensors.contents import ANYTHING, Kinds, kinds_of, taken_apart
from armlet.prove.tensors.runs.execution import Execution
from armlet.prove.tensors.runs.follow import follow
from armlet.prove.tensors.runs.ground import InexactError, Stored
from armlet.prove.tensors.runs.meaning import Forms, Made
from armlet.prove.tensors.values import Values

_MOST = 64  # sets of names that one store of an answer is executed for


class _StoredError(Exception):
    """The store that is asked for was made."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The number of the largest output, in bytes."""

    values: Values
    kinds: Kinds

    def check(self, forms: Forms, made: Made, names: I64, leaves: I64) -> None:
        """Names of what is made in some trips (trips,), and of all leaves (trips, leaves). Raises `RefusalError`."""
        for number in np.unique(kinds_of(names)).tolist():
            kind = self.kinds.kind(number)
            if kind is None:
                continue
            for row in np.unique(leaves[kinds_of(names) == number], axis=0).tolist():
                key = (self.values.answer, kind.value, kind.added, *row)
                if key not in made.checked:
                    if len(made.checked) >= _MOST:
                        raise RefusalError(f"{made.access.text} at {made.access.at:#010x} has too many kinds of trips")
                    self._check(forms.execution(), made, (kind.value, kind.added), row)
                    made.checked.add(key)

    def _check(self, run: Execution, made: Made, byte: tuple[int, int], names: Sequence[int]) -> None:
        """One trip; `byte` is which one of the number it is said to be, and what it has more."""
        again = self._repeated(run, made.number, names)
        words, outputs = again.terms, range(self.values.network.outputs)
        forms = [self._output(words.unknowns, cell) for cell in outputs]
        (number,) = declared_results(self.values.network, forms, words.unknowns)
        wanted = words.right(words.word(number.plus(byte[1])), 8 * (byte[0] // len(self.values.names)), False)
        if not words.same(again.stores[made.number].bytes[made.byte], words.field(wanted, 8, False)):
            told = f"{made.access.text} at {made.access.at:#010x} leaves another value"
            raise RefusalError(f"{told}: the number of the largest output: another one is left, or it is not shown")

    def _repeated(self, run: Execution, number: int, names: Sequence[int]) -> Execution:
        """The run up to one of its stores, on bytes of these names."""
        left = iter(names)

        def stored(again: Execution, _: Stored) -> None:
            if len(again.stores) > number:
                raise _StoredError

        again = Execution(run.ground, run.standing, run.exact, (), lambda _: next(left), stored)
        again.leaves.whole = self._whole
        try:
            follow(again, run.start)
        except _StoredError:
            return again
        except InexactError:
            pass
        raise RefusalError(f"{run.text} at {run.at:#010x} is beyond the prover")

    def _whole(self, unknowns: Unknowns, names: Sequence[int], signed: bool) -> Linear | None:
        """What loaded bytes are together: a constant or an output; None for others."""
        kinds = [taken_apart(name)[0] for name in names]
        if all(kind < ANYTHING for kind in kinds):
            return Linear(int.from_bytes(bytes(kinds), "little", signed=signed))
        root, tensors = self.values.sources(self.values.answer)[0], len(self.values.names)
        size = self.values.format(root).bytes
        known = [(kind, taken_apart(name)[1]) for name in names if (kind := self.kinds.kind(taken_apart(name)[0]))]
        if len(names) != size or not known:
            return None
        more, cell = known[0][0].added if size == 1 else 0, known[0][1]
        if not all(self.is_byte(name, root + k * tensors, cell, more) for k, name in enumerate(names)):
            return None
        return unknowns.residue(self._output(unknowns, cell).plus(more), 8 * size, signed or size > 1)

    def _output(self, unknowns: Unknowns, cell: int) -> Linear:
        """An output, for all that it may be."""
        low, high = self.values.ends_of(self.values.sources(self.values.answer)[0], cell)
        return Linear(low) if low == high else Linear(0, {unknowns.given("output", cell, (low, high)): 1})

    def is_byte(self, name: int, value: int, cell: int, more: int) -> bool:
        """Whether a name is that of a byte of a value and something more, or of the constant that this always is."""
        number, left = taken_apart(name)
        known, (byte, tensor) = self.kinds.kind(number), divmod(value, len(self.values.names))
        if known is not None:
            return (known.value, left, known.added) == (value, cell, more)
        low, high = (end + more >> 8 * byte for end in self.values.ends_of(tensor, cell))
        return low == high and number == low & 0xFF
