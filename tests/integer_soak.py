"""Random networks in integers through compiler, linker, emulator and prover until something differs.

    python tests/integer_soak.py [--networks N] [--first I] [--seed K] [--target T ...] [--prove P] [--seconds S]

Network number i of seed K is the same on every machine and for every target: formats and kinds of weights in turn
(generators/integer_kinds.py), then what generators/integers.py draws. Half are compiled for a random objective, half
with each layer in any scheme that it fits, all but one in eight without annealing; the program's own checker must take
each. The builds of a batch share one assembly, one link and one image, since starting the tools takes longest. Both
entries of each are emulated on the ends of all intervals, the worst case of some neurons and random inputs: all outputs
must be what the network defines, to the bit. The text of a share is examined as `armlet verify` does it, and proved
from the linked bytes. What fits no scheme is counted with its reason. What differs is left in --out as a PARAMS folder.
Exit code 1 where anything was found.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from armlet.build import names
from armlet.build.integer.read import IntegerBuild, read_integer_build
from armlet.config import AnnealOptions, IntegerCompileOptions
from armlet.errors import ArmletError, CapacityError
from armlet.formats.params import write_params
from armlet.integer.formats import I64
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.targets import INTEGER_TARGETS
from armlet.pipeline import compile_integer_network
from armlet.prove.integer.entry import prove_entry
from armlet.simulate.decoded import decode_program
from armlet.simulate.integer.runner import IntegerRunner
from armlet.toolchain.image import Image, read_image
from armlet.toolchain.toolchain import Toolchain, find_toolchain
from armlet.verify.integer.text import strange_integer_text
from fuzz import memory_folder
from generators.integer_builds import compiled_in_any_mix
from generators.integer_kinds import KINDS
from generators.integers import draw_integer_network, stored_inputs

BATCH = 64  # builds in one image
INPUTS = 12  # that each network is run on
WIDEST = 12  # most values of a layer; one network in `WIDE` has up to twelve times as many
WIDE = 24
ANY = "any"  # no objective: each layer in any scheme that it fits, so that loops and rare mixes are met
CHOSEN_BY = ("speed", "speed", "size", "balanced", ANY, ANY, ANY, ANY)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One network, how it is compiled, and what it is run on."""

    number: int
    kind: tuple[str, str]
    network: IntegerNetwork
    options: IntegerCompileOptions
    is_any: bool  # written in a random mix of schemes, drawn by the network's number
    inputs: I64
    is_proved: bool

    @property
    def name(self) -> str:
        return f"n{self.number}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a case."""

    case: Case
    problem: str


@dataclass(slots=True)
class Tally:
    """How many of what were met, by kind of network, and why networks were refused."""

    counts: Counter[tuple[tuple[str, str], str]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, case: Case, what: str, count: int = 1) -> None:
        self.counts[case.kind, what] += count

    def total(self, what: str, kinds: Sequence[tuple[str, str]] = tuple(KINDS)) -> int:
        """Over these kinds."""
        return sum(self.counts[kind, what] for kind in kinds)


def draw_case(seed: int, number: int, target: str, share: float) -> Case:
    """Network `number`; the target and the share that is proved change nothing of it."""
    rng = np.random.default_rng([seed, number])
    kind = list(KINDS)[number % len(KINDS)]
    network = draw_integer_network(rng, int(rng.integers(2, WIDEST + 1)), kind=KINDS[kind], wide=WIDE)
    moves = 10 * (int(rng.integers(8)) == 0)
    chosen_by = CHOSEN_BY[int(rng.integers(len(CHOSEN_BY)))]
    is_any = chosen_by == ANY
    objective = "speed" if is_any else chosen_by
    options = IntegerCompileOptions(target, objective, anneal=AnnealOptions(moves=moves, cycles=1))
    inputs = stored_inputs(network, rng, INPUTS)
    return Case(number, kind, network, options, is_any, inputs, bool(rng.random() < share))


