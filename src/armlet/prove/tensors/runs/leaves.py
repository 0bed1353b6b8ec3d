"""The bytes that a run loads, each an unknown number."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from armlet.integer.forms.linear import Linear
from armlet.integer.forms.unknowns import Unknowns
from armlet.prove.tensors.contents import Kinds, Leaf, taken_apart
from armlet.prove.tensors.runs.ground import ApartError


@dataclass(slots=True, eq=False)
class Leaves:
    """All of them, in the order in which they are loaded first."""

    unknowns: Unknowns
    kinds: Kinds
    before: tuple[Leaf, ...]  # what they are known to be from other trips
    all: list[Leaf] = field(default_factory=list)
    names: list[int] = field(default_factory=list)  # what each is in this trip
    numbers: dict[int, int] = field(default_factory=dict)  # by the number of its unknown
    loads: list[tuple[int, int, int]] = field(default_factory=list)  # phase, symbol and offset of each
    known: dict[tuple[int, int, int], int] = field(default_factory=dict)
    whole: Callable[[Unknowns, Sequence[int], bool], Linear | None] | None = None  # what bytes of names are together

    def load(self, at: tuple[int, int, int], name: int, signed: bool, inner: bool) -> Linear:
        """A byte that is loaded, as a form; one that is loaded again is the same, unless something was stored.

        Raises `ApartError` where it is in this trip what it cannot be together with those before.
        """
        if at not in self.known:
            number, (kind, _) = len(self.all), taken_apart(name)
            known = self.before[number] if self.before else self.kinds.first(kind, signed, inner)
            leaf = self.kinds.joined(known, kind, signed)
            if leaf is None:
                raise ApartError
            self.known[at] = number
            self.loads.append(at)
            self.names.append(name)
            self.all.append(leaf)
            if leaf.constant is None:
                self.numbers[self.unknowns.given("leaf", number, leaf.interval)] = number
        return self.form(self.known[at])

    def together(self, at: tuple[int, int, int], size: int, signed: bool) -> Linear | None:
        """What so many bytes that were loaded are together, where more is known of them than of each; else None."""
        if self.whole is None:
            return None
        phase, symbol, offset = at
        names = [self.names[self.known[phase, symbol, offset + k]] for k in range(size)]
        return self.whole(self.unknowns, names, signed)

    def form(self, number: int) -> Linear:
        """A leaf as a form."""
        leaf = self.all[number]
        if leaf.constant is not None:
            return Linear(leaf.constant)
        return Linear(0, {self.unknowns.given("leaf", number, leaf.interval): 1})
