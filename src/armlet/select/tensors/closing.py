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

CLAMPED = (Activation.LINEAR, Activation.RELU, Activation.RELU6)  # those that the clamp is


@dataclass(frozen=True, slots=True)
class Scaling:
    """stored = saturated((sum * factor / 2^32 + start) >> shift), by a signed factor; 0 is none."""

    factor: int
    shift: int
    start: int  # with the half of the last place and the zero
    low: int
    high: int


def scaling_of(layer: IntegerDense, neuron: int, place: str) -> Scaling:
    """How the sums of a neuron become what it stores. Raises `CapacityError` where that takes more than a clamp."""
    low, high = int(layer.low[neuron]), int(layer.high[neuron])
    if layer.stored is not INT8 or layer.activation not in CLAMPED:
        raise CapacityError(f"{place}: {layer.activation.value} in {layer.stored.name} is not written for tensors yet")
    match layer.requantisation:
        case Shift(shift):
            by = int(shift[neuron])
            return Scaling(0, by, layer.zero << by, low, high)
        case Multiplier(multiplier, exponent, once=True) if exponent[neuron] <= -2:
            shift = -int(exponent[neuron]) - 1
            return Scaling(int(multiplier[neuron]), shift, (1 << shift - 1) + (layer.zero << shift), low, high)
        case _:
            raise CapacityError(f"{place}: its multiplier is one half or more, or rounds twice")


def write_scaled(writer: Writer, scaling: Scaling, register: int, factor: int, start: int, lifted: bool) -> None:
    """The sum in a register as it is stored: with 128 more in eight bits where `lifted`, else with its sign.

    `factor` and `start` are the registers that hold those of the scaling, `start` with 128 more where `lifted`.
    """
    by = scaling.shift
    if scaling.factor:
        writer.add(Does.MULTIPLY_UPPER_ADD, register, register, factor, e=start)
    clamp, saturate = (Does.CLAMP, Does.SATURATE) if lifted else (Does.CLAMP_SIGNED, Does.SATURATE_SIGNED)
    writer.add(clamp if by else saturate, register, register, by=by, number=8)
    lift = LIFT if lifted else 0
    if scaling.low > INT8.low:
        add_signed(writer, register, -(scaling.low + lift))
        writer.add(Does.POSITIVE, register, register)
        add_signed(writer, register, scaling.low + lift)
    if scaling.high < INT8.high:
        add_signed(writer, register, -(scaling.high + lift))
        writer.add(Does.NEGATIVE, register, register)
        add_signed(writer, register, scaling.high + lift)


def add_signed(writer: Writer, register: int, number: int) -> None:
    """register := register + number, which an instruction holds."""
    if number:
        op = Does.ADD_NUMBER if number > 0 else Does.SUBTRACT_NUMBER
        writer.add(op, register, register, number=abs(number))
