"""Writes a layer for Cortex-M0+ as counted loops over a table of its connections, two in a word.

    ldm    t!, {e, f, g}         six connections: distance, weight, weight's place and distance by turns
    uxtb   x, e                  where the first source lies
    ldrb   x, [p, x]
    lsls   w, e, #16
    asrs   w, w, #24             its weight
    muls   x, w
    add    sum, x
    lsls   w, e, #8
    lsrs   w, w, #24             where the second source lies
    ldrb   x, [p, w]
    asrs   e, e, #24             and its weight
    muls   x, e
    add    sum, x

Distances are from p, which moves with the last connection of a trip. What is wanted once a neuron stays in high
registers: they only add and move. Symbols of a code book, which has one table of distances and one of weights, take

    ldrb   w, [t, #k]
    ldrb   d, [distances, w]
    ldrb   x, [p, d]
    add    p, d
    ldrsb  w, [weights, w]
    muls   x, w
    add    sum, x
"""

from dataclasses import dataclass

from armlet.errors import CapacityError
from armlet.integer.requantise import Multiplier
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.closing import store_of
from armlet.select.integer.compact.classes import NeuronClass, classes_of, fill_coded, header_of, is_short, last_place
from armlet.select.integer.compact.m0plus_value import ValueOf, start_of, value_of, write_value
from armlet.select.integer.compact.symbols import book_obstacle, coded_words
from armlet.select.integer.compact.table import CompactForm, common_obstacle, table_words
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.m0plus.constants import write_constant
from armlet.select.integer.program import bytes_of, lines_of
from armlet.select.integer.scaling import scaling_obstacle
from armlet.select.integer.writer import Writer

_VALUE, _TABLE, _SOURCE, _TRIPS, _WEIGHT = 0, 1, 2, 3, 4  # low registers; 0 is the base before and after
_WORDS = (5, 6, 7)  # for words of the table; or
_DISTANCES, _WEIGHTS, _DISTANCE = 5, 6, 7  # the code book, and what is taken out of it
_WORD = 4
_BASE, _FIRST, _SUM, _NEURONS, _PLACE = 8, 9, 10, 11, 12  # high ones
_REACH = 252  # bytes that a short branch goes back: ARM DDI 0419, A6.7.10, B T1
_LOADS = {(1, False): Does.LOAD_BYTE_AT, (1, True): Does.LOAD_SIGNED_BYTE_AT, (2, True): Does.LOAD_HALF_AT}


def m0plus_compact_obstacle(task: LayerTask) -> str:
    """Why bytes do not hold the weights, or the core cannot make the values; empty where all fits."""
    if task.layer.table is not None:
        return f"no loop of this core takes tables, which {task.layer.activation.value} wants"
    if isinstance(task.layer.requantisation, Multiplier):
        return "no loop of this core takes multipliers: scale sums by shifts"
    return common_obstacle(task) or scaling_obstacle(task)


def m0plus_coded_obstacle(task: LayerTask) -> str:
    """As `m0plus_compact_obstacle`, or why symbols of a byte do not hold the connections."""
    return m0plus_compact_obstacle(task) or book_obstacle(task.layer.weight, task.source.bytes)


