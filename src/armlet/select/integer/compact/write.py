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

from armlet.errors import CapacityError
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.closing import store_of
from armlet.select.integer.compact.classes import NeuronClass, classes_of, header_of, is_short, last_place
from armlet.select.integer.compact.table import CompactForm, common_obstacle, table_words
from armlet.select.integer.constants import write_constant, write_sum
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.scaling import scaling_obstacle, write_value
from armlet.select.integer.writer import Writer

TABLE, SOURCE, SUM, TRIPS, NEURONS, PLACE = 1, 2, 3, 4, 5, 12  # registers
_WORDS = (6, 7, 12, 14)  # for words of the table; the third is PLACE, where that is wanted
_VALUES = (8, 9, 10, 11)
_TOGETHER = 2  # words whose sources are loaded in one run
_REACH = 1 << 12  # ARM DDI 0403, A7.7.46, LDRB T2
LOADS = {(1, False): Does.LOAD_BYTE, (1, True): Does.LOAD_SIGNED_BYTE, (2, True): Does.LOAD_HALF}


def compact_obstacle(task: LayerTask) -> str:
    """Why bytes do not hold the weights, or each neuron needs code of its own; empty where all fits."""
    return common_obstacle(task) or scaling_obstacle(task)


def write_compact(form: CompactForm, writer: Writer, task: LayerTask) -> None:
    """All lines of the layer, and its table at the end of the pool."""
    writer.layer = task.number
    words = table_words(task.layer.weight, task.code.words[:, 0], task.source.bytes, form)
    classes = classes_of(form, task, words)
    short = is_short(form, task, words, classes, task.bias)
    if form.words > _WORDS.index(PLACE) and not short:
        raise CapacityError(f"layer {task.number}: {form.words} words a trip leave no register for places")
    write_offset(writer, TABLE, len(writer.pool))
    for neuron in (neuron for one in classes for neuron in one.neurons):
        trips = len(words[neuron]) // form.words
        writer.fill_words(header_of(int(task.bias[neuron]), trips, task.stores[neuron].word, short))
        writer.fill_words(words[neuron])
    for one in classes:
        _write_class(writer, task, form, one, sum(len(words[n]) // form.words for n in one.neurons), short)


def write_offset(writer: Writer, register: int, offset: int) -> None:
    """A register to where something lies in the pool."""
    writer.add(Does.ADDRESS, register)
    if offset >= _REACH:
        write_constant(writer, SOURCE, offset)
        writer.add(Does.ADD_TO, register, SOURCE)
    else:
        write_sum(writer, register, register, offset)


def _write_class(writer: Writer, task: LayerTask, form: CompactForm, one: NeuronClass, trips: int, short: bool) -> None:
    count = len(one.neurons)
    write_constant(writer, NEURONS, count)
    writer.runs, top = count, writer.here
    rest = _WORDS[: one.rest]
    writer.load_list(TABLE, (SUM, *rest) if short else (SUM, TRIPS, *rest))
    if short and one.loops:
        writer.add(Does.UNSIGNED_BYTE, TRIPS, SUM)
    if short:
        writer.add(Does.RIGHT_SIGNED, SUM, SUM, by=8)
    else:
        writer.add(Does.ADD_RIGHT, PLACE, writer.target.base, TRIPS, 8)
        writer.add(Does.UNSIGNED_BYTE, TRIPS, TRIPS)
    write_sum(writer, SOURCE, writer.target.base, int(task.words[0]))
    _connections(writer, task, rest)
    if one.loops:
        writer.runs, again = trips, writer.here
        writer.load_list(TABLE, _WORDS[: form.words])
        _connections(writer, task, _WORDS[: form.words])
        writer.repeat(TRIPS, again)
        writer.runs = count
    close_class(writer, task, one, short)
    if count > 1:
        writer.repeat(NEURONS, top)
    writer.runs = 1


def _connections(writer: Writer, task: LayerTask, words: tuple[int, ...]) -> None:
    """The connections of words in these registers."""
    load = LOADS[task.source.bytes, task.source.low < 0]
    for first in range(0, len(words), _TOGETHER):
        some = words[first : first + _TOGETHER]
        places = (*_VALUES[: 2 * len(some) - 1], SOURCE)
        for k, place in enumerate(places):
            before = places[k - 1] if k else SOURCE
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
            writer.add(op, SUM, value, some[k // 2])


def close_class(writer: Writer, task: LayerTask, one: NeuronClass, short: bool) -> None:
    """Make the value of the sum, and store it by the order of the class, or else where PLACE points."""
    write_value(writer, task, one.neurons[0], SUM, _WORDS)
    op, into = store_of(task, one.high)
    if not short:
        writer.add(op, SUM, PLACE, number=into)
        return
    size = task.stored_bytes
    last = last_place(task, one.neurons)
    assert last is not None
    place = last - size  # and as many values on as there are neurons left
    writer.add(Does.ADD_LEFT, _WORDS[0], writer.target.base, NEURONS, size.bit_length() - 1)
    if not 0 <= place < _REACH:
        write_constant(writer, _WORDS[1], place)
        writer.add(Does.ADD_TO, _WORDS[0], _WORDS[1])
        place = 0
    writer.add(op, SUM, _WORDS[0], number=place)
