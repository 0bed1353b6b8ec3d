"""A target by its name, as a caller gives it; what does not exist is refused with what does."""

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.errors import InputError
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.target import Target
from armlet.isa.targets import INTEGER_TARGETS, TARGETS


def find_target(name: str, dtype: str, rounding: str) -> tuple[Target, Arithmetic]:
    """The target of that name, and its arithmetic on `dtype`. Raises `InputError` with the choices that exist."""
    if name in INTEGER_TARGETS and name not in TARGETS:
        problem, hint = "computes in integers, the network in real numbers", "armlet sparsify --weights makes one of it"
        raise InputError(f"target {name}", problem, hint)
    pairs = {(target.name, each.format.name): target for target in TARGETS.values() for each in target.arithmetics}
    if (name, dtype) not in pairs:
        choices = ", ".join(" ".join(pair) for pair in pairs)
        raise InputError(f"target {name} {dtype}", "does not exist", f"choose from: {choices}")
    target = pairs[name, dtype]
    known = {each.rounding: each for each in target.arithmetics if each.format.name == dtype}
    if rounding not in known:
        raise InputError(f"multiply_add = {rounding!r}", "is unknown", f"choose from: {', '.join(known)}")
    return target, known[rounding]


def find_integer_target(name: str) -> IntegerTarget:
    """The target of that name for integers. Raises `InputError` with the choices that exist."""
    if name in INTEGER_TARGETS:
        return INTEGER_TARGETS[name]
    problem = "computes in float32 only, and the network is one in integers" if name in TARGETS else "does not exist"
    raise InputError(f"target {name}", problem, f"choose from: {', '.join(INTEGER_TARGETS)}")
