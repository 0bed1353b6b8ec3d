"""What a linked program in single precision with windows does: proved from its bytes, run, counted, mutated."""

import numpy as np
from numpy.typing import NDArray

from armlet.build import names
from armlet.build.floats.read import FloatBuild
from armlet.errors import ToolchainError
from armlet.mutate.mutants import mutants
from armlet.network.frozen import F32
from armlet.prove.floats.bound import plane_error_bound
from armlet.prove.floats.entry import prove_float_entry
from armlet.simulate.floats.runner import FloatRunner
from armlet.simulate.machine import MachineError
from armlet.simulate.trace import Trace
from armlet.simulate.vectors import Trials
from armlet.toolchain.image import Image
from armlet.verify.findings import Findings
from armlet.verify.floats.figures import float_figures_disagreement
from armlet.verify.paths import check_paths, check_time

_CONTROLS = 16  # wrong copies
_PROVED_CONTROLS = 4  # that are left to the proof, where runs refuse none
_CONTROL_INPUTS = 3  # inputs that each is tried on


def check_float_behaviour(
    build: FloatBuild, image: Image, tried: Trials[np.float32], expected: F32, found: Findings
) -> None:
    """Prove it, run it, count it, and see that wrong copies fail."""
    bound = plane_error_bound(build.network, tried.inputs)
    told = np.asarray(np.isfinite(bound).all(axis=1), bool)
    claim = "nothing is claimed of results where a sum may leave float32"
    found.add(claim, "", f"{np.count_nonzero(~told)} of {len(told)} inputs tried are left out")
    tried, expected = tried.take(told), expected[told]
    if not told.any():
        found.add("there is an input with a specified result", "on each one tried, sums may leave float32")
        return
    _check_bound(build, tried, expected, bound[told], found)
    try:
        runner, traces = FloatRunner(build, image), dict[str, Trace]()
        for entry in runner.entries:
            proved = _check_proof(runner, entry, found)
            _check_exact(runner, entry, tried, expected, found)
            traces[entry], same = check_paths(runner, entry, tried, found)
            check_time(build, entry, traces[entry] if same else None, proved, found)
    except MachineError as fault:
        found.add("runs without a fault", str(fault))
        return
    problem = float_figures_disagreement(build, image, traces[names.core_symbol(build.name)], found.figures)
    detail = "network, memory, places, layers, instructions, cycles"
    found.add("the manifest's figures are the program's", problem, detail)
    _check_controls(build, image, tried, expected, found)


def _check_bound(
    build: FloatBuild, tried: Trials[np.float32], expected: F32, bound: NDArray[np.float64], found: Findings
) -> None:
    distance = np.abs(expected.astype(np.float64) - build.network(tried.inputs))
    outside = np.argwhere(~(distance <= bound))
    at = np.unravel_index(int(np.argmax(distance)), distance.shape)
    found.worst = float(distance[at]), float(bound[at])
    problem = ""
    if len(outside):
        i, j = outside[0].tolist()
        problem = f"output {j} of {tried.labels[i]} is {distance[i, j]:.3g} off, the bound is {bound[i, j]:.3g}"
    detail = f"at most {found.worst[0]:.3g} off, proven {found.worst[1]:.3g}"
    found.add("the declared order computes the float64 network", problem, detail)


def _check_proof(runner: FloatRunner, entry: str, found: Findings) -> bool:
    proof = prove_float_entry(runner, runner.decoded, entry)
    if entry == names.run_symbol(runner.build.name) and not proof.problem:
        detail = "it reads its last input before it writes its first output"
        found.add(f"{entry} may be given one array for inputs and outputs", proof.late, detail)
    detail = f"{proof.roundings} different roundings, each as declared, in {proof.steps} instructions"
    return found.add(f"{entry} is proved from its bytes for every input", proof.problem, detail)


def _check_exact(runner: FloatRunner, entry: str, tried: Trials[np.float32], expected: F32, found: Findings) -> None:
    """Run `entry` on all inputs."""
    problem = ""
    for x, wanted, label in zip(tried.inputs, expected, tried.labels):
        given = runner.entries[entry](x)
        wrong = np.flatnonzero(given.view(np.uint32) != wanted.view(np.uint32))
        if len(wrong):
            j = int(wrong[0])
            problem = f"output {j} of {label} is {given[j]!s}, must be {wanted[j]!s} ({len(wrong)} outputs differ)"
            break
    detail = f"{len(tried.labels)} inputs; registers, stack and inputs kept"
    found.add(f"{entry} is exact to the bit", problem, detail)


def first_wrong_floats(build: FloatBuild, image: Image, inputs: F32, expected: F32) -> str:
    """Which entry of `image` gives another output for an input, or faults, in words; empty where none does."""
    try:
        runner = FloatRunner(build, image)
        for entry, call in runner.entries.items():
            if any(call(x).tobytes() != y.tobytes() for x, y in zip(inputs, expected)):
                return f"{entry} gives other outputs"
    except MachineError as fault:
        return str(fault)
    return ""


def _is_refused(build: FloatBuild, image: Image) -> bool:
    """Whether the proof refuses a copy."""
    try:
        runner = FloatRunner(build, image)
        return bool(prove_float_entry(runner, runner.decoded, names.core_symbol(build.name)).problem)
    except ToolchainError:
        return True


def _check_controls(build: FloatBuild, image: Image, tried: Trials[np.float32], expected: F32, found: Findings) -> None:
    """Copies with one fault each, of instructions and of constants."""
    rows = np.unique(np.linspace(0, len(tried.inputs) - 1, _CONTROL_INPUTS).astype(int))
    copies = [mutant.image for mutant in mutants(build.target.core, image, _CONTROLS, 0)]
    refused = sum(bool(first_wrong_floats(build, copy, tried.inputs[rows], expected[rows])) for copy in copies)
    if not refused:  # outputs that hardly depend on anything tell little
        refused = sum(_is_refused(build, copy) for copy in copies[:_PROVED_CONTROLS])
    problem = "" if refused else f"none of {len(copies)} failed: nothing here is proof"
    rest = "" if refused == len(copies) else "; the others change no output that was looked at"
    found.add("copies with one fault fail", problem, f"{refused} of {len(copies)}{rest}")
