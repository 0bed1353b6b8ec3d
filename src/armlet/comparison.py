"""A network as compiled C beside armlet's program: the same tools, the same emulator, the same count."""

import time
from dataclasses import dataclass

import numpy as np

from armlet.arithmetic.number_format import FLOAT32_FORMAT
from armlet.baseline import BASELINES
from armlet.errors import InvariantError
from armlet.isa.target import Target
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.prove.bound import error_bound
from armlet.simulate.figures import Figures
from armlet.simulate.machine import Machine
from armlet.simulate.measure import measure_call
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import Toolchain


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """A program in C and what one call of it costs."""

    kind: str
    figures: Figures
    seconds: float  # to compile and link


def measure_c(network: Network, kind: str, target: Target, tools: Toolchain, seconds: float = 120) -> BaselineResult:
    """Compile one of `BASELINES` at -O3 and run it once, its outputs held against the float64 network.

    Raises `ToolchainError` where the compiler does not finish within `seconds`.
    """
    begin = time.perf_counter()
    built = tools.compile_c(BASELINES[kind](network, "net"), target.core, seconds)
    image = read_image(tools.link([built], target.core, "net_run"), target.core.instruction_set)
    taken = time.perf_counter() - begin
    machine, word = Machine(target.core, image), FLOAT32_FORMAT.bytes
    source, sink = machine.reserve(word * network.inputs), machine.reserve(word * network.outputs)
    x = some_input(network)
    machine.write_floats(source, x)
    figures = measure_call(machine, "net_run", (source, sink), target.cycles, target.flash)
    require_agreement(network, kind, x, machine.read_floats(sink, network.outputs))
    return BaselineResult(kind, figures, taken)


def some_input(network: Network) -> F32:
    """One input inside its domain, the same for the same network."""
    return network.domain.draw(np.random.default_rng(0), 1)[0].astype(np.float32)


def require_agreement(network: Network, kind: str, x: F32, found: F32) -> None:
    """A program that computes something else is no contestant. Raises `InvariantError`."""
    if not (np.abs(found - network(x)) <= error_bound(network, x[None])[0]).all():
        raise InvariantError(f"{kind}: the outputs are not the network's")
