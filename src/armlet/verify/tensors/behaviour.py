"""What a linked program for tensors does: proved from its bytes, run on inputs, counted, tried with wrong copies."""

import numpy as np

from armlet.build import names
from armlet.build.tensors.read import TensorBuild
from armlet.errors import ToolchainError
from armlet.integer.formats import I64
from armlet.prove.tensors.entry import prove_tensor_entry
from armlet.simulate.machine import MachineError
from armlet.simulate.tensors.runner import TensorRunner
from armlet.simulate.trace import Trace
from armlet.simulate.vectors import Trials
from armlet.toolchain.image import Image
from armlet.verify.claims import check_exact, check_proved
from armlet.verify.controls import check_controls, chosen_rows, first_wrong
from armlet.verify.findings import Findings
from armlet.verify.integer.behaviour import KEPT
from armlet.verify.paths import check_paths, check_time
from armlet.verify.tensors.figures import tensor_figures_disagreement

_CONTROL_INPUTS = 3  # inputs that each wrong copy is tried on


def check_tensor_behaviour(
    build: TensorBuild, image: Image, tried: Trials[np.int64], expected: I64, found: Findings
) -> None:
    """Prove it, run it, count it, and see that wrong copies fail."""
    try:
        runner, traces = TensorRunner(build, image), dict[str, Trace]()
        for entry in runner.entries:
            proof = prove_tensor_entry(runner, runner.decoded, entry)
            detail = f"{proof.steps} instructions on forms of the values of tensors, by induction over runs"
            proved = check_proved(build.name, entry, proof, detail, found)
            check_exact(runner.entries[entry], entry, tried, expected, KEPT, found)
            traces[entry], same = check_paths(runner, entry, tried, found)
            check_time(build, entry, traces[entry] if same else None, proved, found)
    except MachineError as fault:
        found.add("runs without a fault", str(fault))
        return
    problem = tensor_figures_disagreement(build, image, traces[names.core_symbol(build.name)], found.figures)
    detail = "network, memory, places, layers, instructions, cycles"
    found.add("the manifest's figures are the program's", problem, detail)
    rows = chosen_rows(len(tried.inputs), _CONTROL_INPUTS)

    def wrong(copy: Image) -> str:
        return first_wrong(lambda: TensorRunner(build, copy), tried.inputs[rows], expected[rows])

    check_controls(build.target.core, image, wrong, found, lambda copy: _is_refused(build, copy))


def _is_refused(build: TensorBuild, image: Image) -> bool:
    """Whether the proof refuses a copy."""
    try:
        runner = TensorRunner(build, image)
        return bool(prove_tensor_entry(runner, runner.decoded, names.core_symbol(build.name)).problem)
    except ToolchainError:
        return True
