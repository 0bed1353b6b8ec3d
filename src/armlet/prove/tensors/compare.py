"""What runs make is what the network declares, in all trips: found by names, function by function."""

from dataclasses import dataclass

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.layers import body_of
from armlet.isa.semantics import RefusalError
from armlet.prove.tensors.case import Case
from armlet.prove.tensors.contents import ANYTHING, Kinds, cells_of, kinds_of
from armlet.prove.tensors.names import UNNAMED, constant_name
from armlet.prove.tensors.runs.answer import Answer
from armlet.prove.tensors.runs.meaning import Forms, Made, sum_of
from armlet.prove.tensors.values import Values


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Compares what runs make with what the network declares."""

    values: Values
    kinds: Kinds

    def check(self, forms: Forms, made: Made, names: I64, leaves: I64) -> None:
        """Names of what is made in some trips (trips,), and of all leaves (trips, leaves). Raises `RefusalError`."""
        if made.value is None:
            return
        value = made.value % self.tensors
        if value == self.values.answer:
            self.answer.check(forms, made, names, leaves)
            return
        if value == 0:
            raise RefusalError(f"{made.access.text} at {made.access.at:#010x} makes an input")
        self._widen(forms, made, value)
        kinds = kinds_of(names)
        for number in np.unique(kinds[kinds > ANYTHING]).tolist():
            own, kind = kinds == number, self.kinds.kind(number)
            assert kind is not None
            case = Case(self.values, self.kinds, forms, made, value, kind.added)
            case.check(cells_of(names[own]), self.taken(forms, made, leaves[own]))

    def _widen(self, forms: Forms, made: Made, value: int) -> None:
        """A byte of a sum that is stored as it is: its weights are those of the whole word."""
        body = body_of(self.values.layer(value))
        if body is not None and body.requantisation is None and not made.is_wide:
            run = forms.execution()
            word = run.terms.value(run.stores[made.number].word, True)
            (made.leaves, made.weights), made.is_wide = sum_of(run, word), True

    @property
    def answer(self) -> Answer:
        """The judge of which output is the largest."""
        return Answer(self.values, self.kinds)

    @property
    def tensors(self) -> int:
        """How many tensors there are; beyond them are the further bytes of wide values."""
        return len(self.values.names)

    def taken(self, forms: Forms, made: Made, leaves: I64) -> I64:
        """(trips, leaves of the byte) the values in loaded bytes, without what those have more."""
        found = np.full((len(leaves), len(made.leaves)), UNNAMED, np.int64)
        for column, number in enumerate(made.leaves):
            leaf, names = forms.leaves[number], leaves[:, number]
            kinds = kinds_of(names)
            for kind in np.unique(kinds).tolist():
                rows, known = kinds == kind, self.kinds.kind(kind)
                if kind < ANYTHING:
                    found[rows, column] = constant_name(leaf.number(kind) - (leaf.offset or 0))
                elif known is not None and known.value < self.tensors and (leaf.signed, leaf.offset) in known.readings:
                    found[rows, column] = self.values.names[known.value][cells_of(names[rows])]
        return found
