"""What a linked program in integers does: proved from its bytes, run on inputs, counted, tried with wrong copies."""

from collections.abc import Callable, Mapping

import numpy as np

from armlet.build import names
from armlet.build.integer.read import IntegerBuild
from armlet.integer.formats import I64
from armlet.mutate.mutants import mutants
from armlet.prove.integer.entry import prove_entry
from armlet.simulate.integer.runner import IntegerRunner
from armlet.simulate.machine import MachineError
from armlet.simulate.trace import Trace
from armlet.simulate.vectors import Trials
from armlet.toolchain.image import Image
from armlet.verify.findings import Findings
from armlet.verify.integer.figures import integer_figures_disagreement
from armlet.verify.paths import check_paths, check_time

_CONTROLS = 16  # wrong copies
_CONTROL_INPUTS = 12  # inputs that each is tried on


def check_integer_behaviour(
    build: IntegerBuild, image: Image, tried: Trials[np.int64], expected: I64, found: Findings
) -> None:
    """Prove it, run it, count it, and see that wrong copies fail."""
    try:
        runner, traces = IntegerRunner(build, image), dict[str, Trace]()
        for entry in runner.entries:
            proved = _check_proof(runner, entry, found)
            check_exact(runner.entries[entry], entry, tried, expected, found)
            traces[entry], same = check_paths(runner, entry, tried, found)
            check_time(build, entry, traces[entry] if same else None, proved, found)
    except MachineError as fault:
        found.add("runs without a fault", str(fault))
        return
    _check_figures(build, traces, found)
    _check_controls(build, image, tried, expected, found)


def _check_proof(runner: IntegerRunner, entry: str, found: Findings) -> bool:
    proof = prove_entry(runner, runner.decoded, entry)
    if entry == names.run_symbol(runner.build.name) and not proof.problem:
        detail = "it reads its last input before it writes its first output"
        found.add(f"{entry} may be given one array for inputs and outputs", proof.late, detail)
    detail = f"{proof.steps} instructions on exact linear forms; every shift, field and clamp by intervals"
    return found.add(f"{entry} is proved from its bytes for every input", proof.problem, detail)


def first_wrong(build: IntegerBuild, image: Image, inputs: I64, expected: I64) -> str:
    """Which entry of `image` gives another output for an input, or faults, in words; empty where none does."""
    try:
        runner = IntegerRunner(build, image)
        for entry, call in runner.entries.items():
            if any((call(x) != y).any() for x, y in zip(inputs, expected)):
                return f"{entry} gives other outputs"
    except MachineError as fault:
        return str(fault)
    return ""


def check_exact(
    call: Callable[[I64], I64], entry: str, tried: Trials[np.int64], expected: I64, found: Findings
) -> None:
    """Run `entry` on all inputs."""
    problem = ""
    for x, wanted, label in zip(tried.inputs, expected, tried.labels):
        given = call(x)
        wrong = np.flatnonzero(given != wanted)
        if len(wrong):
            j = int(wrong[0])
            problem = f"output {j} of {label} is {given[j]}, must be {wanted[j]} ({len(wrong)} outputs differ)"
            break
    detail = f"{len(tried.labels)} inputs, the ends of all intervals among them; registers, stack and inputs kept"
    found.add(f"{entry} is exact to the bit", problem, detail)


def _check_figures(build: IntegerBuild, traces: Mapping[str, Trace], found: Findings) -> None:
    figures = found.figures[names.core_symbol(build.name)]
    declared = build.manifest.loads, build.manifest.stores
    counted = figures.loads.activation, figures.stores.activation
    problem = "" if declared == counted else f"declared {declared}, counted {counted} (loads, stores)"
    found.add("moves values as often as the manifest declares", problem, f"{sum(counted)} words, or less than one")
    problem = integer_figures_disagreement(build, traces[names.core_symbol(build.name)], found.figures)
    found.add("the manifest's figures are the program's", problem, "network, memory, moves, layers, instructions")


def _check_controls(build: IntegerBuild, image: Image, tried: Trials[np.int64], expected: I64, found: Findings) -> None:
    """Copies with one fault each; weights are in the instructions, so that these are faults of weights, too."""
    rows = np.unique(np.linspace(0, len(tried.inputs) - 1, _CONTROL_INPUTS).astype(int))
    copies = [mutant.image for mutant in mutants(build.target.core, image, _CONTROLS, 0)]
    refused = sum(bool(first_wrong(build, copy, tried.inputs[rows], expected[rows])) for copy in copies)
    problem = "" if refused else f"none of {len(copies)} failed: nothing here is proof"
    rest = "" if refused == len(copies) else "; the others change no output that was looked at"
    found.add("copies with one fault fail", problem, f"{refused} of {len(copies)}{rest}")
