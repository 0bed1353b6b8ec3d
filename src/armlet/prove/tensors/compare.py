"""What a run makes is what the network declares: the same function of the same values, in every trip.

A byte that is one function of one sum is compared in two steps. The function is compared once, on forms. That the sum
takes the values that the network says is compared for all trips, as names and weights. Constants on either side go into
one number that must be the same. Functions of few numbers are compared by all their values.
"""

from dataclasses import dataclass
from itertools import permutations
from math import gcd

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.forms.declared import stored_form
from armlet.integer.forms.evaluate import evaluate
from armlet.integer.forms.linear import Linear, Parts
from armlet.integer.interpret import added, average, store
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerDense, IntegerPool
from armlet.isa.semantics import RefusalError
from armlet.network.layers import Reduction
from armlet.prove.tensors.contents import ANYTHING, Kinds, cells_of, kinds_of
from armlet.prove.tensors.largest import largest_of
from armlet.prove.tensors.meaning import Forms, Made
from armlet.prove.tensors.values import UNNAMED, Taps, Values, constant_name, constants_of, is_constant, one_neuron

_NONE = np.iinfo(np.int64).max
_FEW = 1 << 20  # numbers for all of which a function is worked out


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Compares what runs make with what the network declares."""

    values: Values
    kinds: Kinds

    def check(self, forms: Forms, made: Made, names: I64, leaves: I64) -> None:
        """Names of what is made in some trips (trips,), and of all leaves (trips, leaves). Raises `RefusalError`."""
        is_value = kinds_of(names) > ANYTHING
        names, leaves = names[is_value], leaves[is_value]
        if not len(names) or made.value is None:
            return
        kind = self.kinds.kind(int(kinds_of(names)[0]))
        assert kind is not None
        found = self.names_of(forms, made, leaves)
        value, cells = made.value % self.tensors, cells_of(names)
        if value == 0:
            raise self.refusal(made, value, int(cells[0]), "it is not made, but given")
        case = _Case(self, forms, made, value, kind.added)
        match self.values.layer(value):
            case IntegerAdd():
                case.check_addition(cells, found)
                return
            case IntegerPool(reduction=Reduction.MAX):
                check = case.check_largest
            case _:
                check = case.check_weighted
        channels = self.values.channel(value, cells)
        for channel in np.unique(channels).tolist():
            check(channel, cells[channels == channel], found[channels == channel])

    @property
    def tensors(self) -> int:
        """How many tensors there are; beyond them are the further bytes of wide values."""
        return len(self.values.names)

    def names_of(self, forms: Forms, made: Made, leaves: I64) -> I64:
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

    def refusal(self, made: Made, value: int, cell: int, why: str) -> RefusalError:
        """What is wrong with a store."""
        access = made.access
        return RefusalError(f"{access.text} at {access.at:#010x} leaves another value: {self.tell(value, cell)}: {why}")

    def tell(self, value: int, cell: int) -> str:
        """A value in words."""
        return self.values.tell(value, cell)


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """A byte that is made, for one tensor."""

    judge: Judge
    forms: Forms
    made: Made
    value: int
    added: int  # what the byte has more

    def refuse(self, cell: int, why: str) -> RefusalError:
        return self.judge.refusal(self.made, self.value, cell, why)

    def check_weighted(self, channel: int, cells: I64, found: I64) -> None:
        """Of a layer of weights, or an average."""
        taps, made = self.judge.values.taps(self.value, channel, cells), self.made
        if made.weights is None:
            raise self.refuse(int(cells[0]), "it is no function of one sum")
        weights = np.array(made.weights, np.int64)
        still = is_constant(found).all(axis=1) & is_constant(taps.names).all(axis=1)
        if still.any():
            self._check_constants(channel, cells[still], found[still], taps.at(still))
            cells, found, taps = cells[~still], found[~still], taps.at(~still)
        if not len(cells):
            return
        scaled = _scaled(weights, found, taps)
        if scaled is None:
            raise self.refuse(int(cells[0]), self._told(weights, found, taps, 0))
        one, other = _rows(found, scaled), _rows(taps.names, taps.weights)
        wrong = _differ(one, other)
        if wrong.any():
            row = int(wrong.argmax())
            raise self.refuse(int(cells[row]), self._told(scaled, found, taps, row))
        layer = self.judge.values.layer(self.value)
        constants = other[2] - one[2] + (0 if isinstance(layer, IntegerPool) else _bias(layer, channel))
        for row in np.unique(np.stack((constants, taps.count)), axis=1, return_index=True)[1].tolist():
            self._check_function(channel, int(cells[row]), int(constants[row]), int(taps.count[row]), scaled)

    def _check_constants(self, channel: int, cells: I64, found: I64, taps: Taps) -> None:
        """Where all that is taken is constant, so is what is made."""
        run, unknowns = (
            self.forms.execution(),
            {leaf: unknown for unknown, leaf in self.forms.execution().unknowns.items()},
        )
        numbers = {
            unknowns[leaf]: constants_of(found[:, k]) + (self.forms.leaves[leaf].offset or 0)
            for k, leaf in enumerate(self.made.leaves)
        }

        def given(parts: Parts) -> I64:
            return np.asarray(sum(c * numbers[v] for v, c in parts.items()), np.int64)

        form = run.stores[self.made.number].bytes[self.made.byte]
        left = evaluate(run.terms.unknowns, run.terms.form(form), run.unknowns, given)
        wanted = self._declared(channel, constants_of(taps.names) @ taps.weights, taps.count)
        byte = self.made.value // self.judge.tensors if self.made.value is not None else 0
        if byte != self.made.byte * (byte > 0) or ((left - (wanted + self.added >> 8 * byte)) % 256 != 0).any():
            raise self.refuse(int(cells[0]), "it is another constant")

    def _declared(self, channel: int, sums: I64, count: I64) -> I64:
        """What is stored for sums of what is taken."""
        layer = self.judge.values.layer(self.value)
        if isinstance(layer, IntegerPool):
            return np.clip(average(sums, count), layer.low, layer.high)
        body = layer.body if isinstance(layer, IntegerConv) else layer
        assert isinstance(body, IntegerDense)
        return store(one_neuron(body, channel), (sums + body.bias[channel])[:, None])[:, 0]

    def _told(self, weights: I64, found: I64, taps: Taps, row: int) -> str:
        """Which weight is another."""
        values = self.judge.values
        wanted = dict(zip(taps.names[row].tolist(), taps.weights.tolist()))
        taken = dict[int, int]()
        for name, weight in zip(found[row].tolist(), weights.tolist()):
            taken[name] = taken.get(name, 0) + weight
        for name in sorted(wanted.keys() | taken.keys()):
            one, other = taken.get(name, 0), wanted.get(name, 0)
            if one != other and not is_constant(np.array(name)):
                takes = f"takes in {one} times" if one else "never takes in"
                return f"its sum {takes} {values.name(name)}" + (f", not {other} times" if other else "")
        return "its sum is another"

    def _check_function(self, channel: int, cell: int, constant: int, count: int, weights: I64) -> None:
        """The function of the sum, whose constant part is given."""
        layer, made = self.judge.values.layer(self.value), self.made
        key = (channel, constant, count, *weights[:1].tolist(), self.value, self.added)
        if isinstance(layer, IntegerPool):
            key = (0, *key[1:])
        if key in made.checked:
            return
        run, offsets = self.forms.execution(), [self.forms.leaves[k].offset or 0 for k in made.leaves]
        total = Linear(constant - int(weights @ np.array(offsets, np.int64)))
        for leaf, weight in zip(made.leaves, weights.tolist()):
            total = total.add(run.form_of(leaf).times(weight))
        body = layer.body if isinstance(layer, IntegerConv) else layer
        same = isinstance(body, IntegerDense) and self._is_form(body, channel, total)
        if not same and not self._is_same_function(layer, channel, total, count):
            raise self.refuse(cell, "its bias, scaling or clamp is another, or its sum may leave its field")
        made.checked.add(key)

    def _is_form(self, body: IntegerDense, channel: int, total: Linear) -> bool:
        words = self.forms.execution().terms
        place = self.judge.tell(self.value, channel)
        wanted = stored_form(body, channel, total, words.unknowns, place)
        stored = self.forms.execution().stores[self.made.number]
        form, whole = stored.bytes[self.made.byte], stored.word
        if body.requantisation is None:
            return (
                words.same(whole, words.word(wanted))
                and self.made.value == self.value + self.made.byte * self.judge.tensors
            )
        return words.same(form, words.word(words.unknowns.residue(wanted.plus(self.added), 8, False)))

    def _is_same_function(self, layer: object, channel: int, total: Linear, count: int) -> bool:
        """Whether the byte is the declared one for all that the sum may be."""
        run, made = self.forms.execution(), self.made
        unknowns, leaves = run.terms.unknowns, run.unknowns
        low, high = unknowns.interval(total)
        if high - low > _FEW or made.weights is None or made.value != self.value:
            return False
        common = gcd(*total.parts.values())
        sums = np.arange(low, high + 1, common)
        first = next(iter(total.parts))

        def given(parts: Parts) -> I64:
            return (sums - total.constant) // common * (parts[first] * common // total.parts[first])

        form = run.stores[made.number].bytes[made.byte]
        left = evaluate(unknowns, run.terms.form(form), leaves, given)
        bias = 0 if isinstance(layer, IntegerPool) else _bias(layer, channel)
        wanted = self._declared(channel, sums - bias, np.array(count))
        return bool(((left - wanted - self.added) % 256 == 0).all())

    def check_addition(self, cells: I64, found: I64) -> None:
        """Of two tensors."""
        names = self.judge.values.taps(self.value, 0, cells).names
        leaves = range(len(self.made.leaves))
        for pair in [*permutations((*leaves, -1), 2), *((k, k) for k in leaves)]:
            if set(leaves) <= set(pair) and all(_holds(names[:, k], found, column) for k, column in enumerate(pair)):
                self._check_addition(int(cells[0]), pair, names)
                return
        wrong = "it is no function of the two values that are added"
        raise self.refuse(int(cells[0]), wrong)

    def _check_addition(self, cell: int, pair: tuple[int, ...], names: I64) -> None:
        """For all values of both; a column of -1 is a constant."""
        layer, made, run = self.judge.values.layer(self.value), self.made, self.forms.execution()
        assert isinstance(layer, IntegerAdd)
        constants = tuple(int(constants_of(names[:1, k])[0]) if column < 0 else 0 for k, column in enumerate(pair))
        if (key := (*pair, *constants, self.value, self.added)) in made.checked:
            return
        grid = np.indices((256, 256))
        numbers, taken = dict[int, I64](), list[I64]()
        unknowns = {leaf: unknown for unknown, leaf in run.unknowns.items()}
        for k, column in enumerate(pair):
            if column < 0:
                taken.append(np.full((256, 256), constants[k]))
                continue
            leaf = self.forms.leaves[made.leaves[column]]
            numbers[unknowns[made.leaves[column]]] = number = grid[column] + leaf.interval[0]
            taken.append(number - (leaf.offset or 0))

        def given(parts: Parts) -> I64:
            return np.asarray(sum(c * numbers[v] for v, c in parts.items()), np.int64)

        form = run.stores[made.number].bytes[made.byte]
        left = evaluate(run.terms.unknowns, run.terms.form(form), run.unknowns, given)
        if not ((left - added(layer, *taken) - self.added) % 256 == 0).all():
            raise self.refuse(cell, "its scaling or clamp is another")
        made.checked.add(key)

    def check_largest(self, channel: int, cells: I64, found: I64) -> None:
        """Of a window."""
        layer, run = self.judge.values.layer(self.value), self.forms.execution()
        assert isinstance(layer, IntegerPool)
        taps = self.judge.values.taps(self.value, channel, cells)
        inside = ~(is_constant(taps.names))
        names = np.where(inside, taps.names, _NONE)
        wrong = (np.sort(names, axis=1)[:, : found.shape[1]] != np.sort(found, axis=1)).any(axis=1)
        wrong |= inside.sum(axis=1) != found.shape[1]
        if wrong.any():
            raise self.refuse(int(cells[int(wrong.argmax())]), "it is not the largest of its window")
        if self.made.checked:
            return
        form = run.terms.unknowns.reduced(run.terms.form(run.stores[self.made.number].bytes[self.made.byte]), 8)
        form = Linear(form.constant, {v: c - 256 if c > 127 else c for v, c in form.parts.items()})
        parts = largest_of(run.terms.unknowns, form, run.unknowns)
        more = {offset + (self.forms.leaves[leaf].offset or 0) for leaf, offset in (parts or {}).items()}
        low, high = self.judge.kinds.ends[self.value]
        limits = layer.low > low or layer.high < high
        if (
            parts is None
            or parts.keys() != {*self.made.leaves}
            or len(more) != 1
            or (min(more) - self.added) % 256
            or limits
        ):
            raise self.refuse(int(cells[0]), "it is not the largest of its window, or the clamp is another")
        self.made.checked.add(())


def _bias(layer: object, channel: int) -> int:
    body = layer.body if isinstance(layer, IntegerConv) else layer
    assert isinstance(body, IntegerDense)
    return int(body.bias[channel])


def _holds(wanted: I64, found: I64, column: int) -> bool:
    """Whether a column of names is the wanted one, or that is one constant."""
    if column >= 0:
        return bool((found[:, column] == wanted).all())
    return bool(is_constant(wanted).all() and (wanted == wanted[0]).all())


def _rows(names: I64, weights: I64) -> tuple[I64, I64, I64]:
    """Sorted names of values and their weights, row by row, and the sum of all constants."""
    known = is_constant(names)
    keyed = np.where(known, _NONE, names)
    order = np.argsort(keyed, axis=1)
    shared = np.where(known, 0, np.broadcast_to(weights, names.shape))
    sums = (constants_of(names) * weights).sum(axis=1)
    return np.take_along_axis(keyed, order, 1), np.take_along_axis(shared, order, 1), sums


def _differ(one: tuple[I64, I64, I64], other: tuple[I64, I64, I64]) -> np.ndarray:
    """Which rows are not alike."""
    width = max(one[0].shape[1], other[0].shape[1])
    found = np.zeros(len(one[0]), np.bool_)
    for k, filled in ((0, _NONE), (1, 0)):
        wide = [
            np.pad(each[k], ((0, 0), (0, width - each[k].shape[1])), constant_values=filled) for each in (one, other)
        ]
        found |= (wide[0] != wide[1]).any(axis=1)
    return found


def _widened(rows: I64, width: int, filled: int) -> I64:
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1])), constant_values=filled)


def _scaled(weights: I64, found: I64, taps: Taps) -> I64 | None:
    """The weights of a sum that is known but for a factor, so that they are those of the taps in the fullest trip."""
    known = is_constant(found)
    row = int((~known).sum(axis=1).argmax())
    mine, theirs = weights[~known[row]], taps.weights[~is_constant(taps.names[row])]
    if not len(mine) or not len(theirs):
        return weights
    one, other = int(np.gcd.reduce(mine)), int(np.gcd.reduce(theirs))
    if not one or (weights * other % one).any():
        return None
    scaled = weights * other // one
    at = slice(row, row + 1)
    for sign in (1, -1):
        if not _differ(_rows(found[at], sign * scaled), _rows(taps.names[at], taps.weights)).any():
            return sign * scaled
    return scaled
