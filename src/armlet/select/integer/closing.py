"""Ends a sum on Cortex-M4: takes it out of its field, scales it back, applies the activation, stores the value.

What a sum's proven interval makes needless is left out.
"""

from armlet.integer.network import SLOPE_BITS
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.network.activation import Activation
from armlet.select.integer.constants import is_modified, write_constant
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.writer import Writer

_STORES = {1: Does.STORE_BYTE, 2: Does.STORE_HALF, 4: Does.STORE}


def close_neuron(writer: Writer, task: LayerTask, neuron: int, a: int, base: int, field_bits: int, spare: int) -> None:
    """Make the value of `neuron` out of the sum in register a, which is overwritten; `spare` is free."""
    if field_bits < 32:
        writer.add(Does.SIGNED_FIELD, a, a, by=field_bits)
    if task.layer.requantisation is not None:
        _scale(writer, task, neuron, a, spare)
    _store(writer, task, neuron, a, base)


def _scale(writer: Writer, task: LayerTask, neuron: int, a: int, spare: int) -> None:
    layer, shift = task.layer, int(task.shift[neuron])
    low, high = int(layer.low[neuron]), int(layer.high[neuron])
    if layer.activation is Activation.LEAKY_RELU:
        _leak(writer, task, a, shift, spare)
        shift = 0
    _clamp(writer, a, shift, low, high, spare)


def _leak(writer: Writer, task: LayerTask, a: int, shift: int, spare: int) -> None:
    """a := max(v, v * slope >> 15) + zero, v the scaled sum without the zero point."""
    if shift:
        writer.add(Does.RIGHT_SIGNED, a, a, by=shift)
    if task.layer.zero:
        writer.add(Does.SUBTRACT_NUMBER, a, a, number=task.layer.zero)
    writer.add(Does.CONSTANT, spare, number=task.layer.slope)
    writer.add(Does.MULTIPLY, spare, spare, a)
    writer.add(Does.RIGHT_SIGNED, spare, spare, by=SLOPE_BITS)
    writer.add(Does.NEGATIVE, spare, spare)  # of the product the negative part, of v the other
    writer.add(Does.POSITIVE, a, a)
    writer.add(Does.ADD, a, a, spare)
    if task.layer.zero:
        writer.add(Does.ADD_NUMBER, a, a, number=task.layer.zero)


def _clamp(writer: Writer, a: int, shift: int, low: int, high: int, spare: int) -> None:
    """a := a >> shift between low and high."""
    bits = (high - low).bit_length()
    if low == 0 and high == (1 << bits) - 1:
        writer.add(Does.CLAMP if shift else Does.SATURATE, a, a, by=shift, number=bits)
        return
    if low == -(high + 1) and high == (1 << (bits - 1)) - 1:
        writer.add(Does.CLAMP_SIGNED if shift else Does.SATURATE_SIGNED, a, a, by=shift, number=bits)
        return
    if shift:
        writer.add(Does.RIGHT_SIGNED, a, a, by=shift)
    _less(writer, high, a, spare)  # high - a
    writer.add(Does.SATURATE, a, a, number=31)  # and not below 0
    _less(writer, high - low, a, spare)  # (high - low) - that
    writer.add(Does.SATURATE, a, a, number=31)
    if low > 0:
        writer.add(Does.ADD_NUMBER, a, a, number=low)
    elif low < 0:
        writer.add(Does.SUBTRACT_NUMBER, a, a, number=-low)


def _less(writer: Writer, number: int, a: int, spare: int) -> None:
    """a := number - a."""
    if is_modified(number):
        writer.add(Does.NUMBER_LESS, a, a, number=number)
        return
    write_constant(writer, spare, number)
    writer.add(Does.SUBTRACT, a, spare, a)


def _store(writer: Writer, task: LayerTask, neuron: int, a: int, base: int) -> None:
    place = task.stores.get(neuron)
    if place is None:
        return  # nobody reads it
    if task.is_last:
        writer.add(_STORES[task.layer.stored.bytes], a, base, number=place.word)
    elif not place.high:
        writer.add(Does.STORE, a, base, number=place.word)  # the whole word: the other field becomes zero
    else:
        op = Does.STORE_BYTE if task.stored_high == 24 else Does.STORE_HALF
        writer.add(op, a, base, number=place.word + task.stored_high // 8)
