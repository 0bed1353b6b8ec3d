"""The last word on a build: link it for the exact core, run it, compare every bit, and see that wrong copies fail.

The road of the checks is `verify_build`; each check is one function that gives one or more `Check`s.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from armlet.emit import names
from armlet.errors import ToolchainError
from armlet.network.frozen import F32, F64
from armlet.schedule.interpret import run_order
from armlet.verify.bound import error_bound, largest_sum, specified
from armlet.verify.build import Build, read_build
from armlet.verify.controls import negative_controls
from armlet.verify.cycles import variable_steps
from armlet.verify.declaration import disagreement
from armlet.verify.figures import Figures
from armlet.verify.image import Image, read_image
from armlet.verify.machine import MachineError
from armlet.verify.measure import figures_of
from armlet.verify.prove import prove
from armlet.verify.runner import Area, Runner
from armlet.verify.toolchain import Toolchain, find_toolchain
from armlet.verify.trace import Trace
from armlet.verify.vectors import Trials, trials
from armlet.verify.verdict import Check, Verdict

_CONTROL_INPUTS = 12  # inputs that each corrupted copy is tried on
_SECTIONS = (".text", ".rodata", ".data", ".bss")
_TRACED = 3  # inputs whose whole path is compared


@dataclass(slots=True)
class _Findings:
    """What has been found so far."""

    checks: list[Check] = field(default_factory=list)
    figures: dict[str, Figures] = field(default_factory=dict)
    worst: tuple[float, float] = (0.0, 0.0)

    def add(self, claim: str, problem: str, detail: str = "") -> bool:
        """Record a claim; it holds where there is no problem."""
        self.checks.append(Check(claim, not problem, problem or detail))
        return not problem


def verify_build(folder: Path, random: int = 32, seed: int = 0, tools: Toolchain | None = None) -> Verdict:
    """Everything that is claimed of the build in `folder`, tried on `random` inputs beside the fixed ones.

    Raises `InputError` where the folder cannot be read as a build, `ToolchainError` where there are no tools.
    """
    build, tools = read_build(folder), tools or find_toolchain()
    found = _Findings()
    _check_files(build, found)
    image = _link(build, tools, found)
    if image is not None:
        _check_sizes(build, image, found)
        _check_elsewhere(build, tools, found)
        _check_behaviour(build, image, trials(build, random, seed), found)
    return Verdict(
        build.name,
        build.target.name,
        tools.describe(),
        tuple(found.checks),
        found.figures,
        found.worst[0],
        found.worst[1],
    )


def link_build(build: Build, tools: Toolchain) -> Image:
    """Assemble and link NAME.S for its exact core. Raises `ToolchainError`."""
    core = build.target.core
    return read_image(tools.link([tools.assemble(build.assembly, core)], core, f"{build.name}_run"))


def _check_files(build: Build, found: _Findings) -> None:
    altered = ", ".join(build.altered)
    found.add("the files are as compile left them", f"changed since: {altered}" if altered else "", "by SHA-256")
    digest, declared = build.network.digest(), build.manifest.network.digest
    problem = "" if digest == declared else f"the folder holds network {digest[:16]}, compiled was {declared[:16]}"
    found.add("the network is the one compiled", problem, digest[:16])
    connections = f"{build.order.graph.connections} connections to compute"
    found.add("the declared order has every connection once", disagreement(build.order, build.network), connections)


def _link(build: Build, tools: Toolchain, found: _Findings) -> Image | None:
    try:
        image = link_build(build, tools)
    except ToolchainError as refused:
        found.add(f"assembles and links for {build.target.core.name}", str(refused))
        return None
    found.add(f"assembles and links for {build.target.core.name}", "", tools.describe())
    return image


def _check_sizes(build: Build, image: Image, found: _Findings) -> None:
    memory = build.manifest.memory
    declared = (memory.code, memory.constants, memory.ram - memory.stack)
    linked = (image.code_bytes, image.constant_bytes, image.ram_bytes)
    problem = "" if declared == linked else f"declared {declared}, linked {linked} (code, constants, variables)"
    if strange := [section.name for section in image.sections if section.name not in _SECTIONS]:
        problem = f"has a section {strange[0]}"
    found.add("takes the memory that the manifest declares", problem, f"{image.flash_bytes} bytes of flash")


def _check_elsewhere(build: Build, tools: Toolchain, found: _Findings) -> None:
    """Firmware is linked by others: what is right only where our own link put things must not pass."""
    problem = ""
    try:
        runner = Runner(build, link_build(build, tools, elsewhere=True))
        for entry in runner.entries:
            problem = problem or prove(runner, runner.decoded, entry).problem
    except ToolchainError as refused:
        problem = str(refused)
    found.add("it is proved again where every piece lies elsewhere", problem, "another order, gaps between")


def _check_behaviour(build: Build, image: Image, tried: Trials, found: _Findings) -> None:
    with np.errstate(all="ignore"):
        expected = run_order(build.order, tried.inputs, build.how)
    _check_vectors(build, expected, found)
    told = specified(build.network, tried.inputs, build.scaling)
    _check_range(build, told, found)
    tried, expected = tried.take(told), expected[told]
    if not told.any():
        found.add("there is an input with a specified result", "on each one tried, sums may leave float32")
        return
    _check_bound(build, tried, expected, found)
    try:
        runner = Runner(build, image)
        for entry in runner.entries:
            proved = _check_proof(runner, entry, found)
            _check_exact(runner, entry, tried, expected, found)
            traced = _check_paths(build, runner, entry, tried, found)
            _check_time(build, entry, traced, proved, found)
        first = runner.trace(f"{build.name}_core", tried.inputs[0])
    except MachineError as fault:
        found.add("runs without a fault", str(fault))
        return
    _check_controls(build, image, first, tried, expected, found)


def _check_vectors(build: Build, expected: F32, found: _Findings) -> None:
    """The manifest's vectors come first among the trials."""
    declared = np.array([vector.output for vector in build.manifest.vectors], np.float32)
    wrong = [i for i, (a, b) in enumerate(zip(declared, expected)) if a.tobytes() != b.tobytes()]
    problem = f"vector {wrong[0]} has other outputs" if wrong else ""
    found.add("the declared order gives the manifest's vectors", problem, f"{len(declared)} vectors")


