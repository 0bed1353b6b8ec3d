"""From sums to stored values: what stands behind the last weight of a body."""

from dataclasses import dataclass

from armlet.errors import CapacityError
from armlet.integer.formats import INT8
from armlet.integer.layers import IntegerDense
from armlet.integer.requantise import Multiplier, Shift
from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.network.activation import Activation
from armlet.select.integer.writer import Writer
from armlet.tensors.layout import LIFT

_MOST_SHIFT = 22  # that leaves room for a byte and the half of the last place
CLAMPED = (Activation.LINEAR, Activation.RELU, Activation.RELU6)  # those that the clamp is


@dataclass(frozen=True, slots=True)
class Scaling:
    """stored = saturated(((sum * factor) >> 32) + start >> shift), or what a factor that rounds twice makes of it.

    That one takes twice the sum, so that its product is rounded at 2^-31 of the sum, halves up, which is what
    SaturatingRoundingDoublingHighMul of TensorFlow Lite gives. RoundingDivideByPOT then rounds halves away from 0: that
    is one less where the product is negative, if it is seen at all.
    """

    factor: int  # 0: none, as for a shift
    shift: int
    start: int  # the half of the last place, and the zero
    low: int
    high: int
    twice: bool = False
    is_signed: bool = False  # whether values below the zero are stored


def scaling_of(layer: IntegerDense, neuron: int, place: str) -> Scaling:
    """How the sums of a neuron become what it stores. Raises `CapacityError` where that takes more than a clamp."""
    if layer.stored is not INT8 or layer.activation not in CLAMPED:
        raise CapacityError(f"{place}: {layer.activation.value} in {layer.stored.name} is not written for tensors yet")
    ends = int(layer.low[neuron]), int(layer.high[neuron])
    if isinstance(layer.requantisation, Multiplier):
        by = layer.requantisation
        return multiplied(int(by.multiplier[neuron]), int(by.exponent[neuron]), by.once, layer.zero, ends, place)
    assert isinstance(layer.requantisation, Shift)
    shift = int(layer.requantisation.shift[neuron])
    return Scaling(0, shift, layer.zero << shift, *ends)


def multiplied(multiplier: int, exponent: int, once: bool, zero: int, ends: tuple[int, int], place: str) -> Scaling:
    """The scaling by a multiplier of 31 bits. Raises `CapacityError` where it has too little or too much to shift."""
    shift = -exponent - 1 if once else -exponent
    if not 1 <= shift <= _MOST_SHIFT:
        raise CapacityError(f"{place}: a multiplier of 2^{exponent} is not written for tensors yet")
    start = (1 << shift - 1) + (zero << shift)
    return Scaling(multiplier, shift, start, *ends, not once, not once and ends[0] < zero)


def write_scaled(writer: Writer, scaling: Scaling, register: int, factor: int, start: int, lifted: bool) -> None:
    """The sum in a register as it is stored: with 128 more in eight bits where `lifted`, else with its sign.

    `factor` and `start` are the registers that hold those of the scaling, `start` with 128 more where `lifted`. Of a
    factor that rounds twice the register holds twice the sum.
    """
    by = scaling.shift
    if scaling.is_signed:
        writer.add(Does.MULTIPLY_HIGH, register, register, factor)
        writer.add(Does.ADD_SIGN, register, register)
        writer.add(Does.ADD, register, register, start)
    elif scaling.factor:
        op = Does.MULTIPLY_HIGH_ADD if scaling.twice else Does.MULTIPLY_UPPER_ADD
        writer.add(op, register, register, factor, e=start)
    clamp, saturate = (Does.CLAMP, Does.SATURATE) if lifted else (Does.CLAMP_SIGNED, Does.SATURATE_SIGNED)
    writer.add(clamp if by else saturate, register, register, by=by, number=8)
    write_clamp(writer, register, (scaling.low, scaling.high), LIFT if lifted else 0)


def write_clamp(writer: Writer, register: int, ends: tuple[int, int], lift: int) -> None:
    """A byte in a register, which has `lift` more than the value, between the ends of the value."""
    for end, beyond, op in (
        (ends[0], ends[0] > INT8.low, Does.POSITIVE),
        (ends[1], ends[1] < INT8.high, Does.NEGATIVE),
    ):
        if beyond:
            add_signed(writer, register, -(end + lift))
            writer.add(op, register, register)
            add_signed(writer, register, end + lift)


def add_signed(writer: Writer, register: int, number: int) -> None:
    """register := register + number, which an instruction holds."""
    if number:
        op = Does.ADD_NUMBER if number > 0 else Does.SUBTRACT_NUMBER
        writer.add(op, register, register, number=abs(number))
