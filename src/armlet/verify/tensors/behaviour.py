"""What a linked program for tensors does: proved from its bytes, run on inputs, counted, tried with wrong copies."""

import numpy as np

from armlet.build import names
from armlet.build.tensors.read import TensorBuild
from armlet.errors import ToolchainError
from armlet.integer.formats import I64
from armlet.mutate.mutants import mutants
from armlet.prove.tensors.entry import prove_tensor_entry
from armlet.simulate.machine import MachineError
from armlet.simulate.tensors.runner import TensorRunner
from armlet.simulate.trace import Trace
from armlet.simulate.vectors import Trials
from armlet.toolchain.image import Image
from armlet.verify.findings import Findings
from armlet.verify.integer.behaviour import check_exact
from armlet.verify.paths import check_paths, check_time
from armlet.verify.tensors.figures import tensor_figures_disagreement

_CONTROLS = 16  # wrong copies
_PROVED_CONTROLS = 4  # that are left to the proof, where runs refuse none
_CONTROL_INPUTS = 3  # inputs that each is tried on


def check_tensor_behaviour(
    build: TensorBuild, image: Image, tried: Trials[np.int64], expected: I64, found: Findings
) -> None:
    """Prove it, run it, count it, and see that wrong copies fail."""
    try:
        runner, traces = TensorRunner(build, image), dict[str, Trace]()
        for entry in runner.entries:
            proved = _check_proof(runner, entry, found)
            check_exact(runner.entries[entry], entry, tried, expected, found)
            traces[entry], same = check_paths(runner, entry, tried, found)
            check_time(build, entry, traces[entry] if same else None, proved, found)
    except MachineError as fault:
        found.add("runs without a fault", str(fault))
        return
    problem = tensor_figures_disagreement(build, image, traces[names.core_symbol(build.name)], found.figures)
    detail = "network, memory, places, layers, instructions, cycles"
    found.add("the manifest's figures are the program's", problem, detail)
    _check_controls(build, image, tried, expected, found)


def _check_proof(runner: TensorRunner, entry: str, found: Findings) -> bool:
    proof = prove_tensor_entry(runner, runner.decoded, entry)
    if entry == names.run_symbol(runner.build.name) and not proof.problem:
        detail = "it reads its last input before it writes its first output"
        found.add(f"{entry} may be given one array for inputs and outputs", proof.late, detail)
    detail = f"{proof.steps} instructions on forms of the values of tensors, by induction over runs"
    return found.add(f"{entry} is proved from its bytes for every input", proof.problem, detail)


def first_wrong_tensors(build: TensorBuild, image: Image, inputs: I64, expected: I64) -> str:
    """Which entry of `image` gives another output for an input, or faults, in words; empty where none does."""
    try:
        runner = TensorRunner(build, image)
        for entry, call in runner.entries.items():
            if any((call(x) != y).any() for x, y in zip(inputs, expected)):
                return f"{entry} gives other outputs"
    except MachineError as fault:
        return str(fault)
    return ""


def _is_refused(build: TensorBuild, image: Image) -> bool:
    """Whether the proof refuses a copy."""
    try:
        runner = TensorRunner(build, image)
        return bool(prove_tensor_entry(runner, runner.decoded, names.core_symbol(build.name)).problem)
    except ToolchainError:
        return True


def _check_controls(build: TensorBuild, image: Image, tried: Trials[np.int64], expected: I64, found: Findings) -> None:
    """Copies with one fault each; weights are in the instructions, so that these are faults of weights, too."""
    rows = np.unique(np.linspace(0, len(tried.inputs) - 1, _CONTROL_INPUTS).astype(int))
    copies = [mutant.image for mutant in mutants(build.target.core, image, _CONTROLS, 0)]
    refused = sum(bool(first_wrong_tensors(build, copy, tried.inputs[rows], expected[rows])) for copy in copies)
    if not refused:  # outputs that hardly depend on anything tell little
        refused = sum(_is_refused(build, copy) for copy in copies[:_PROVED_CONTROLS])
    problem = "" if refused else f"none of {len(copies)} failed: nothing here is proof"
    rest = "" if refused == len(copies) else "; the others change no output that was looked at"
    found.add("copies with one fault fail", problem, f"{refused} of {len(copies)}{rest}")
