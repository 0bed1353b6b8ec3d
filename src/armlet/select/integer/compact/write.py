"""Writes a layer for Cortex-M4 as counted loops over a table of its connections, two in a word.

    ldm    t!, {e}               two connections: distance, weight, distance, weight
    uxtab  x, p, e               where the first source lies
    uxtab  p, x, e, ror #16      and the second
    ldrb   x, [x]
    ldrb   y, [p]
    sxtb16 e, e, ror #8          both weights
    smlabb sum, x, e, sum
    smlabt sum, y, e, sum

The table begins each neuron with its bias and the trips of its loop: in one word where values are stored in the order
of their neurons, else in two, with the place of the value.
"""

from dataclasses import dataclass
from itertools import groupby, pairwise

from armlet.errors import CapacityError
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.closing import store_of
from armlet.select.integer.compact.table import CompactForm, class_of, holds_weights, scaling_of, table_words
from armlet.select.integer.constants import write_constant, write_sum
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.scaling import scaling_obstacle, write_value
from armlet.select.integer.writer import Writer

_TABLE, _SOURCE, _SUM, _TRIPS, _NEURONS, _PLACE = 1, 2, 3, 4, 5, 12  # registers
_WORDS = (6, 7, 12, 14)  # for words of the table; the third is _PLACE, where that is wanted
_VALUES = (8, 9, 10, 11)
_TOGETHER = 2  # words whose sources are loaded in one run
_SCALINGS = 16  # each has its own loop
_REACH = 1 << 12  # ARM DDI 0403, A7.7.46, LDRB T2
_LOADS = {(1, False): Does.LOAD_BYTE, (1, True): Does.LOAD_SIGNED_BYTE, (2, True): Does.LOAD_HALF}


def compact_obstacle(task: LayerTask) -> str:
    """Why bytes do not hold the weights, or each neuron needs code of its own; empty where all fits."""
    layer = task.layer
    if (task.source.bytes, task.source.low < 0) not in _LOADS:
        return f"no loop takes {task.source.name}"
    if not holds_weights(layer):
        return "its weights are beyond bytes"
    scalings = len({scaling_of(layer, neuron) for neuron in range(layer.neurons)})
    return f"its sums are scaled in {scalings} ways" if scalings > _SCALINGS else scaling_obstacle(task)


@dataclass(frozen=True, slots=True)
class _Class:
    """Neurons that one loop serves, in the order in which they are closed."""

    neurons: tuple[int, ...]
    rest: int  # words before the loop
    loops: bool
    high: bool  # whether their values are the high fields of words


