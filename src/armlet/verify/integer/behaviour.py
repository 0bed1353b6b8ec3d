"""What a linked program in integers does: proved from its bytes, run on inputs, counted, tried with wrong copies."""

from collections.abc import Mapping

import numpy as np

from armlet.build import names
from armlet.build.integer.read import IntegerBuild
from armlet.integer.formats import I64
from armlet.prove.integer.entry import prove_entry
from armlet.simulate.integer.runner import IntegerRunner
from armlet.simulate.machine import MachineError
from armlet.simulate.trace import Trace
from armlet.simulate.vectors import Trials
from armlet.toolchain.image import Image
from armlet.verify.claims import check_exact, check_proved
from armlet.verify.controls import check_controls, chosen_rows, first_wrong
from armlet.verify.findings import Findings
from armlet.verify.integer.figures import integer_figures_disagreement
from armlet.verify.paths import check_paths, check_time

KEPT = ", the ends of all intervals among them; registers, stack and inputs kept"
_CONTROL_INPUTS = 12  # inputs that each wrong copy is tried on


def check_integer_behaviour(
    build: IntegerBuild, image: Image, tried: Trials[np.int64], expected: I64, found: Findings
) -> None:
    """Prove it, run it, count it, and see that wrong copies fail."""
    try:
        runner, traces = IntegerRunner(build, image), dict[str, Trace]()
        for entry in runner.entries:
            proof = prove_entry(runner, runner.decoded, entry)
            detail = f"{proof.steps} instructions on exact linear forms; every shift, field and clamp by intervals"
            proved = check_proved(build.name, entry, proof, detail, found)
            check_exact(runner.entries[entry], entry, tried, expected, KEPT, found)
            traces[entry], same = check_paths(runner, entry, tried, found)
            check_time(build, entry, traces[entry] if same else None, proved, found)
    except MachineError as fault:
        found.add("runs without a fault", str(fault))
        return
    _check_figures(build, traces, found)
    rows = chosen_rows(len(tried.inputs), _CONTROL_INPUTS)

    def wrong(copy: Image) -> str:
        return first_wrong(lambda: IntegerRunner(build, copy), tried.inputs[rows], expected[rows])

    check_controls(build.target.core, image, wrong, found)


def _check_figures(build: IntegerBuild, traces: Mapping[str, Trace], found: Findings) -> None:
    figures = found.figures[names.core_symbol(build.name)]
    declared = build.manifest.loads, build.manifest.stores
    counted = figures.loads.activation, figures.stores.activation
    problem = "" if declared == counted else f"declared {declared}, counted {counted} (loads, stores)"
    found.add("moves values as often as the manifest declares", problem, f"{sum(counted)} words, or less than one")
    problem = integer_figures_disagreement(build, traces[names.core_symbol(build.name)], found.figures)
    found.add("the manifest's figures are the program's", problem, "network, memory, moves, layers, instructions")
