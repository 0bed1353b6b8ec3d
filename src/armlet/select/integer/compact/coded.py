"""Writes a layer of few weights as counted loops over bytes, each a symbol of a code book.

On Cortex-M4 the book has a word for each symbol, and four of them are decoded together:

    ldrb   e, [t, #k]            the symbol
    ldr    e, [book, e, lsl #2]  its weight in the upper half, its distance in the lowest byte
    uxtab  x, p, e               where the source lies
    ldrb   x, [x]
    smlabt sum, x, e, sum

The table begins each neuron with its bias and the trips of its loop in one word, and ends it with the place of the
value where values are not stored in the order of their neurons.
"""

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.compact.classes import NeuronClass, classes_of, fill_coded, last_place
from armlet.select.integer.compact.symbols import book_obstacle, coded_words
from armlet.select.integer.compact.table import CompactForm, common_obstacle
from armlet.select.integer.compact.write import (
    LOADS,
    NEURONS,
    PLACE,
    SOURCE,
    SUM,
    TABLE,
    TRIPS,
    close_class,
    write_offset,
)
from armlet.select.integer.constants import write_constant, write_sum
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.scaling import scaling_obstacle
from armlet.select.integer.writer import Writer

_BOOK = 14  # registers
_SYMBOLS = (6, 7, 8, 9)
_VALUES = (10, 11, 12)
_WORD = 4


def coded_obstacle(task: LayerTask) -> str:
    """Why symbols of a byte do not hold the connections, or each neuron needs code of its own; empty if all fits."""
    return common_obstacle(task) or book_obstacle(task.layer.weight, task.source.bytes) or scaling_obstacle(task)


def write_coded(form: CompactForm, writer: Writer, task: LayerTask) -> None:
    """All lines of the layer, its code book and its table at the end of the pool."""
    writer.layer = task.number
    entries, words = coded_words(task.layer.weight[:, task.code.words[:, 0]], task.source.bytes, form.words)
    book = b"".join((distance | (weight & 0xFFFF) << 16).to_bytes(4, "little") for distance, weight in entries)
    classes = classes_of(form, task, words)
    placed = any(last_place(task, one.neurons) is None for one in classes)
    for register, at in ((_BOOK, writer.table(book)), (TABLE, len(writer.pool))):
        write_offset(writer, register, at)
    fill_coded(form, writer, task, classes, words, task.bias.tolist(), placed)
    for one in classes:
        _write_class(form, writer, task, one, sum(len(words[n]) // form.words for n in one.neurons), placed)


def _write_class(
    form: CompactForm, writer: Writer, task: LayerTask, one: NeuronClass, trips: int, placed: bool
) -> None:
    count = len(one.neurons)
    write_constant(writer, NEURONS, count)
    writer.runs, top = count, writer.here
    writer.load_list(TABLE, (SUM,))
    writer.add(Does.UNSIGNED_BYTE, TRIPS, SUM)
    writer.add(Does.RIGHT_SIGNED, SUM, SUM, by=8)
    write_sum(writer, SOURCE, writer.target.base, int(task.words[0]))
    writer.runs, again = trips, writer.here
    for word in range(form.words):
        _four(writer, task, _WORD * word, _WORD * form.words if word == form.words - 1 else 0)
    writer.repeat(TRIPS, again)
    writer.runs = count
    if placed:
        writer.load_list(TABLE, (PLACE,))
        writer.add(Does.ADD, PLACE, PLACE, writer.target.base)
    close_class(writer, task, one, not placed)
    if count > 1:
        writer.repeat(NEURONS, top)
    writer.runs = 1


def _four(writer: Writer, task: LayerTask, offset: int, moves: int) -> None:
    """Four symbols from where the table is, which then moves."""
    load, add = LOADS[task.source.bytes, task.source.low < 0], writer.add
    for k, symbol in enumerate(_SYMBOLS):
        add(Does.LOAD_BYTE, symbol, TABLE, number=offset + k)
    for symbol in _SYMBOLS:
        add(Does.LOAD_ENTRY, symbol, _BOOK, symbol)
    if moves:
        add(Does.ADD_SMALL, TABLE, number=moves)
    places = (*_VALUES, SOURCE)
    for before, place, symbol in zip((SOURCE, *_VALUES), places, _SYMBOLS):
        add(Does.ADD_LOW_BYTE, place, before, symbol)
    for value in _VALUES:
        add(load, value, value)
    add(Does.MULTIPLY_LOW_HIGH, SUM, _VALUES[0], _SYMBOLS[0])
    add(load, _VALUES[0], SOURCE)  # there is no register for a fourth
    for value, symbol in zip((*_VALUES[1:], _VALUES[0]), _SYMBOLS[1:]):
        add(Does.MULTIPLY_LOW_HIGH, SUM, value, symbol)
