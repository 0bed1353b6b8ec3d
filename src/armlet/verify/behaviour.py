"""What the linked program does: proved from its bytes, run on inputs, counted, and tried with wrong copies."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from armlet.build import names
from armlet.build.read import Build
from armlet.mutate.controls import negative_controls
from armlet.network.frozen import F32
from armlet.prove.bound import error_bound, largest_sum, specified
from armlet.prove.prove import prove
from armlet.simulate.machine import MachineError
from armlet.simulate.runner import Runner
from armlet.simulate.trace import Trace
from armlet.simulate.vectors import Trials
from armlet.toolchain.image import Image
from armlet.verify.claims import check_bound, check_exact, check_proved
from armlet.verify.controls import chosen_rows
from armlet.verify.findings import Findings
from armlet.verify.paths import check_paths, check_time
from armlet.verify.rederive import figures_disagreement

_CONTROL_INPUTS = 12  # inputs that each corrupted copy is tried on


def check_behaviour(
    build: Build, image: Image, tried: Trials[np.float32], expected: F32, sound: bool, found: Findings
) -> None:
    """Prove it, run it, count it, and see that wrong copies fail; `sound`: whether figures can be worked out."""
    told = specified(build.network, tried.inputs, build.scaling)
    _check_range(build, told, found)
    tried, expected = tried.take(told), expected[told]
    if not told.any():
        found.add("there is an input with a specified result", "on each one tried, sums may leave float32")
        return
    bound = error_bound(build.network, tried.inputs, build.scaling)
    check_bound(build.network(tried.inputs), tried.labels, expected, bound, found)
    try:
        runner, traces = Runner(build, image), dict[str, Trace]()
        for entry in runner.entries:
            proof = prove(runner, runner.decoded, entry)
            detail = f"{proof.roundings} roundings in {proof.steps} instructions, each as declared"
            proved = check_proved(build.name, entry, proof, detail, found)
            kept = ", registers and stack given back"
            check_exact(runner.entries[entry], entry, tried, expected, kept, found)
            traces[entry], same = check_paths(runner, entry, tried, found)
            check_time(build, entry, traces[entry] if same else None, proved, found)
    except MachineError as fault:
        found.add("runs without a fault", str(fault))
        return
    _check_figures(build, image, traces[names.core_symbol(build.name)], sound, found)
    _check_controls(build, image, traces, tried, expected, found)


def _check_range(build: Build, told: NDArray[np.bool_], found: Findings) -> None:
    """Where sums may leave float32 the claims below are about less, and the verdict says so."""
    largest = largest_sum(build.network, build.scaling)
    if largest < np.inf:
        found.add("no sum leaves float32 on the declared inputs", "", f"none beyond {largest:.3g}")
        return
    claim = "sums may leave float32 on some declared inputs: nothing is claimed of results there"
    if not build.network.domain.is_declared:
        claim = "no interval of the inputs is declared: nothing is claimed of results where a sum leaves float32"
    found.add(claim, "", f"{np.count_nonzero(~told)} of {len(told)} inputs tried are left out")


def _check_figures(build: Build, image: Image, trace: Trace, sound: bool, found: Findings) -> None:
    figures = found.figures[names.core_symbol(build.name)]
    declared = build.manifest.moves.loads, build.manifest.moves.stores
    counted = figures.loads.activation, figures.stores.activation
    problem = "" if declared == counted else f"declared {declared}, counted {counted} (loads, stores)"
    detail = f"{sum(counted)}, lower bound {build.manifest.moves.bound}"
    found.add("moves activations as often as the manifest declares", problem, detail)
    problem = "they cannot be worked out from this order and these settings"
    problem = figures_disagreement(build, image, trace, found.figures) if sound else problem
    found.add("the manifest's figures are the program's", problem, "network, memory, moves, layers, cycles")


def _check_controls(
    build: Build, image: Image, traces: Mapping[str, Trace], tried: Trials[np.float32], expected: F32, found: Findings
) -> None:
    chosen = chosen_rows(len(tried.inputs), _CONTROL_INPUTS)
    weight, instruction = negative_controls(build, image, traces, tried.inputs[chosen], expected[chosen])
    rest = "" if weight.refused == weight.tried else "; the others change no output"
    if not weight.refused:  # no evidence; that the comparison sees anything is then shown by instructions alone
        rest = (
            ": none changes an output on any input that was searched" if weight.tried else ": there is none to corrupt"
        )
    found.add("copies with one wrong weight bit fail", "", f"{weight.refused} of {weight.tried}{rest}")
    problem = "" if instruction.refused else f"none of {instruction.tried} failed: nothing here is proof"
    rest = "" if instruction.refused == instruction.tried else "; the others change no output"
    found.add(
        "copies with one wrong instruction bit fail", problem, f"{instruction.refused} of {instruction.tried}{rest}"
    )
