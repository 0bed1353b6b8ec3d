"""The compiler of networks in integers on one page."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from armlet.build.integer.bundle import IntegerBundle, integer_bundle
from armlet.build.integer.frame import IntegerFrame, integer_frame
from armlet.build.names import check_name
from armlet.config import IntegerCompileOptions
from armlet.errors import CapacityError, InputError
from armlet.integer.bounds import integer_bounds
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import SimplifiedIntegers, simplify_integers
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.targets import INTEGER_TARGETS, TARGETS
from armlet.select.integer.program import IntegerProgram


@dataclass(frozen=True, slots=True, eq=False)
class IntegerCompilation:
    """Every stage's product, kept so that each can be shown, tested and measured."""

    network: IntegerNetwork
    simplified: SimplifiedIntegers
    program: IntegerProgram
    frame: IntegerFrame
    bundle: IntegerBundle


def _unwatched(stage: str) -> None:
    """Nobody follows the stages."""


def compile_integer_network(
    network: IntegerNetwork,
    name: str,
    options: IntegerCompileOptions = IntegerCompileOptions(),
    watch: Callable[[str], None] = _unwatched,
) -> IntegerCompilation:
    """Lower `network` to a build. Each line is a stage or its proof. Raises `InputError` and `CapacityError`."""
    check_name(name)
    target = find_integer_target(options.target)
    integer_bounds(network)

    watch("simplify")
    simplified = simplify_integers(network)

    watch("select")
    program = _select(simplified.network, target, options)

    watch("bundle")
    return bundled(network, simplified, program, name, options)


def bundled(
    network: IntegerNetwork,
    simplified: SimplifiedIntegers,
    program: IntegerProgram,
    name: str,
    options: IntegerCompileOptions,
) -> IntegerCompilation:
    """The last stage: the files of a program. Raises `CapacityError` where it does not fit."""
    frame = integer_frame(program, name)
    made = integer_bundle(name, network, simplified, program, frame, asdict(options))
    memory = made.manifest.memory
    for what, needed, given in (("flash", memory.flash, options.flash), ("RAM", memory.ram, options.ram)):
        if given is not None and needed > given:
            raise CapacityError(f"{name} needs {needed} bytes of {what}, {given} are given")
    return IntegerCompilation(network, simplified, program, frame, made)


def find_integer_target(name: str) -> IntegerTarget:
    """The target of that name for integers. Raises `InputError` with the choices that exist."""
    if name in INTEGER_TARGETS:
        return INTEGER_TARGETS[name]
    problem = "computes in float32 only, and the network is one in integers" if name in TARGETS else "does not exist"
    raise InputError(f"target {name}", problem, f"choose from: {', '.join(INTEGER_TARGETS)}")


def _select(network: IntegerNetwork, target: IntegerTarget, options: IntegerCompileOptions) -> IntegerProgram:
    raise CapacityError(f"no selection for {target.name} yet: {network.widths}, {options.optimize}")
