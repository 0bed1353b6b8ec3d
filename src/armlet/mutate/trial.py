"""The verifier on trial: every mutant of a linked program is caught, or runs exactly as the program does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from armlet.build.floats.read import FloatBuild
from armlet.build.integer.read import IntegerBuild
from armlet.build.integer.read_any import AnyBuild, read_any_build
from armlet.build.read import Build
from armlet.build.tensors.read import TensorBuild
from armlet.errors import ToolchainError
from armlet.integer.interpret import run_integers
from armlet.isa.instruction_set import Decoder
from armlet.mutate.mutants import KINDS, Kinds, mutants
from armlet.prove.bound import specified
from armlet.prove.floats.bound import planes_specified
from armlet.prove.floats.entry import prove_float_entry
from armlet.prove.integer.entry import prove_entry
from armlet.prove.prove import Proof, prove
from armlet.prove.tensors.entry import prove_tensor_entry
from armlet.schedule.interpret import run_order
from armlet.simulate.decoded import DecodedProgram, decode_program
from armlet.simulate.floats.runner import FloatRunner
from armlet.simulate.integer.runner import IntegerRunner
from armlet.simulate.integer.trials import integer_trials
from armlet.simulate.link import link_build
from armlet.simulate.machine import MachineError
from armlet.simulate.runner import Runner
from armlet.simulate.tensors.runner import TensorRunner
from armlet.simulate.vectors import trials
from armlet.tensors.floats.interpret import run_planes
from armlet.toolchain.image import Image
from armlet.toolchain.toolchain import Toolchain, find_toolchain

AnyRunner: TypeAlias = Runner | IntegerRunner | TensorRunner | FloatRunner
CONFIRMED_BY = 1_000  # inputs that an accepted mutant runs on, edges of the format and of the interval first


class Outcome(Enum):
    """What became of a mutant."""

    DECODING = "caught by decoding"
    PROOF = "caught by proof"
    MACHINE = "caught by the machine"
    EQUIVALENT = "equivalent, confirmed"
    SURVIVED = "missed"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of all mutants. The verifier passes where none was missed."""

    name: str
    target: str
    seed: int
    inputs: int
    problem: str  # why the unchanged program cannot stand trial; empty where it can
    fates: Mapping[str, Mapping[Outcome, int]]  # by kind of mutant
    missed: tuple[str, ...]  # address and change of each

    @property
    def made(self) -> int:
        return sum(self.total(fate) for fate in Outcome)

    @property
    def holds(self) -> bool:
        return not self.problem and not self.missed

    def total(self, fate: Outcome) -> int:
        """Mutants of all kinds that met `fate`."""
        return sum(counts[fate] for counts in self.fates.values())

    def as_json(self) -> dict[str, object]:
        """Plain values for a report or a program."""
        kinds = {kind: {fate.value: n for fate, n in counts.items()} for kind, counts in self.fates.items()}
        fixed = {"name": self.name, "target": self.target, "seed": self.seed, "inputs": self.inputs}
        return fixed | {
            "holds": self.holds,
            "problem": self.problem,
            "mutants": self.made,
            "kinds": kinds,
            "missed": list(self.missed),
        }


def try_verifier(
    folder: Path,
    count: int,
    seed: int = 0,
    tools: Toolchain | None = None,
    advance: Callable[[float, float], None] = lambda done, total: None,
) -> Trial:
    """Make `count` mutants of the build in `folder` and judge each; the same seed gives the same trial.

    Raises `InputError` where the folder cannot be read as a build, `ToolchainError` where it does not link.
    """
    build = read_any_build(folder)
    return try_image(build, link_build(build, tools or find_toolchain()), count, seed, advance=advance)


def try_image(
    build: AnyBuild,
    image: Image,
    count: int,
    seed: int,
    inputs: int = CONFIRMED_BY,
    advance: Callable[[float, float], None] = lambda done, total: None,
    kinds: Kinds = KINDS,
) -> Trial:
    """As `try_verifier`, of a program that is linked already, and with other kinds of mutants."""
    x, expected = _tried(build, inputs, seed)
    fates = {kind: dict.fromkeys(Outcome, 0) for kind in kinds}
    missed: list[str] = []
    decoder = build.target.core.decoder()
    fate, problem = judge(build, image, x, expected, decoder)
    problem = "" if fate is Outcome.EQUIVALENT else f"the program itself is {fate.value}: {problem}"
    for number, mutant in enumerate(() if problem else mutants(build.target.core, image, count, seed, kinds), 1):
        fate, why = judge(build, mutant.image, x, expected, decoder)
        fates[mutant.kind][fate] += 1
        if fate is Outcome.SURVIVED:
            missed.append(f"{mutant.change.address:#010x}: {mutant.change.text}: {why}")
        advance(number, count)
    return Trial(build.name, build.target.name, seed, inputs, problem, fates, tuple(missed))


def _tried(build: AnyBuild, count: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """At most so many inputs whose results are specified, and the results."""
    if isinstance(build, FloatBuild):
        x = trials(build, count, seed).inputs[:count]
        x = x[planes_specified(build.network, x)]
        return x, run_planes(build.network, build.arithmetic, x)
    if not isinstance(build, Build):
        stored = integer_trials(build, count, seed).inputs[:count]
        return stored, run_integers(build.network, stored)
    x = trials(build, count, seed).inputs[:count]
    x = x[specified(build.network, x, build.scaling)]
    return x, run_order(build.order, x)


def judge(
    build: AnyBuild, image: Image, inputs: NDArray[Any], expected: NDArray[Any], decoder: Decoder
) -> tuple[Outcome, str]:
    """What becomes of `image` as a program of `build`, and why."""
    try:
        program = decode_program(build.target.core, image, decoder)
    except ToolchainError as refused:
        return Outcome.DECODING, str(refused)
    runner = _runner(build, image)
    # NAME_run calls NAME_core: the inner one first spares most walks through the outer one.
    for entry in reversed(list(runner.entries)):
        if problem := _proof(runner, program, entry).problem:
            return Outcome.PROOF, f"{entry}: {problem}"
    return run_exactly(runner, inputs, expected)


def _runner(build: AnyBuild, image: Image) -> AnyRunner:
    match build:
        case IntegerBuild():
            return IntegerRunner(build, image)
        case TensorBuild():
            return TensorRunner(build, image)
        case FloatBuild():
            return FloatRunner(build, image)
        case _:
            return Runner(build, image)


def _proof(runner: AnyRunner, program: DecodedProgram, entry: str) -> Proof:
    match runner:
        case IntegerRunner():
            return prove_entry(runner, program, entry)
        case TensorRunner():
            return prove_tensor_entry(runner, program, entry)
        case FloatRunner():
            return prove_float_entry(runner, program, entry)
        case _:
            return prove(runner, program, entry)


def run_exactly(runner: AnyRunner, inputs: NDArray[Any], expected: NDArray[Any]) -> tuple[Outcome, str]:
    """Whether both entries give `expected` to the bit."""
    calls = chain.from_iterable(((call, x, y) for x, y in zip(inputs, expected)) for call in runner.entries.values())
    try:
        for call, x, y in calls:
            if call(x).tobytes() != y.tobytes():
                return Outcome.SURVIVED, f"an output differs for the inputs {x.tolist()[:8]}"
    except MachineError as fault:
        return Outcome.MACHINE, str(fault)
    return Outcome.EQUIVALENT, ""
