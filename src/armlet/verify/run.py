"""A build folder and inputs to outputs: the compiled program itself, in the emulator."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from armlet.build import names
from armlet.build.read import Build, read_build
from armlet.network.frozen import F32
from armlet.simulate.link import link_build
from armlet.simulate.runner import Runner
from armlet.toolchain.toolchain import Toolchain, find_toolchain


def _unwatched(done: int, total: int) -> None:
    """Nobody follows the rows."""


def run_build(
    folder: Path | str,
    x: F32,
    entry: str = "run",
    watch: Callable[[int, int], None] = _unwatched,
    tools: Toolchain | None = None,
) -> F32:
    """Outputs (samples, outputs) of NAME_run, or of NAME_core for `entry` core, on raw inputs (samples, inputs).

    Raises `InputError` on the folder, `ToolchainError` where it cannot be linked, `MachineError` where it misbehaves.
    """
    return run_program(read_build(folder), x, entry, watch, tools)


def run_program(
    build: Build,
    x: F32,
    entry: str = "run",
    watch: Callable[[int, int], None] = _unwatched,
    tools: Toolchain | None = None,
) -> F32:
    """As `run_build`, of a build that is read already."""
    runner = Runner(build, link_build(build, tools or find_toolchain()))
    symbol = names.run_symbol(build.name) if entry == "run" else names.core_symbol(build.name)
    call = runner.entries[symbol]
    outputs = np.empty((len(x), build.network.outputs), np.float32)
    for i, row in enumerate(x):
        outputs[i] = call(row)
        watch(i + 1, len(x))
    return outputs