def _check_range(build: Build, told: NDArray[np.bool_], found: _Findings) -> None:
    """Where sums may leave float32 the claims below are about less, and the verdict says so."""
    largest = largest_sum(build.network, build.scaling)
    if largest < np.inf:
        found.add("no sum leaves float32 on the declared inputs", "", f"none beyond {largest:.3g}")
        return
    claim = "sums may leave float32 on some declared inputs: nothing is claimed of results there"
    if not build.network.domain.is_declared:
        claim = "no interval of the inputs is declared: nothing is claimed of results where a sum leaves float32"
    found.add(claim, "", f"{np.count_nonzero(~told)} of {len(told)} inputs tried are left out")


def _check_bound(build: Build, tried: Trials, expected: F32, found: _Findings) -> None:
    distance: F64 = np.abs(expected.astype(np.float64) - build.network(tried.inputs))
    bound = error_bound(build.network, tried.inputs, build.scaling)
    outside = np.argwhere(~(distance <= bound))
    at = np.unravel_index(int(np.argmax(distance)), distance.shape)
    found.worst = float(distance[at]), float(bound[at])
    problem = ""
    if len(outside):
        i, j = outside[0].tolist()
        problem = f"output {j} of {tried.labels[i]} is {distance[i, j]:.3g} off, the bound is {bound[i, j]:.3g}"
    detail = f"at most {found.worst[0]:.3g} off, proven {found.worst[1]:.3g}"
    found.add("the declared order computes the float64 network", problem, detail)


def _check_proof(runner: Runner, entry: str, found: _Findings) -> bool:
    proof = prove(runner, runner.decoded, entry)
    detail = f"{proof.roundings} roundings in {proof.steps} instructions, each as declared"
    return found.add(f"{entry} is proved from its bytes for every input", proof.problem, detail)


