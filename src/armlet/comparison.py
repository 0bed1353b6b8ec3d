"""A network as compiled C beside armlet's program: the same tools, the same emulator, the same count."""

import time
from dataclasses import dataclass

import numpy as np

from armlet.arithmetic.number_format import FLOAT32_FORMAT
from armlet.baseline import BASELINES
from armlet.baseline.floats import FLOAT_BASELINES
from armlet.baseline.integers import INTEGER_BASELINES
from armlet.baseline.tensors import TENSOR_BASELINES
from armlet.build.tensors.arrays import array_order, array_places
from armlet.errors import InvariantError
from armlet.integer.formats import I64
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.target import Target
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.prove.bound import error_bound
from armlet.prove.floats.bound import plane_error_bound
from armlet.simulate.figures import Figures
from armlet.simulate.machine import Machine
from armlet.simulate.measure import measure_call
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import Toolchain

INPUTS = 4  # that C is held against the network on, beside the one of the figures or the ends of the intervals


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """A program in C and what one call of it costs."""

    kind: str
    figures: Figures
    seconds: float  # to compile and link


def measure_c(
    network: Network | IntegerNetwork,
    kind: str,
    target: Target | IntegerTarget,
    tools: Toolchain,
    seconds: float = 120,
) -> BaselineResult:
    """Compile a baseline of the network's kind at -O3 and run it, its outputs checked.

    Raises `ToolchainError` where the compiler, or a call in the emulator, does not finish within `seconds`.
    """
    begin = time.perf_counter()
    machine = _machine(_text(network, kind), target, tools, seconds)
    taken = time.perf_counter() - begin
    return BaselineResult(kind, _measured(network, kind, target, machine, seconds), taken)


def some_input(network: Network) -> F32:
    """One input inside its domain, the same for the same network: what figures are of."""
    return network.domain.draw(np.random.default_rng(0), 1)[0].astype(np.float32)


def require_agreement(network: Network, kind: str, x: F32, found: F32) -> None:
    """A program that computes something else is no contestant. Raises `InvariantError`.

    What float32 gives in any order of its sums lies within a proven bound of float64. Where float32 may overflow there
    is none, and nothing is compared.
    """
    bound = (error_bound if network.is_chain else plane_error_bound)(network, x[None])[0]
    if not np.isfinite(bound).all():
        raise InvariantError(f"{kind}: the outputs cannot be checked, sums may leave float32")
    if not (np.abs(found - network(x)) <= bound).all():
        raise InvariantError(f"{kind}: the outputs are not the network's")


def _text(network: Network | IntegerNetwork, kind: str) -> str:
    if isinstance(network, Network):
        return (BASELINES if network.is_chain else FLOAT_BASELINES)[kind](network, "net")
    return (INTEGER_BASELINES if network.is_chain else TENSOR_BASELINES)[kind](network, "net")


def _machine(text: str, target: Target | IntegerTarget, tools: Toolchain, seconds: float) -> Machine:
    built = tools.compile_c(text, target.core, seconds)
    return Machine(target.core, read_image(tools.link([built], target.core, "net_run"), target.core.instruction_set))


def _measured(
    network: Network | IntegerNetwork, kind: str, target: Target | IntegerTarget, machine: Machine, seconds: float
) -> Figures:
    """The figures of one call, once the outputs agree."""
    if isinstance(network, Network):
        return _measured_floats(network, kind, target, machine, seconds)
    given, stored = network.input_format, network.result_format
    source, sink = machine.reserve(given.bytes * network.inputs), machine.reserve(stored.bytes * network.results)
    rows = some_stored(network)
    order = array_order(network.shape)
    places = array_places(network.result_shape)
    for row in rows:
        machine.write(source, row[order].astype(given.dtype).tobytes())
        machine.call("net_run", (source, sink), seconds)
        found = np.frombuffer(machine.read(sink, stored.bytes * network.results), stored.dtype)
        if (found[places] != run_integers(network, row)[0]).any():
            raise InvariantError(f"{kind}: the outputs are not the network's")
    return measure_call(machine, "net_run", (source, sink), target.cycles, target.flash, seconds)


def _measured_floats(
    network: Network, kind: str, target: Target | IntegerTarget, machine: Machine, seconds: float
) -> Figures:
    word = FLOAT32_FORMAT.bytes
    source, sink = machine.reserve(word * network.inputs), machine.reserve(word * network.outputs)
    for x in network.domain.draw(np.random.default_rng(1), INPUTS).astype(np.float32):
        machine.write_floats(source, x)
        machine.call("net_run", (source, sink), seconds)
        require_agreement(network, kind, x, machine.read_floats(sink, network.outputs))
    machine.write_floats(source, x := some_input(network))
    figures = measure_call(machine, "net_run", (source, sink), target.cycles, target.flash, seconds)
    require_agreement(network, kind, x, machine.read_floats(sink, network.outputs))
    return figures


def some_stored(network: IntegerNetwork) -> I64:
    """The ends of the intervals, and inputs between them, the last what figures are of."""
    low, high = network.input_ends
    between = np.random.default_rng(0).integers(low, high + 1, (INPUTS, network.inputs))
    return np.concatenate(([low, high], between))
