"""From a sum to the value that is stored, on Cortex-M4: scaled back, activated, clamped.

What proven intervals make needless is left out. The multiplier of TensorFlow Lite takes SMMULR: the upper half of
2 (2 sum m), rounded, is (sum m + 2^30) >> 31, as long as 2 sum fits 32 bits. Rounded once, and by a multiplier below a
half, it takes SMMUL: what the upper half of sum m loses decides nothing once half of the last place is added to it.
"""

import numpy as np

from armlet.integer.formats import INT32
from armlet.integer.layers import SLOPE_BITS
from armlet.integer.requantise import Multiplier
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.network.activation import Activation
from armlet.select.integer.constants import is_modified, write_constant
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.writer import Writer

_IMMEDIATE = 1 << 12  # ADDW and SUBW hold less
_LOADS = {(1, False): Does.LOAD_BYTE, (1, True): Does.LOAD_SIGNED_BYTE, (2, True): Does.LOAD_HALF}


def scaling_obstacle(task: LayerTask) -> str:
    """Why scaling back or the activation may leave 32 bits on the way; empty where they do not."""
    largest = np.maximum(abs(task.bounds.sum_low), abs(task.bounds.sum_high))
    by = task.layer.requantisation
    if isinstance(by, Multiplier):
        up = np.maximum(by.exponent, 0)
        largest = np.where(by.once & (by.exponent < 0), 0, largest)
        neuron = int(np.argmax(largest << up))
        if largest[neuron] << up[neuron] >= 1 << 30:
            times = f", times 2^{int(up[neuron])} by its multiplier's exponent" if up[neuron] else ""
            return f"neuron {neuron} has sums as large as {int(largest[neuron])}{times}: a multiplier takes 30 bits"
    slope, neuron = int(task.layer.slope), int(np.argmin(task.scaled_low))
    least = int(task.scaled_low[neuron])
    if slope and least * slope < INT32.low:
        return f"the slope {slope} times {least}, the least value of neuron {neuron}, is beyond 32 bits"
    return ""


def write_value(writer: Writer, task: LayerTask, neuron: int, a: int, spare: tuple[int, ...]) -> None:
    """Make of the sum in register a what `neuron` stores; at least two registers are `spare`."""
    shift, zero = int(task.shift[neuron]), 0 if task.folds_zero else task.layer.zero
    if isinstance(task.layer.requantisation, Multiplier):
        shift, zero = _multiply(writer, task, neuron, a, spare[0])
    low, high = int(task.layer.low[neuron]), int(task.layer.high[neuron])
    match task.layer.activation:
        case Activation.SIGMOID | Activation.TANH:
            _look_up(writer, task, neuron, a, shift, spare[0])
            return
        case Activation.LEAKY_RELU:
            _leak(writer, task, a, shift, spare)
            shift = 0
        case _ if zero:
            if shift:
                writer.add(Does.RIGHT_SIGNED, a, a, by=shift)
            _plus(writer, a, zero, spare[0])
            shift = 0
        case _:
            pass
    _clamp(writer, a, shift, low, high, spare[0])


def _multiply(writer: Writer, task: LayerTask, neuron: int, a: int, spare: int) -> tuple[int, int]:
    """a := what is left to shift down, with half a unit in it; gives by how many bits, and what is then to be added."""
    by = task.layer.requantisation
    assert isinstance(by, Multiplier)
    exponent = int(by.exponent[neuron])
    once = by.once and exponent < 0
    if not once:
        writer.add(Does.LEFT, a, a, by=max(exponent, 0) + 1)
    write_constant(writer, spare, int(by.multiplier[neuron]))
    writer.add(Does.MULTIPLY_UPPER if once and exponent < -1 else Does.MULTIPLY_HIGH, a, a, spare)
    down, zero = max(-exponent - once, 0), task.layer.zero if task.clamps_alone else 0
    if down and not once:
        writer.add(Does.ADD_SIGN, a, a)
    folds = abs(zero) << down < 1 << 29
    half = 1 << down - 1 if down else 0
    _plus(writer, a, half + (zero << down if folds else 0), spare)
    return down, 0 if folds else zero


def _leak(writer: Writer, task: LayerTask, a: int, shift: int, spare: tuple[int, ...]) -> None:
    """a := the positive part of v, and its negative part times the slope, and the zero point; v is a >> shift."""
    if shift:
        writer.add(Does.RIGHT_SIGNED, a, a, by=shift)
    below, slope = spare[:2]
    writer.add(Does.NEGATIVE, below, a)
    write_constant(writer, slope, task.layer.slope)
    writer.add(Does.MULTIPLY, below, below, slope)
    writer.add(Does.POSITIVE, a, a)
    writer.add(Does.RIGHT_SIGNED, below, below, by=SLOPE_BITS)
    writer.add(Does.ADD, a, a, below)
    _plus(writer, a, task.layer.zero, below)


def _look_up(writer: Writer, task: LayerTask, neuron: int, a: int, shift: int, spare: int) -> None:
    """a := the table's entry of a >> shift, between -128 and 127; the table holds values as they are stored."""
    layer = task.layer
    assert layer.table is not None
    size, signed = layer.stored.bytes, layer.stored.low < 0
    entries = np.clip(layer.table, layer.low[neuron], layer.high[neuron]).astype(layer.stored.dtype)
    at = writer.table(entries.tobytes())
    writer.add(Does.CLAMP_SIGNED if shift else Does.SATURATE_SIGNED, a, a, by=shift, number=8)
    writer.add(Does.ADDRESS, spare)
    writer.advance(spare, at + 128 * size)
    writer.add(Does.ADD_LEFT, spare, spare, a, by=size - 1)
    writer.add(_LOADS[size, signed], a, spare)


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
    _plus(writer, a, low, spare)


def _less(writer: Writer, number: int, a: int, spare: int) -> None:
    """a := number - a."""
    if is_modified(number):
        writer.add(Does.NUMBER_LESS, a, a, number=number)
        return
    write_constant(writer, spare, number)
    writer.add(Does.SUBTRACT, a, spare, a)


def _plus(writer: Writer, a: int, number: int, spare: int) -> None:
    """a := a + number."""
    if abs(number) < _IMMEDIATE:
        if number:
            writer.add(Does.ADD_NUMBER if number > 0 else Does.SUBTRACT_NUMBER, a, a, number=abs(number))
        return
    write_constant(writer, spare, number)
    writer.add(Does.ADD, a, a, spare)
