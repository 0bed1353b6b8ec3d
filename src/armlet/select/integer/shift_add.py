"""Writes a layer for Cortex-M4 by shifts and additions on words of two bytes, 24 bits apart.

With w = x + 2^24 y, x and y below 2^8, `acc + (w << k)` is acc + 2^k x as far as the lowest 24 bits go, and
`acc + (w >> (24 - k))` is acc + 2^k y, since x < 2^(24 - k): one instruction multiplies, unpacks and adds. At the end
the lowest 24 bits are the sum, which its proven interval shows to fit.
"""

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.pack.layer_code import WordOp
from armlet.select.integer.closing import close_neuron
from armlet.select.integer.constants import write_constant
from armlet.select.integer.digits import signed_digits
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.writer import Writer

FIELD = 24  # bits of a sum
_LARGEST = 8  # bits of a value


def fits_shift_add(task: LayerTask) -> bool:
    """Whether values and sums of the layer fit their fields, and shifts leave the words apart."""
    bounds = task.bounds
    added = task.layer.zero << task.shift
    sums = bool((bounds.sum_low >= -(1 << FIELD - 1)).all() and (bounds.sum_high + added < 1 << FIELD - 1).all())
    values = bool((bounds.taken_low >= 0).all() and (bounds.taken_high < 1 << _LARGEST).all())
    return sums and values and int(abs(task.layer.weight.astype(int)).max()) < 1 << FIELD - _LARGEST


def write_shift_add(writer: Writer, task: LayerTask) -> None:
    """All lines of the layer."""
    base, writer.layer = writer.target.base, task.number
    fresh: dict[int, int] = {}  # by register: the neuron whose bias it is still to get
    held: set[int] = set()  # accumulators
    for op, a, x, what in task.code.rows.tolist():
        match op:
            case WordOp.LOAD:
                writer.add(Does.LOAD, a, base, number=int(task.words[what]))
            case WordOp.OPEN:
                fresh[a] = what
                held.add(a)
            case WordOp.ADD:
                _add(writer, task, fresh, a, x, what)
            case _:
                if a in fresh:
                    write_constant(writer, a, int(task.bias[fresh.pop(a)]), FIELD)
                spare = next(register for register in writer.target.free if register not in held)
                close_neuron(writer, task, what, a, base, FIELD, spare)
                held.remove(a)


def _add(writer: Writer, task: LayerTask, fresh: dict[int, int], a: int, x: int, item: int) -> None:
    neuron = int(task.code.items[item, 0])
    terms = [
        (field, exponent, sign, (source, neuron))
        for field, source, weight in task.weights(item)
        for exponent, sign in signed_digits(weight)
    ]
    if a in fresh:
        terms = _begin(writer, int(task.bias[fresh.pop(a)]), a, x, terms)
    for field, exponent, sign, connection in terms:
        _shifted(writer, sign, a, x, field, exponent, connection)


def _begin(
    writer: Writer, bias: int, a: int, x: int, terms: list[tuple[int, int, int, tuple[int, int]]]
) -> list[tuple[int, int, int, tuple[int, int]]]:
    """The bias, with the first term where one instruction makes both; gives the terms that are left."""
    plain = next((term for term in terms if term[:3] == (0, 0, 1)), None)
    if plain is not None and 0 < abs(bias) < 1 << 12:
        op = Does.ADD_NUMBER if bias > 0 else Does.SUBTRACT_NUMBER
        writer.connect(op, a, x, 0, 0, plain[3], number=abs(bias))
        return [term for term in terms if term is not plain]
    positive = next((term for term in terms if term[2] > 0), None)
    if positive is not None and abs(bias) < 1 << 12 and not bias > 0:
        field, exponent, _, connection = positive
        op, by = (Does.LEFT, exponent) if field == 0 else (Does.RIGHT, FIELD - exponent)
        writer.connect(op if by else Does.MOVE, a, x, 0, by, connection)
        if bias:
            writer.add(Does.SUBTRACT_NUMBER, a, a, number=-bias)
        return [term for term in terms if term is not positive]
    if -(1 << 12) < bias < 0:
        field, exponent, _, connection = terms[0]  # not z = -z - 1
        op, by = (Does.NOT_LEFT, exponent) if field == 0 else (Does.NOT_RIGHT, FIELD - exponent)
        writer.connect(op, a, x, 0, by, connection)
        if bias + 1:
            writer.add(Does.SUBTRACT_NUMBER, a, a, number=-bias - 1)
        return terms[1:]
    write_constant(writer, a, bias, FIELD)
    return terms


def _shifted(writer: Writer, sign: int, a: int, x: int, field: int, exponent: int, connection: tuple[int, int]) -> None:
    by = exponent if field == 0 else FIELD - exponent
    if field == 1:
        writer.connect(Does.ADD_RIGHT if sign > 0 else Does.SUBTRACT_RIGHT, a, a, x, by, connection)
    elif by:
        writer.connect(Does.ADD_LEFT if sign > 0 else Does.SUBTRACT_LEFT, a, a, x, by, connection)
    elif sign > 0:
        writer.connect(Does.ADD_TO, a, x, 0, 0, connection)
    else:
        writer.connect(Does.SUBTRACT, a, a, x, 0, connection)
