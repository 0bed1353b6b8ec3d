"""Writes a layer for Cortex-M4 by shifts and additions on words of two values, `field` bits apart.

With w = x + 2^f y, `acc + (w << k)` is acc + 2^k x as far as the lowest f bits go, and `acc + (w >> (f - k))` is
acc + 2^k y where x < 2^(f - k): one instruction multiplies, unpacks and adds. At the end the lowest f bits are the sum,
which its proven interval shows to fit.

With fields 24 bits apart a weight of n signed digits takes n instructions. With fields 16 bits apart there is room for
multiples of both values of a word: `w + (w << 1)` is 3 x + 2^16 3 y, so that a visit that wants 3 2^k more than once
makes the multiple once.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.pack.layer_code import WordOp
from armlet.select.integer.closing import close_neuron
from armlet.select.integer.constants import write_constant
from armlet.select.integer.digits import signed_digits
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.scaling import scaling_obstacle
from armlet.select.integer.writer import Writer

WIDE, NARROW = 24, 16  # bits from field to field
_WORD = 32
_SHARED = 0.6  # of the digits beyond the first are written, where multiples of {1, 3} 2^k are shared


@dataclass(frozen=True, slots=True)
class _Term:
    """One signed power of two of a weight: what one instruction adds."""

    field: int  # 0 low, 1 high
    exponent: int
    sign: int
    connection: tuple[int, int]  # source, neuron


@dataclass(slots=True)
class _Layer:
    """A layer while it is written."""

    writer: Writer
    task: LayerTask
    bits: int  # of a field
    top: int  # the greatest value in a field
    fresh: dict[int, int] = field(default_factory=dict)  # by register: the neuron whose bias it is still to get
    held: set[int] = field(default_factory=set)  # accumulators


def shift_add_obstacle(task: LayerTask, bits: int) -> str:
    """Why values or sums of the layer leave their fields, or shifts mix the words up; empty where they do not."""
    bounds, half = task.bounds, 1 << bits - 1
    low, high = bounds.sum_low + task.added, bounds.sum_high + task.added
    beyond = np.flatnonzero((low < -half) | (high >= half))
    least, top = int(bounds.taken_low.min()), int(bounds.taken_high.max())
    most = int(abs(task.layer.weight.astype(int)).max())
    if least < 0 or top >= 1 << _WORD - bits:
        return f"it takes values from {least} to {top}, which {_WORD - bits} bits without a sign do not hold"
    if len(beyond):
        neuron = int(beyond[0])
        return f"neuron {neuron} has sums from {int(low[neuron])} to {int(high[neuron])}, beyond fields of {bits} bits"
    if top * most >= 1 << bits:
        return f"a value of {top} times a weight of {most} is beyond fields of {bits} bits"
    return scaling_obstacle(task)


def digits_of(task: LayerTask, bits: int) -> float:
    """Instructions for the connections of a layer: signed digits, where a shared multiple spares a part of them."""
    weights, counts = np.unique(np.abs(task.layer.weight[task.layer.weight != 0].astype(int)), return_counts=True)
    each = [1 + (len(signed_digits(weight)) - 1) * (1.0 if bits == WIDE else _SHARED) for weight in weights.tolist()]
    return float(np.dot(each, counts))


def write_shift_add(writer: Writer, task: LayerTask, bits: int) -> None:
    """All lines of the layer, fields `bits` apart."""
    writer.layer = task.number
    layer = _Layer(writer, task, bits, int(task.bounds.taken_high.max(initial=0)))
    rows = task.code.rows.tolist()
    at = 0
    while at < len(rows):
        op, a, x, what = rows[at]
        at += 1
        match op:
            case WordOp.LOAD:
                writer.add(Does.LOAD, a, writer.target.base, number=int(task.words[what]))
            case WordOp.OPEN:
                layer.fresh[a] = what
                layer.held.add(a)
            case WordOp.ADD:
                visit = [(a, what)]
                while rows[at][0] in (WordOp.OPEN, WordOp.ADD) and (rows[at][0] == WordOp.OPEN or rows[at][2] == x):
                    if rows[at][0] == WordOp.OPEN:
                        layer.fresh[rows[at][1]] = rows[at][3]
                        layer.held.add(rows[at][1])
                    else:
                        visit.append((rows[at][1], rows[at][3]))
                    at += 1
                _visit(layer, x, visit)
            case _:
                _close(layer, a, what)


def _close(layer: _Layer, a: int, neuron: int) -> None:
    writer, task = layer.writer, layer.task
    if a in layer.fresh:
        write_constant(writer, a, int(task.bias[layer.fresh.pop(a)]), layer.bits)
    close_neuron(writer, task, neuron, a, layer.bits, layer.held)
    layer.held.remove(a)


def _visit(layer: _Layer, x: int, visit: list[tuple[int, int]]) -> None:
    """Everything that the word in x is loaded for, the multiple that pays most last: it takes the word's place."""
    terms: list[tuple[int, int, _Term]] = []  # accumulator, odd multiple, term
    multiple = _worth(layer, visit)
    for a, item in visit:
        neuron = int(layer.task.code.items[item, 0])
        for number, source, weight in layer.task.weights(item):
            odd = abs(weight) // (weight & -weight)
            made = odd if odd == multiple else 1
            for exponent, sign in signed_digits(weight // made):
                terms.append((a, made, _Term(number, exponent, sign, (source, neuron))))
    _add(layer, x, [(a, term) for a, made, term in terms if made == 1])
    if multiple > 1:
        (low, sign), (high, _) = signed_digits(multiple)
        assert low == 0, "an odd number ends in a digit"
        op = Does.ADD_LEFT if sign > 0 else Does.REVERSE_SUBTRACT_LEFT
        layer.writer.add(op, x, x, x, by=high)
        _add(layer, x, [(a, term) for a, made, term in terms if made > 1])


def _worth(layer: _Layer, visit: list[tuple[int, int]]) -> int:
    """The odd multiple of the word that saves most in a visit, 1 where none saves anything."""
    weights = [weight for _, item in visit for _, _, weight in layer.task.weights(item)]
    odd = Counter(abs(weight) // (weight & -weight) for weight in weights)
    best, saved = 1, 0
    for multiple, uses in sorted(odd.items()):
        gain = uses * (len(signed_digits(multiple)) - 1) - 1
        fits = len(signed_digits(multiple)) == 2 and multiple * layer.top < 1 << _WORD - layer.bits
        if fits and gain > saved:
            best, saved = multiple, gain
    return best


def _add(layer: _Layer, x: int, terms: list[tuple[int, _Term]]) -> None:
    """Add terms of one word to their accumulators; those that are fresh get their bias first, or with a term."""
    while terms:
        a = terms[0][0]
        mine = [term for other, term in terms if other == a]
        terms = [(other, term) for other, term in terms if other != a]
        if a in layer.fresh:
            mine = _begin(layer, int(layer.task.bias[layer.fresh.pop(a)]), a, x, mine)
        for term in mine:
            _shifted(layer, a, x, term)


def _begin(layer: _Layer, bias: int, a: int, x: int, terms: list[_Term]) -> list[_Term]:
    """The bias, with the first term where two instructions or one make both; gives the terms that are left."""
    writer = layer.writer
    plain = next((term for term in terms if (term.field, term.exponent, term.sign) == (0, 0, 1)), None)
    if plain is not None and 0 < abs(bias) < 1 << 12:
        op = Does.ADD_NUMBER if bias > 0 else Does.SUBTRACT_NUMBER
        writer.connect(op, a, x, 0, 0, plain.connection, number=abs(bias))
        return [term for term in terms if term is not plain]
    if not -(1 << 12) < bias <= 0:
        write_constant(writer, a, bias, layer.bits)
        return terms
    first = next((term for term in terms if term.sign > 0), terms[0])
    by = first.exponent if first.field == 0 else layer.bits - first.exponent
    if first.sign > 0:
        op = Does.MOVE if not by else Does.LEFT if first.field == 0 else Does.RIGHT
    else:  # not z = -z - 1
        op, bias = Does.NOT_LEFT if first.field == 0 else Does.NOT_RIGHT, bias + 1
    writer.connect(op, a, x, 0, by, first.connection)
    if bias:
        writer.add(Does.ADD_NUMBER if bias > 0 else Does.SUBTRACT_NUMBER, a, a, number=abs(bias))
    return [term for term in terms if term is not first]


def _shifted(layer: _Layer, a: int, x: int, term: _Term) -> None:
    connect, plus = layer.writer.connect, term.sign > 0
    by = term.exponent if term.field == 0 else layer.bits - term.exponent
    if term.field == 1:
        connect(Does.ADD_RIGHT if plus else Does.SUBTRACT_RIGHT, a, a, x, by, term.connection)
    elif by:
        connect(Does.ADD_LEFT if plus else Does.SUBTRACT_LEFT, a, a, x, by, term.connection)
    elif plus:
        connect(Does.ADD_TO, a, x, 0, 0, term.connection)
    else:
        connect(Does.SUBTRACT, a, a, x, 0, term.connection)
