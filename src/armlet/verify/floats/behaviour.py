"""What a linked program in single precision with windows does: proved from its bytes, run, counted, mutated."""

import numpy as np

from armlet.build import names
from armlet.build.floats.read import FloatBuild
from armlet.errors import ToolchainError
from armlet.network.frozen import F32
from armlet.prove.floats.bound import plane_error_bound
from armlet.prove.floats.entry import prove_float_entry
from armlet.simulate.floats.runner import FloatRunner
from armlet.simulate.machine import MachineError
from armlet.simulate.trace import Trace
from armlet.simulate.vectors import Trials
from armlet.toolchain.image import Image
from armlet.verify.claims import check_bound, check_exact, check_proved
from armlet.verify.controls import check_controls, chosen_rows, first_wrong
from armlet.verify.findings import Findings
from armlet.verify.floats.figures import float_figures_disagreement
from armlet.verify.paths import check_paths, check_time

_CONTROL_INPUTS = 3  # inputs that each wrong copy is tried on


def check_float_behaviour(
    build: FloatBuild, image: Image, tried: Trials[np.float32], expected: F32, found: Findings
) -> None:
    """Prove it, run it, count it, and see that wrong copies fail."""
    bound = plane_error_bound(build.computed, tried.inputs)
    told = np.asarray(np.isfinite(bound).all(axis=1), bool)
    claim = "nothing is claimed of results where a sum may leave float32"
    found.add(claim, "", f"{np.count_nonzero(~told)} of {len(told)} inputs tried are left out")
    tried, expected = tried.take(told), expected[told]
    if not told.any():
        found.add("there is an input with a specified result", "on each one tried, sums may leave float32")
        return
    check_bound(build.network(tried.inputs), tried.labels, expected, bound[told], found)
    try:
        runner, traces = FloatRunner(build, image), dict[str, Trace]()
        for entry in runner.entries:
            proof = prove_float_entry(runner, runner.decoded, entry)
            detail = f"{proof.roundings} different roundings, each as declared, in {proof.steps} instructions"
            proved = check_proved(build.name, entry, proof, detail, found)
            kept = "; registers, stack and inputs kept"
            check_exact(runner.entries[entry], entry, tried, expected, kept, found)
            traces[entry], same = check_paths(runner, entry, tried, found)
            check_time(build, entry, traces[entry] if same else None, proved, found)
    except MachineError as fault:
        found.add("runs without a fault", str(fault))
        return
    problem = float_figures_disagreement(build, image, traces[names.core_symbol(build.name)], found.figures)
    detail = "network, memory, places, layers, instructions, cycles"
    found.add("the manifest's figures are the program's", problem, detail)
    rows = chosen_rows(len(tried.inputs), _CONTROL_INPUTS)

    def wrong(copy: Image) -> str:
        return first_wrong(lambda: FloatRunner(build, copy), tried.inputs[rows], expected[rows])

    check_controls(build.target.core, image, wrong, found, lambda copy: _is_refused(build, copy))


def _is_refused(build: FloatBuild, image: Image) -> bool:
    """Whether the proof refuses a copy."""
    try:
        runner = FloatRunner(build, image)
        return bool(prove_float_entry(runner, runner.decoded, names.core_symbol(build.name)).problem)
    except ToolchainError:
        return True