def try_batch(batch: Sequence[Case], tools: Toolchain, tally: Tally) -> list[Finding]:
    """Compile, link together, run each and prove some; what was wrong."""
    found: list[Finding] = []
    built: list[tuple[Case, IntegerBuild]] = []
    for case in batch:
        tally.add(case, "networks")
        try:
            built.append((case, _build(case, tally)))
        except CapacityError as refused:
            tally.add(case, "refused")
            tally.reasons[_reason(refused)] += 1
        except Exception as crash:  # an InvariantError is the checker's
            found.append(Finding(case, f"compile: {type(crash).__name__}: {crash}"))
    found += _judged(built, tools, tally)
    for finding in found:
        tally.add(finding.case, "differences")
    return found


def _judged(built: Sequence[tuple[Case, IntegerBuild]], tools: Toolchain, tally: Tally) -> list[Finding]:
    """Link, run and prove; where the whole batch does not link, each by itself."""
    if not built:
        return []
    try:
        image = _linked([build for _, build in built], tools)
        program = decode_program(built[0][1].target.core, image)
    except ArmletError as refused:
        if len(built) == 1:
            return [Finding(built[0][0], f"link: {refused}")]
        return [finding for each in built for finding in _judged([each], tools, tally)]
    found: list[Finding] = []
    for case, build in built:
        runner = IntegerRunner(build, image)
        problem = _difference(case, runner, tally)
        if not problem and case.is_proved:
            tally.add(case, "proved")
            proofs = (prove_entry(runner, program, entry) for entry in runner.entries)
            problem = next((f"not proved: {proof.problem}" for proof in proofs if proof.problem), _strange_text(build))
        if problem:
            found.append(Finding(case, problem))
    return found


def _strange_text(build: IntegerBuild) -> str:
    """Why the verifier would not give the text to an assembler; empty where it does."""
    memory = build.manifest.memory
    return strange_integer_text(build.assembly, build.name, build.target, memory.constants, memory.block, build.network)


def _build(case: Case, tally: Tally) -> IntegerBuild:
    """By way of the folder's files."""
    if case.is_any:
        made = compiled_in_any_mix(case.network, case.name, case.options, case.number)
    else:
        made = compile_integer_network(case.network, case.name, case.options)
    if (made.selection.program.lines["op"] == IntegerOperation.REPEAT).any():
        tally.add(case, "with loops")
    if case.network.argmax is not None:
        tally.add(case, "argmax")
    with tempfile.TemporaryDirectory(dir=memory_folder(), prefix="soak-") as folder:
        for name, content in made.bundle.files.items():
            (Path(folder) / name).write_bytes(content)
        return read_integer_build(Path(folder))


def _reason(refused: CapacityError) -> str:
    """The same for all networks, layers and neurons."""
    why = str(refused).partition(" fits no scheme of ")[2].partition(": ")[2] or str(refused)
    return re.sub(r"-?\d{3,}|(?<=from )-?\d+|(?<=to )-?\d+|(?<=neuron )\d+|(?<=layer )\d+|(?<=2\^)\d+", "N", why)


def _linked(builds: Sequence[IntegerBuild], tools: Toolchain) -> Image:
    """All in one image; labels that each build has for itself get its name."""
    core = builds[0].target.core
    texts = [re.sub(r"\.L(\d+)", rf".L{build.name}_\1", build.assembly) for build in builds]
    made = tools.assemble("\n".join(texts), core)
    return read_image(tools.link([made], core, names.run_symbol(builds[0].name)), core.instruction_set)


def _difference(case: Case, runner: IntegerRunner, tally: Tally) -> str:
    """The first output that is not what the network defines, in words; empty where all are."""
    wanted = run_integers(case.network, case.inputs)
    tally.add(case, "emulated")
    try:
        for entry, call in runner.entries.items():
            for row, x in enumerate(case.inputs):
                given = call(x)
                tally.add(case, "calls")
                if not np.array_equal(given, wanted[row]):
                    return f"{entry} gives {given.tolist()} for {x.tolist()}, must give {wanted[row].tolist()}"
    except ArmletError as fault:
        return f"{type(fault).__name__}: {fault}"
    return ""


