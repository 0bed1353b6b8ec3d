"""The compiler of networks with windows in single precision, on one page."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from armlet.build import names
from armlet.build.floats.bundle import FloatBundle, float_bundle
from armlet.build.floats.frame import FloatFrame, float_frame
from armlet.build.floats.manifest import float_memory, peak_of
from armlet.config import CompileOptions
from armlet.errors import CapacityError, InputError
from armlet.isa.find import find_target
from armlet.isa.targets import INTEGER_TARGETS
from armlet.network.drop_channels import drop_channels
from armlet.network.network import Network
from armlet.network.normalise import fold_into_windows
from armlet.select.floats.choose import FloatBudget, FloatSelection, choose_floats
from armlet.select.floats.lines import Machine


@dataclass(frozen=True, slots=True, eq=False)
class FloatCompilation:
    """Every stage's product, kept so that each can be shown, tested and measured."""

    network: Network
    selection: FloatSelection
    frame: FloatFrame
    bundle: FloatBundle


def _unwatched(stage: str) -> None:
    """Nobody follows the stages."""


def compile_float_network(
    network: Network,
    name: str,
    options: CompileOptions = CompileOptions(),
    watch: Callable[[str], None] = _unwatched,
) -> FloatCompilation:
    """Lower a network with windows to a build. Raises `InputError` and `CapacityError`."""
    names.check_name(name)
    target, arithmetic = find_target(options.target, options.dtype, options.multiply_add)
    _check(network, target.name)

    watch("simplify")
    dropped = drop_channels(network)

    watch("select")
    machine, budget = Machine(target, INTEGER_TARGETS[target.name]), None
    if options.flash is not None:
        budget = FloatBudget(name, options.flash, lambda made: float_memory(made, float_frame(made, name)).flash)
    selection = choose_floats(dropped.network, machine, arithmetic, names.constants_symbol(name), budget)

    watch("bundle")
    frame = float_frame(selection.program, name)
    made = float_bundle(name, network, selection, frame, asdict(options))
    needed = made.manifest.memory.ram
    if options.ram is not None and needed > options.ram:
        told = f"{name} needs {needed} bytes of RAM, {options.ram} are given"
        raise CapacityError(f"{told}; {peak_of(selection.program)[1]}")
    return FloatCompilation(network, selection, frame, made)


def _check(network: Network, target: str) -> None:
    """Raise `InputError` for what is not compiled yet."""
    if target not in INTEGER_TARGETS:
        raise InputError(f"target {target}", "compiles no networks with windows yet", "choose cortex-m4f")
    fold_into_windows(network)
