"""What forms are for given inputs, by the definitions of their unknowns, one number at a time."""

from collections.abc import Sequence

from armlet.integer.forms.linear import Linear
from armlet.integer.forms.unknowns import Unknowns

MASK = (1 << 32) - 1


def signed(bits: int, of: int = 32) -> int:
    """The lowest bits as a number in two's complement."""
    return (bits + (1 << of - 1)) % (1 << of) - (1 << of - 1)


def evaluate(unknowns: Unknowns, form: Linear, given: Sequence[int]) -> int:
    """A form's value, by the definitions of its unknowns."""
    return form.constant + sum(c * _value(unknowns, unknown, given) for unknown, c in form.parts.items())


def _value(unknowns: Unknowns, unknown: int, given: Sequence[int]) -> int:
    kind, parts, numbers = unknowns.definitions[unknown]
    of = evaluate(unknowns, Linear(0, dict(parts)), given)
    match kind:
        case "input":
            value = given[numbers[0]]
        case "floor":
            value = (of + numbers[0]) >> numbers[1]
        case "step":
            value = int(of >= numbers[0])
        case "clip":
            value = min(max(of, numbers[0]), numbers[1])
        case "sum":
            value = of  # of which an interval is known that its parts do not show
        case "lookup":
            value = numbers[of - unknowns.interval(Linear(0, dict(parts)))[0]]
        case "residue":
            constant, bits, is_signed = numbers
            value = signed(of + constant, bits) if is_signed else (of + constant) % (1 << bits)
        case _:
            raise AssertionError(kind)
    low, high = unknowns.intervals[unknown]
    assert low <= value <= high
    return value