def write_m0plus_coded(form: CompactForm, writer: Writer, task: LayerTask) -> None:
    """All lines of the layer, its code book and its table at the end of the pool."""
    writer.layer = task.number
    entries, words = coded_words(task.layer.weight[:, task.code.words[:, 0]], task.source.bytes, form.words)
    distances, weights = (bytes(each[k] & 0xFF for each in entries) for k in range(2))
    classes, value = classes_of(form, task, words), value_of(task)
    placed = any(last_place(task, one.neurons) is None for one in classes)
    _begin(writer, task, (_DISTANCES, writer.table(distances)), (_WEIGHTS, writer.table(weights)))
    fill_coded(form, writer, task, classes, words, start_of(task, value).tolist(), placed)
    for one in classes:
        trips = sum(len(words[neuron]) // form.words for neuron in one.neurons)
        _Loop(form, writer, task, one, trips, not placed, value).write()
    writer.add(Does.MOVE, writer.target.base, _BASE)


def write_m0plus_compact(form: CompactForm, writer: Writer, task: LayerTask) -> None:
    """All lines of the layer, and its table at the end of the pool."""
    writer.layer = task.number
    words = table_words(task.layer.weight, task.code.words[:, 0], task.source.bytes, form)
    classes, value = classes_of(form, task, words), value_of(task)
    bias = start_of(task, value)
    short = is_short(form, task, words, classes, bias)
    _begin(writer, task)
    for neuron in (neuron for one in classes for neuron in one.neurons):
        trips = len(words[neuron]) // form.words
        writer.fill_words(header_of(int(bias[neuron]), trips, task.stores[neuron].word, short))
        writer.fill_words(words[neuron])
    for one in classes:
        trips = sum(len(words[neuron]) // form.words for neuron in one.neurons)
        _Loop(form, writer, task, one, trips, short, value).write()
    writer.add(Does.MOVE, writer.target.base, _BASE)


def _begin(writer: Writer, task: LayerTask, *books: tuple[int, int]) -> None:
    """The registers that hold all through the layer: those of `books` to offsets in the pool, TABLE to its end."""
    base = writer.target.base
    if writer.base_at:
        write_constant(writer, _WEIGHT, writer.base_at)
        writer.add(Does.SUBTRACT, base, base, _WEIGHT)
        writer.base_at = 0
    writer.add(Does.ADDRESS, _TABLE)
    for register, offset in (*books, (_TABLE, len(writer.pool))):
        if offset:
            write_constant(writer, _WEIGHT, offset)
            writer.add(Does.ADD, register, _TABLE, _WEIGHT)
        elif register != _TABLE:
            writer.add(Does.MOVE, register, _TABLE)
    writer.add(Does.MOVE, _BASE, base)
    _address(writer, _FIRST, int(task.words[0]))


def _address(writer: Writer, d: int, offset: int) -> None:
    """d := the address so many bytes into the block."""
    if not offset:
        writer.add(Does.MOVE, d, _BASE)
        return
    write_constant(writer, _WEIGHT, offset)
    writer.add(Does.ADD_TO, _WEIGHT, _BASE)
    if d != _WEIGHT:
        writer.add(Does.MOVE, d, _WEIGHT)


@dataclass(frozen=True, slots=True)
class _Loop:
    """The loop over the neurons of a class, each with a loop over its connections, `trips` in all."""

    form: CompactForm
    writer: Writer
    task: LayerTask
    one: NeuronClass
    trips: int
    short: bool
    value: ValueOf

    def write(self) -> None:
        """All lines."""
        writer, one = self.writer, self.one
        count, size = len(one.neurons), self.task.stored_bytes
        if count > 1:
            if self.short:  # as many values on as there are neurons left
                _address(writer, _PLACE, self._last - size)
            write_constant(writer, _TRIPS, count)
        writer.runs, top = count, writer.here
        if count > 1:
            writer.add(Does.MOVE, _NEURONS, _TRIPS)
        self._head()
        self._connections(_WORDS[: one.rest])
        if one.loops:
            writer.runs, again = self.trips, writer.here
            if self.form.coded:
                self._symbols()
            else:
                self._list(_WORDS[: self.form.words])
                self._connections(_WORDS[: self.form.words])
            _repeat(writer, again)
            writer.runs = count
        self._close()
        if count > 1:
            _repeat(writer, top)
        writer.runs = 1

    @property
    def _last(self) -> int:
        place = last_place(self.task, self.one.neurons)
        assert place is not None
        return place

    def _head(self) -> None:
        """What the table has before a neuron's connections, and the words that have no trip."""
        add, rest = self.writer.add, _WORDS[: self.one.rest]
        one = self.short or self.form.coded
        self._list((_VALUE, *rest) if one else (_VALUE, _TRIPS, *rest))
        if one:
            if self.one.loops:
                add(Does.UNSIGNED_BYTE, _TRIPS, _VALUE)
            add(Does.RIGHT_SIGNED, _VALUE, _VALUE, by=8)
        else:
            add(Does.RIGHT, _WEIGHT, _TRIPS, by=8)
            self._place()
            if self.one.loops:
                add(Does.UNSIGNED_BYTE, _TRIPS, _TRIPS)
        add(Does.MOVE, _SUM, _VALUE)
        add(Does.MOVE, _SOURCE, _FIRST)

    def _place(self) -> None:
        self.writer.add(Does.ADD_TO, _WEIGHT, _BASE)
        self.writer.add(Does.MOVE, _PLACE, _WEIGHT)

    def _list(self, registers: tuple[int, ...]) -> None:
        if registers:
            self.writer.load_multiple(_TABLE, registers)

    def _connections(self, words: tuple[int, ...]) -> None:
        """The connections of words in these registers."""
        add, load = self.writer.add, _LOADS[self.task.source.bytes, self.task.source.low < 0]
        for k, word in enumerate(words):
            add(Does.UNSIGNED_BYTE, _VALUE, word)
            add(load, _VALUE, _SOURCE, _VALUE)
            add(Does.LEFT, _WEIGHT, word, by=16)
            add(Does.RIGHT_SIGNED, _WEIGHT, _WEIGHT, by=24)
            add(Does.MULTIPLY_TO, _VALUE, _WEIGHT)
            add(Does.ADD_TO, _SUM, _VALUE)
            add(Does.LEFT, _WEIGHT, word, by=8)
            add(Does.RIGHT, _WEIGHT, _WEIGHT, by=24)
            add(load, _VALUE, _SOURCE, _WEIGHT)
            if self.form.together == 1 or k == len(words) - 1:
                add(Does.ADD_TO, _SOURCE, _WEIGHT)
            add(Does.RIGHT_SIGNED, word, word, by=24)
            add(Does.MULTIPLY_TO, _VALUE, word)
            add(Does.ADD_TO, _SUM, _VALUE)

    def _symbols(self) -> None:
        """The symbols of a trip."""
        add, load = self.writer.add, _LOADS[self.task.source.bytes, self.task.source.low < 0]
        for k in range(_WORD * self.form.words):
            add(Does.LOAD_BYTE, _WEIGHT, _TABLE, number=k)
            add(Does.LOAD_BYTE_AT, _DISTANCE, _DISTANCES, _WEIGHT)
            add(load, _VALUE, _SOURCE, _DISTANCE)
            add(Does.ADD_TO, _SOURCE, _DISTANCE)
            add(Does.LOAD_SIGNED_BYTE_AT, _WEIGHT, _WEIGHTS, _WEIGHT)
            add(Does.MULTIPLY_TO, _VALUE, _WEIGHT)
            add(Does.ADD_TO, _SUM, _VALUE)
        add(Does.ADD_SMALL, _TABLE, number=_WORD * self.form.words)

    def _close(self) -> None:
        writer, size, count = self.writer, self.task.stored_bytes, len(self.one.neurons)
        if self.form.coded and not self.short:
            self._list((_WEIGHT,))
            self._place()
        writer.add(Does.MOVE, _VALUE, _SUM)
        write_value(writer, self.value, self.one.neurons[0], _VALUE, (_WEIGHT, _DISTANCE))
        op, into = store_of(self.task, self.one.high)
        if count > 1:
            writer.add(Does.MOVE, _TRIPS, _NEURONS)
        if not self.short:
            writer.add(Does.MOVE, _WEIGHT, _PLACE)
        elif count == 1:
            _address(writer, _WEIGHT, self._last)
        else:
            if size > 1:
                writer.add(Does.LEFT, _WEIGHT, _TRIPS, by=size.bit_length() - 1)
            else:
                writer.add(Does.MOVE, _WEIGHT, _TRIPS)
            writer.add(Does.ADD_TO, _WEIGHT, _PLACE)
        writer.add(op, _VALUE, _WEIGHT, number=into)


def _repeat(writer: Writer, first: int) -> None:
    """Count down and go back, where the branch reaches."""
    writer.repeat(_TRIPS, first)
    target: IntegerTarget = writer.target
    if bytes_of(target, lines_of(writer.rows[first:])) > _REACH:
        raise CapacityError(f"layer {writer.layer}: a loop is longer than a short branch reaches")