def write_compact(form: CompactForm, writer: Writer, task: LayerTask) -> None:
    """All lines of the layer, and its table at the end of the pool."""
    writer.layer = task.number
    words = table_words(task.layer.weight, task.code.words[:, 0], task.source.bytes, form)
    classes = _classes(form, task, words)
    short = all(_first_place(task, one.neurons) is not None for one in classes) and _is_short(task, words, form)
    if form.words > _WORDS.index(_PLACE) and not short:
        raise CapacityError(f"layer {task.number}: {form.words} words a trip leave no register for places")
    writer.add(Does.ADDRESS, _TABLE)
    start = len(writer.pool)
    if start >= _REACH:
        write_constant(writer, _SOURCE, start)
        writer.add(Does.ADD_TO, _TABLE, _SOURCE)
    else:
        write_sum(writer, _TABLE, _TABLE, start)
    for neuron in (neuron for one in classes for neuron in one.neurons):
        _begin(writer, task, neuron, len(words[neuron]) // form.words, short)
        writer.fill_words(words[neuron])
    for one in classes:
        _write_class(writer, task, form, one, sum(len(words[n]) // form.words for n in one.neurons), short)


def _classes(form: CompactForm, task: LayerTask, words: list[list[int]]) -> list[_Class]:
    """Low fields first: their stores write whole words."""
    stored = [neuron for neuron in task.code.row.tolist() if neuron in task.stores]

    def key(neuron: int) -> tuple[int, ...]:
        return (int(task.stores[neuron].high), *class_of(form, task.layer, neuron, len(words[neuron])))

    found: list[_Class] = []
    for (high, *_, rest, loops), neurons in groupby(sorted(stored, key=key), key):
        found.append(_Class(tuple(neurons), rest, bool(loops), bool(high)))
    return found


def _first_place(task: LayerTask, neurons: tuple[int, ...]) -> int | None:
    """Where the value of the last of them lies, if they lie one after the other, the last first."""
    places = [task.stores[neuron].word for neuron in neurons]
    size = task.stored_bytes
    regular = all(one - two == size for one, two in pairwise(places))
    return places[-1] if regular and not task.stored_high else None


def _is_short(task: LayerTask, words: list[list[int]], form: CompactForm) -> bool:
    """Whether a word holds each bias and the trips."""
    small = int(task.bias.min()) >= -(1 << 23) and int(task.bias.max()) < 1 << 23
    return small and max(map(len, words)) // form.words < 256


def _begin(writer: Writer, task: LayerTask, neuron: int, trips: int, short: bool) -> None:
    bias = int(task.bias[neuron])
    writer.fill_words([bias << 8 | trips] if short else [bias, task.stores[neuron].word << 8 | trips])


def _write_class(writer: Writer, task: LayerTask, form: CompactForm, one: _Class, trips: int, short: bool) -> None:
    count = len(one.neurons)
    write_constant(writer, _NEURONS, count)
    writer.runs, top = count, writer.here
    rest = _WORDS[: one.rest]
    writer.load_list(_TABLE, (_SUM, *rest) if short else (_SUM, _TRIPS, *rest))
    if short and one.loops:
        writer.add(Does.UNSIGNED_BYTE, _TRIPS, _SUM)
    if short:
        writer.add(Does.RIGHT_SIGNED, _SUM, _SUM, by=8)
    else:
        writer.add(Does.ADD_RIGHT, _PLACE, writer.target.base, _TRIPS, 8)
        writer.add(Does.UNSIGNED_BYTE, _TRIPS, _TRIPS)
    write_sum(writer, _SOURCE, writer.target.base, int(task.words[0]))
    _connections(writer, task, rest)
    if one.loops:
        writer.runs, again = trips, writer.here
        writer.load_list(_TABLE, _WORDS[: form.words])
        _connections(writer, task, _WORDS[: form.words])
        writer.repeat(_TRIPS, again)
        writer.runs = count
    _close(writer, task, one, short)
    if count > 1:
        writer.repeat(_NEURONS, top)
    writer.runs = 1


def _connections(writer: Writer, task: LayerTask, words: tuple[int, ...]) -> None:
    """The connections of words in these registers."""
    load = _LOADS[task.source.bytes, task.source.low < 0]
    for first in range(0, len(words), _TOGETHER):
        some = words[first : first + _TOGETHER]
        places = (*_VALUES[: 2 * len(some) - 1], _SOURCE)
        for k, place in enumerate(places):
            before = places[k - 1] if k else _SOURCE
            if k % 2:
                writer.add(Does.ADD_BYTE, place, before, some[k // 2], 16)
            else:
                writer.add(Does.ADD_LOW_BYTE, place, before, some[k // 2])
        for place, value in zip(places, _VALUES):
            writer.add(load, value, place)
        for word in some:
            writer.add(Does.ODD_BYTES, word, word)
        for k, value in enumerate(_VALUES[: 2 * len(some)]):
            op = Does.MULTIPLY_LOW_HIGH if k % 2 else Does.MULTIPLY_LOW_LOW
            writer.add(op, _SUM, value, some[k // 2])


def _close(writer: Writer, task: LayerTask, one: _Class, short: bool) -> None:
    write_value(writer, task, one.neurons[0], _SUM, _WORDS)
    op, into = store_of(task, one.high)
    if not short:
        writer.add(op, _SUM, _PLACE, number=into)
        return
    size = task.stored_bytes
    last = _first_place(task, one.neurons)
    assert last is not None
    place = last - size  # and as many values on as there are neurons left
    writer.add(Does.ADD_LEFT, _WORDS[0], writer.target.base, _NEURONS, size.bit_length() - 1)
    if not 0 <= place < _REACH:
        write_constant(writer, _WORDS[1], place)
        writer.add(Does.ADD_TO, _WORDS[0], _WORDS[1])
        place = 0
    writer.add(op, _SUM, _WORDS[0], number=place)
