"""Where the value of a neuron ends on Cortex-M0+, and which clamps its proven interval makes needless."""

from typing import NamedTuple

from armlet.integer.formats import INT32
from armlet.integer.requantise import Multiplier, Shift
from armlet.network.activation import Activation
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.scaling import scaling_obstacle

_WORD = 32
_INDEX = -128, 127  # of a table's entries
_ROUND = 30  # the place of half a unit behind a multiplier's product
_SPARE = 1 << 8  # what rounding may add to a product on its way


class Moved(NamedTuple):
    """What is shifted down at last: its interval, half of the last place in it, and by how many bits."""

    least: int
    most: int
    shift: int
    half: int  # of the last place, where it is not in the bias


class Ends(NamedTuple):
    """How the value of a neuron comes of its scaled sum v: all without the zero point, which is added at last."""

    low: int  # the least v that is kept
    high: int  # the greatest
    zero: int
    below: bool  # whether v may be less than `low`
    above: bool
    falls: bool  # high - v is made of the sum
    less: int  # otherwise v - less is


def moved_of(task: LayerTask, neuron: int) -> Moved:
    """The sum itself, or its product with the multiplier, as it is before the last shift."""
    least, most = int(task.bounds.sum_low[neuron]), int(task.bounds.sum_high[neuron])
    match task.layer.requantisation:
        case None:
            return Moved(least, most, 0, 0)
        case Shift(shift):
            return Moved(least, most, int(shift[neuron]), 0)
        case Multiplier(multiplier, exponent, once):
            number, up, down = int(multiplier[neuron]), max(int(exponent[neuron]), 0), max(-int(exponent[neuron]), 0)
            half = 1 << down >> 1
            rounding = 0 if once and down else 1 << _ROUND
            low, high = ((end << up) * number + rounding >> _ROUND + 1 for end in (least, most))
            if once:
                return Moved(low + half, high + half, down, half)
            return Moved(low - (down > 0 > low) + half, high - (down > 0 > high) + half, down, half)


def ends_of(task: LayerTask, neuron: int, entry: int = 0) -> Ends:
    """What keeps the value of a neuron between its ends; of a table, its entry's number, the first being `entry`."""
    layer, bits = task.layer, _WORD if isinstance(task.layer.requantisation, Multiplier) else task.high
    zero = layer.zero
    low, high = int(layer.low[neuron]) - zero, int(layer.high[neuron]) - zero
    if layer.requantisation is None:
        return Ends(low, high, 0, False, False, False, 0)
    if layer.activation is Activation.LEAKY_RELU:
        return Ends(low, high, zero, True, True, False, 0)
    if layer.table is not None:
        (low, high), zero = _INDEX, entry - _INDEX[0]
    least, most, shift, _ = moved_of(task, neuron)
    below, above = least >> shift < low, most >> shift > high
    top = (high + 1 << shift) - 1
    if above:
        return Ends(low, high, zero, below, True, _fits(top - most, top - least, bits), 0)
    less = low if below else -zero
    gone = less << shift
    return Ends(low, high, zero, below, False, False, less if _fits(least - gone, most - gone, bits) else 0)


def closing_obstacle(task: LayerTask) -> str:
    """Why scaling back, the activation or a clamp may leave 32 bits on the way; empty where they do not."""
    problem = scaling_obstacle(task)
    for neuron in range(0 if problem else task.layer.neurons):
        ends, (least, most, shift, _) = ends_of(task, neuron), moved_of(task, neuron)
        least, most = least >> shift, most >> shift
        far = ends.high - least if ends.above and not ends.falls else least - ends.low if ends.below else 0
        if task.layer.activation is not Activation.LEAKY_RELU and not INT32.low <= far <= INT32.high:
            return f"neuron {neuron} has scaled sums from {least} to {most}, which a clamp does not reach in 32 bits"
    by = task.layer.requantisation
    if not problem and isinstance(by, Multiplier):
        up = by.exponent.clip(0)
        largest = abs(task.bounds.sum_low << up).max(), abs(task.bounds.sum_high << up).max()
        if max(largest) > (1 << _ROUND) - _SPARE:
            return f"it has sums as large as {max(largest)}, which a multiplier of 30 bits rounds beyond 32"
    return problem


def _fits(low: int, high: int, bits: int) -> bool:
    return low >= -(1 << bits - 1) and high < 1 << bits - 1
