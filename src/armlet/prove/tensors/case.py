"""What a run makes is what the network declares: the same function of the same values, in every trip.

A byte that is one function of one sum is compared in two steps. The function is compared once, on forms. That the sum
takes the values that the network says is compared for all trips, as names and weights. Constants on either side go into
one number that must be the same. Functions of few numbers are compared by all their values.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, permutations

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.forms.declared import stored_form
from armlet.integer.forms.largest import clamped, largest_of
from armlet.integer.forms.linear import Linear, Parts
from armlet.integer.interpret import added
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerLayer, IntegerPool
from armlet.isa.semantics import RefusalError
from armlet.network.layers import Reduction
from armlet.prove.tensors.byte_function import ByteFunction
from armlet.prove.tensors.contents import Kinds
from armlet.prove.tensors.declared import stored_of, stored_of_constants
from armlet.prove.tensors.names import UNNAMED, Taps, constants_of, is_constant
from armlet.prove.tensors.rows import NOTHING, differ, have_other_largest, rows, scaled
from armlet.prove.tensors.runs.given import evaluated, made_of_constants
from armlet.prove.tensors.runs.meaning import Forms, Made
from armlet.prove.tensors.values import Values

_FAR = 1 << 40


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A byte that is made, for one tensor."""

    values: Values
    kinds: Kinds
    forms: Forms
    made: Made
    value: int
    added: int  # what the byte has more

    def check(self, cells: I64, found: I64) -> None:
        """The values that it is in some trips (trips,), and those that it takes (trips, leaves).

        Raises `RefusalError`.
        """
        channels = self.values.channel(self.value, cells)
        for channel in np.unique(channels).tolist():
            own = channels == channel
            self._check_channel(channel, cells[own], found[own])

    def _check_channel(self, channel: int, cells: I64, found: I64) -> None:
        taps = self.values.taps(self.value, channel, cells)
        still = np.asarray(is_constant(found).all(axis=1) & taps.are_constant, np.bool_)
        if still.any():
            self._check_constants(channel, cells[still], found[still], taps.at(still))
            cells, found, taps = cells[~still], found[~still], taps.at(~still)
        if not len(cells):
            return
        match self.values.layer(self.value):
            case IntegerAdd():
                self._check_addition(cells, found, taps)
            case IntegerPool(reduction=Reduction.MAX):
                self._check_largest(cells, found, taps)
            case _:
                self._check_sum(channel, cells, found, taps)

    def _refused(self, cell: int, why: str) -> RefusalError:
        access, told = self.made.access, self.values.tell(self.value, cell)
        return RefusalError(f"{access.text} at {access.at:#010x} leaves another value: {told}: {why}")

    def _check_sum(self, channel: int, cells: I64, found: I64, taps: Taps) -> None:
        """Of a layer of weights, or an average."""
        if self.made.weights is None:
            raise self._refused(int(cells[0]), "it is no function of one sum")
        weights = np.array(self.made.weights, np.int64)
        fitted = scaled(weights, found, taps)
        if fitted is None:
            raise self._refused(int(cells[0]), self._told(weights, found, taps, 0))
        one, other = rows(found, fitted), rows(taps.names, taps.weights)
        wrong = differ(one, other)
        if wrong.any():
            row = int(wrong.argmax())
            raise self._refused(int(cells[row]), self._told(fitted, found, taps, row))
        layer = self.values.layer(self.value)
        constants = other[2] - one[2] + (0 if isinstance(layer, IntegerPool) else _bias(layer, channel))
        for row in np.unique(np.stack((constants, taps.count)), axis=1, return_index=True)[1].tolist():
            self._check_function(channel, int(cells[row]), int(constants[row]), int(taps.count[row]), fitted)

    def _check_constants(self, channel: int, cells: I64, found: I64, taps: Taps) -> None:
        """Where all that is taken is constant, so is what is made."""
        left = made_of_constants(self.forms, self.made, found)
        wanted = stored_of_constants(self.values.layer(self.value), channel, taps)
        byte = self.made.value // len(self.values.names) if self.made.value is not None else 0
        if byte != self.made.byte * (byte > 0) or ((left - (wanted + self.added >> 8 * byte)) % 256 != 0).any():
            raise self._refused(int(cells[0]), "it is another constant")

    def _told(self, weights: I64, found: I64, taps: Taps, row: int) -> str:
        """Which weight is another."""
        values = self.values
        wanted = dict(zip(taps.names[row].tolist(), taps.weights.tolist()))
        taken = dict[int, int]()
        for name, weight in zip(found[row].tolist(), weights.tolist()):
            taken[name] = taken.get(name, 0) + weight
        for name in sorted(wanted.keys() | taken.keys()):
            one, other = taken.get(name, 0), wanted.get(name, 0)
            if name == UNNAMED:
                return "its sum takes in what is no value of the network"
            if one != other and not is_constant(np.array(name)):
                takes = f"takes in {one} times" if one else "never takes in"
                return f"its sum {takes} {values.name(name)}" + (f", not {other} times" if other else "")
        return "its sum is another"

    def _check_function(self, channel: int, cell: int, constant: int, count: int, weights: I64) -> None:
        """The function of the sum, whose constant part is given."""
        layer, made = self.values.layer(self.value), self.made
        alike = 0 if isinstance(layer, IntegerPool) else channel
        key = (*self._told_apart(), alike, constant, count, *weights[:1].tolist())
        if key in made.checked:
            return
        run = self.forms.execution()
        offsets = [self.forms.leaves[k].offset or 0 for k in made.leaves]
        total = Linear(constant - int(weights @ np.array(offsets, np.int64)))
        for leaf, weight in zip(made.leaves, weights.tolist()):
            total = total.add(run.leaves.form(leaf).times(weight))
        body = layer.body if isinstance(layer, IntegerConv) else layer
        same = isinstance(body, IntegerDense) and self._is_form(body, channel, total)
        if not same and not self._is_same_function(layer, channel, total, count):
            raise self._refused(cell, "its bias, scaling or clamp is another, or its sum may leave its field")
        made.checked.add(key)

    def _told_apart(self) -> Iterator[int]:
        """What a comparison holds for: the tensor, which byte of its values, and what that and each leaf have more.

        Of a leaf that may come to be known after a first comparison.
        """
        assert self.made.value is not None
        offsets = (self.forms.leaves[k].offset for k in self.made.leaves)
        return chain((self.made.value, self.added), (_FAR if offset is None else offset for offset in offsets))

    def _is_form(self, body: IntegerDense, channel: int, total: Linear) -> bool:
        words = self.forms.execution().terms
        place = self.values.tell(self.value, channel)
        wanted = stored_form(body, channel, total, words.unknowns, place)
        stored = self.forms.execution().stores[self.made.number]
        form, whole = stored.bytes[self.made.byte], stored.word
        if body.requantisation is None:
            return words.same(whole, words.word(wanted)) and self.made.value == self.value + self.made.byte * len(
                self.values.names
            )
        return words.same(form, words.word(words.unknowns.residue(wanted.plus(self.added), 8, False)))

    def _is_same_function(self, layer: IntegerLayer, channel: int, total: Linear, count: int) -> bool:
        """Whether the byte is the declared one for all that the sum may be."""
        run, made = self.forms.execution(), self.made
        if made.weights is None or made.value != self.value:
            return False
        bias = 0 if isinstance(layer, IntegerPool) else _bias(layer, channel)
        byte = run.terms.form(run.stores[made.number].bytes[made.byte])
        function = ByteFunction(run.terms.unknowns, run.leaves.numbers, byte, total)

        def wanted(sums: I64) -> I64:
            return stored_of(layer, channel, sums - bias, np.array(count)) + self.added

        return function.is_everywhere(wanted, _never_falls(layer))

    def _check_addition(self, cells: I64, found: I64, taps: Taps) -> None:
        """Of two tensors: for all that both may be, where one is constant for each of its constants."""
        names = np.concatenate((found, taps.names), axis=1)
        constants = np.where(is_constant(names), names, NOTHING)
        groups = np.unique(constants, axis=0, return_inverse=True)[1].ravel()
        for group in range(int(groups.max()) + 1):
            own = groups == group
            self._check_alike_additions(cells[own], found[own], taps.at(own))

    def _check_alike_additions(self, cells: I64, found: I64, taps: Taps) -> None:
        """Of what is constant in the same places, and the same there."""
        leaves = range(len(self.made.leaves))
        pairs = [*permutations((*leaves, -1), 2), *((k, k) for k in leaves)] if len(leaves) <= 2 else []
        for pair in pairs:
            taken = [self._taken(each, taps.names[:, k], found) for k, each in enumerate(pair)]
            if {*leaves} <= {*pair} and taken[0] and taken[1]:
                self._check_pair(int(cells[0]), taken[0], taken[1])
                return
        raise self._refused(int(cells[0]), "it is no function of the two values that are added")

    def _taken(self, column: int, wanted: I64, found: I64) -> tuple[int, int | None, int] | None:
        """A leaf as what is added: which, its number where that is one, and what it has more, or the constant it is.

        -1 is no leaf, but a constant. None where it is something else.
        """
        is_one = bool(is_constant(wanted).all() and (wanted == wanted[0]).all())
        constant = int(constants_of(wanted[:1])[0])
        if column < 0:
            return (-1, 0, constant) if is_one else None
        names, leaf = found[:, column], self.forms.leaves[self.made.leaves[column]]
        if leaf.offset is not None:
            return (column, None, leaf.offset) if (names == wanted).all() else None
        is_one = is_one and bool(is_constant(names).all() and (names == names[0]).all())
        return (column, int(constants_of(names[:1])[0]), constant) if is_one else None

    def _check_pair(self, cell: int, *pair: tuple[int, int | None, int]) -> None:
        layer, made, run = self.values.layer(self.value), self.made, self.forms.execution()
        assert isinstance(layer, IntegerAdd)
        key = (*self._told_apart(), *(_FAR if n is None else n for each in pair for n in each))
        if key in made.checked:
            return
        grid, numbers, taken = np.indices((256, 256)), dict[int, I64](), list[I64]()
        unknowns = {leaf: unknown for unknown, leaf in run.leaves.numbers.items()}
        for column, number, more in pair:
            if number is not None:
                numbers[unknowns[made.leaves[column]] if column >= 0 else -1] = np.full((256, 256), number)
                taken.append(np.full((256, 256), more))
                continue
            every = grid[column] + self.forms.leaves[made.leaves[column]].interval[0]
            numbers[unknowns[made.leaves[column]]] = every
            taken.append(every - more)

        def given(parts: Parts) -> I64:
            return np.asarray(sum(c * numbers[v] for v, c in parts.items()), np.int64)

        left = evaluated(self.forms, self.made, given)
        if not ((left - added(layer, *taken) - self.added) % 256 == 0).all():
            raise self._refused(cell, "its scaling or clamp is another")
        made.checked.add(key)

    def _check_largest(self, cells: I64, found: I64, taps: Taps) -> None:
        """Of a window."""
        layer, least = self.values.layer(self.value), self.kinds.ends[self.values.sources(self.value)[0]][0]
        assert isinstance(layer, IntegerPool)
        key = (*self._told_apart(),)
        if key not in self.made.shifts:
            shifts = self._shifts(layer)
            if shifts is None:
                raise self._refused(int(cells[0]), "it is not the largest of its window, or the clamp is another")
            self.made.shifts[key] = shifts
        found = np.where(is_constant(found), found + self.made.shifts[key], found)
        wrong = have_other_largest(found, np.where(taps.inside, taps.names, NOTHING), least)
        if wrong.any():
            raise self._refused(int(cells[int(wrong.argmax())]), "it is not the largest of its window")

    def _shifts(self, layer: IntegerPool) -> I64 | None:
        """What constants in each leaf have more, where the byte is the largest of all, clamped as the layer says.

        A constant may be in a leaf of which it is not known what it has more than a value: that is what others have.
        """
        run = self.forms.execution()
        form = run.terms.unknowns.reduced(run.terms.form(run.stores[self.made.number].bytes[self.made.byte]), 8)
        form = Linear(form.constant, {v: c - 256 if c > 127 else c for v, c in form.parts.items()})
        inside, low, high, constant = clamped(run.terms.unknowns, form)
        parts = largest_of(run.terms.unknowns, inside, run.leaves.numbers)
        if parts is None or parts.keys() != {*self.made.leaves}:
            return None
        offsets = {k: self.forms.leaves[k].offset for k in self.made.leaves}
        more = {parts[k] + offset for k, offset in offsets.items() if offset is not None}
        if len(more) != 1 or (min(more) + constant - self.added) % 256:
            return None
        least, most = self.kinds.ends[self.values.sources(self.value)[0]]
        ends = tuple(min(max(end, least), most) for end in (low - min(more), high - min(more)))
        if ends != tuple(min(max(end, least), most) for end in (layer.low, layer.high)):
            return None
        return np.array([0 if offsets[k] is not None else parts[k] - min(more) for k in self.made.leaves])


def _never_falls(layer: object) -> bool:
    """Whether what a layer stores is known not to fall as its sums rise: a table may do anything."""
    body = layer.body if isinstance(layer, IntegerConv) else layer
    return not isinstance(body, IntegerDense) or body.table is None


def _bias(layer: object, channel: int) -> int:
    body = layer.body if isinstance(layer, IntegerConv) else layer
    assert isinstance(body, IntegerDense)
    return int(body.bias[channel])