def _check_exact(runner: Runner, entry: str, tried: Trials, expected: F32, found: _Findings) -> None:
    problem = ""
    for x, wanted, label in zip(tried.inputs, expected, tried.labels):
        given = runner.entries[entry](x)
        if given.tobytes() != wanted.tobytes():
            wrong = np.flatnonzero(given.view(np.uint32) != wanted.view(np.uint32))
            j = int(wrong[0])
            problem = f"output {j} of {label} is {given[j]!s}, must be {wanted[j]!s} ({len(wrong)} outputs differ)"
            break
    detail = f"{len(tried.labels)} inputs, registers and stack given back"
    found.add(f"{entry} is exact to the bit", problem, detail)


def _check_paths(build: Build, runner: Runner, entry: str, tried: Trials, found: _Findings) -> Trace | None:
    """One path for every input, inside the areas that the entry declares; its figures. Gives it where there is one."""
    chosen = np.unique(np.linspace(0, len(tried.inputs) - 1, _TRACED).astype(int)).tolist()
    traces = [runner.trace(entry, tried.inputs[i]) for i in chosen]
    different = [tried.labels[i] for i, trace in zip(chosen, traces) if not trace.same_path(traces[0])]
    problem = f"{different[0]} takes another way than {tried.labels[chosen[0]]}" if different else ""
    conditional = np.array([bool(form.condition) for form in traces[0].forms])[traces[0].form].sum()
    steps = f"{traces[0].instructions} instructions, {conditional or 'none'} conditional"
    found.add(f"{entry} does the same steps for every input", problem, steps)
    stray = _stray(traces[0], runner.areas(entry))
    found.add(f"{entry} stays inside its memory", stray, "constants, variables, caller's arrays, stack")
    figures = found.figures[entry] = figures_of(
        traces[0], runner.machine, entry, build.target.cycles, build.target.flash
    )
    if entry == names.core_symbol(build.name):
        _check_moves(build, figures, found)
    return None if different else traces[0]


def _check_time(build: Build, entry: str, trace: Trace | None, proved: bool, found: _Findings) -> None:
    """The proof leaves one path, whatever the input; where no step's time depends on data, one time too."""
    table = build.target.cycles
    if table.cache:
        return
    problem = "" if proved else "not every input is proved to take one path"
    if trace is None:
        problem = "inputs take different paths"
    elif varying := variable_steps(trace, table):
        problem = f"the time of {', '.join(varying)} depends on data"
    cycles = found.figures[entry].cycles
    detail = f"no cache: the worst case is exact by the table of {table.name}, memory without wait states"
    found.add(f"{entry} takes {cycles:,} cycles for every input", problem, detail)


def _check_moves(build: Build, figures: Figures, found: _Findings) -> None:
    declared = build.manifest.moves.loads, build.manifest.moves.stores
    counted = figures.loads.activation, figures.stores.activation
    problem = "" if declared == counted else f"declared {declared}, counted {counted} (loads, stores)"
    detail = f"{sum(counted)}, lower bound {build.manifest.moves.bound}"
    found.add("moves activations as often as the manifest declares", problem, detail)


def _stray(trace: Trace, areas: tuple[Area, ...]) -> str:
    """The first access outside `areas`, in words; empty where there is none."""
    begin = trace.access_address.astype(np.int64)
    end = begin + trace.access_size
    allowed = np.zeros(len(begin), bool)
    for area in areas:
        inside = (begin >= area.memory.base) & (end <= area.memory.end)
        allowed |= inside & (~trace.access_store | area.writable)
    if allowed.all():
        return ""
    first = int(np.argmin(allowed))
    step = int(trace.access_step[first])
    does = "writes" if trace.access_store[first] else "reads"
    return f"{trace.forms[trace.form[step]].text} at {trace.address[step]:#010x} {does} {begin[first]:#010x}"


def _check_controls(build: Build, image: Image, trace: Trace, tried: Trials, expected: F32, found: _Findings) -> None:
    chosen = np.unique(np.linspace(0, len(tried.inputs) - 1, _CONTROL_INPUTS).astype(int))
    for control in negative_controls(build, image, trace, tried.inputs[chosen], expected[chosen]):
        claim = f"copies with one wrong {control.kind} bit fail"
        problem = (
            "" if control.refused or not control.tried else f"none of {control.tried} failed: nothing here is proof"
        )
        rest = "" if control.refused == control.tried else "; the others change no output"
        if not control.tried:
            rest = ": there is none to corrupt"
        found.add(claim, problem, f"{control.refused} of {control.tried}{rest}")
