"""A build folder and inputs to outputs: the compiled program itself, in the emulator."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from armlet.build import names
from armlet.build.floats.read import FloatBuild
from armlet.build.integer.read import IntegerBuild
from armlet.build.integer.read_any import read_any_build
from armlet.build.read import Build
from armlet.build.tensors.read import TensorBuild
from armlet.integer.formats import I64
from armlet.network.frozen import F32, F64
from armlet.simulate.floats.runner import FloatRunner
from armlet.simulate.integer.runner import IntegerRunner
from armlet.simulate.link import link_build
from armlet.simulate.runner import Runner
from armlet.simulate.tensors.runner import TensorRunner
from armlet.toolchain.toolchain import Toolchain, find_toolchain

Array = TypeVar("Array", F32, I64)


def _unwatched(done: int, total: int) -> None:
    """Nobody follows the rows."""


def run_build(
    folder: Path | str,
    x: F32,
    entry: str = "run",
    watch: Callable[[int, int], None] = _unwatched,
    tools: Toolchain | None = None,
) -> F32 | F64:
    """Outputs (samples, outputs) of NAME_run, or of NAME_core for `entry` core, on raw inputs (samples, inputs).

    Of a build in integers both are real numbers, by the network's scales; `run_integer_program` has what is stored.
    Raises `InputError` on the folder, `ToolchainError` where it cannot be linked, `MachineError` where it misbehaves.
    """
    build = read_any_build(folder)
    if not isinstance(build, Build | FloatBuild):
        stored = run_integer_program(build, build.network.quantise(x), entry, watch, tools)
        return build.network.real(stored)
    return run_program(build, x, entry, watch, tools)


def run_program(
    build: Build | FloatBuild,
    x: F32,
    entry: str = "run",
    watch: Callable[[int, int], None] = _unwatched,
    tools: Toolchain | None = None,
) -> F32:
    """As `run_build`, of a build that is read already."""
    image = link_build(build, tools or find_toolchain())
    runner = FloatRunner(build, image) if isinstance(build, FloatBuild) else Runner(build, image)
    symbol = names.run_symbol(build.name) if entry == "run" else names.core_symbol(build.name)
    return _each(runner.entries[symbol], x, np.empty((len(x), build.network.outputs), np.float32), watch)


def run_integer_program(
    build: IntegerBuild | TensorBuild,
    stored: I64,
    entry: str = "run",
    watch: Callable[[int, int], None] = _unwatched,
    tools: Toolchain | None = None,
) -> I64:
    """Stored outputs (samples, outputs) for stored inputs (samples, inputs). Raises as `run_build` does."""
    image = link_build(build, tools or find_toolchain())
    runner = IntegerRunner(build, image) if isinstance(build, IntegerBuild) else TensorRunner(build, image)
    symbol = names.run_symbol(build.name) if entry == "run" else names.core_symbol(build.name)
    return _each(runner.entries[symbol], stored, np.empty((len(stored), build.network.results), np.int64), watch)


def _each(call: Callable[[Array], Array], rows: Array, outputs: Array, watch: Callable[[int, int], None]) -> Array:
    """What `call` gives for each row, in `outputs`."""
    for i, row in enumerate(rows):
        outputs[i] = call(row)
        watch(i + 1, len(rows))
    return outputs