def soak(
    target: str,
    numbers: range,
    seed: int,
    share: float,
    report: Callable[[Finding], None],
    seconds: float | None = None,
) -> Tally:
    """Try these networks, or as many as the time allows; how many of what were met."""
    tools, tally, begin = find_toolchain(), Tally(), time.monotonic()
    for first in range(numbers.start, numbers.stop, BATCH):
        if seconds is not None and time.monotonic() - begin > seconds:
            break
        here = range(first, min(first + BATCH, numbers.stop))
        for finding in try_batch([draw_case(seed, number, target, share) for number in here], tools, tally):
            report(finding)
    return tally


def keep(finding: Finding, seed: int, folder: Path) -> Path:
    """Write the network of a finding as a PARAMS folder that says how it was compiled."""
    case, options = finding.case, finding.case.options
    said = {"soak_seed": seed, "soak_number": case.number, "soak_problem": finding.problem[:200]}
    said |= {"compile_target": options.target, "compile_optimize": options.optimize, "compile_any": case.is_any}
    said |= {"compile_moves": options.anneal.moves}
    path = folder / f"{options.target}_seed{seed}_number{case.number}"
    write_params(replace(case.network, provenance=said), path)
    return path


_COLUMNS = ("networks", "refused", "emulated", "with loops", "argmax", "calls", "proved", "differences")


def table(tally: Tally) -> str:
    """By kind of network, by format of values, by kind of weights, and all."""
    kinds = list(KINDS)
    parts = [(f"{values:6} {weights}", [(values, weights)]) for values, weights in kinds]
    parts += [(values, [kind for kind in kinds if kind[0] == values]) for values in dict.fromkeys(v for v, _ in kinds)]
    parts += [(name, [kind for kind in kinds if kind[1] == name]) for name in dict.fromkeys(w for _, w in kinds)]
    rows = [f"{'':18}" + "".join(f"{column:>13}" for column in _COLUMNS)]
    for title, some in (*parts, ("all", kinds)):
        rows.append(f"{title:18}" + "".join(f"{tally.total(column, some):13,}" for column in _COLUMNS))
    reasons = (f"  {count:6,} refused: {reason}" for reason, count in tally.reasons.most_common())
    return "\n".join((*rows, *reasons))


def main() -> int:
    """Reads the command line; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=60_000, help="for each target (60,000: 2,500 of each kind)")
    parser.add_argument("--first", type=int, default=0, help="number of the first network (0)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", nargs="+", choices=[*INTEGER_TARGETS], default=[*INTEGER_TARGETS])
    parser.add_argument("--prove", type=float, default=0.125, help="share that is proved as well (0.125)")
    parser.add_argument("--seconds", type=float, help="go on to the next target after so long")
    parser.add_argument("--out", type=Path, default=Path("soak"), help="folder for what was found (soak)")
    given = parser.parse_args()
    differs = 0

    def report(finding: Finding) -> None:
        path = keep(finding, given.seed, given.out)
        print(f"{path}: {finding.problem[:300]}", flush=True)

    for target in given.target:
        begin = time.monotonic(), time.process_time()
        numbers = range(given.first, given.first + given.networks)
        tally = soak(target, numbers, given.seed, given.prove, report, given.seconds)
        took = f"{time.monotonic() - begin[0]:.0f} s, {time.process_time() - begin[1]:.0f} s of the processor"
        print(f"{target}, seed {given.seed}, from number {given.first}: {took}\n{table(tally)}", flush=True)
        differs += tally.total("differences")
    return int(differs > 0)


if __name__ == "__main__":
    sys.exit(main())
