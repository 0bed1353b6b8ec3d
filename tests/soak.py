"""Random networks through the compiler, the linker and the emulator until something differs, or until told to stop.

    python tests/soak.py [--networks N] [--seconds S] [--seed K] [--out FOLDER]

Network number i of seed K is the same on every machine (generators/networks.py). Each is compiled with random options.
Both entries are emulated on edges of the format and of the interval and on random inputs; every output is compared to
the bit with the declared order, and within the proven bound with the float64 network. Many builds share one assembly,
one link and one flash image, since starting the tools is what takes time. What differs is shrunk to a small network
and left in FOLDER as a PARAMS folder, its options in the provenance. Exit code 1 where anything was found.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np

from armlet.build.read import Build, read_build
from armlet.config import CompileOptions
from armlet.errors import ArmletError, CapacityError, InputError
from armlet.formats.params import write_params
from armlet.isa.thumb.thumb import THUMB
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.pipeline import compile_network
from armlet.prove.bound import error_bound, specified
from armlet.schedule.interpret import run_order
from armlet.simulate.runner import Runner
from armlet.simulate.vectors import Trials, trials
from armlet.toolchain.image import Image, read_image
from armlet.toolchain.toolchain import Toolchain, find_toolchain
from generators.networks import draw_network
from generators.options import draw_options

BATCH = 64  # builds in one image
RANDOM = 8  # random inputs beside the fixed ones
INPUTS = 12  # of all these, that each network is run on
HUGE = 1e8  # ordinary weights of four small layers stay far inside float32
SHRINKS = 300  # smaller networks to try


@dataclass(frozen=True)
class Case:
    """One network and how it is compiled."""

    number: int
    network: Network
    options: CompileOptions

    @property
    def name(self) -> str:
        return f"n{self.number}"


@dataclass(frozen=True)
class Finding:
    """What is wrong with a case."""

    case: Case
    problem: str


def cases(seed: int, first: int = 0) -> Iterator[Case]:
    for number in count(first):
        rng = np.random.default_rng([seed, number])
        yield Case(number, draw_network(rng), draw_options(rng))


def try_batch(batch: list[Case], tools: Toolchain, tally: Counter[str]) -> list[Finding]:
    """Compile, link together, and run each; what was wrong."""
    found: list[Finding] = []
    built: list[tuple[Case, Build]] = []
    for case in batch:
        try:
            built.append((case, _build(case)))
        except CapacityError:
            tally["refused: do not fit"] += 1
        except InputError as refused:
            if "float32" in refused.problem and _has_huge(case.network):
                tally["refused: beyond float32"] += 1
            else:
                found.append(Finding(case, f"compile: {refused}"))
        except Exception as crash:
            found.append(Finding(case, f"compile: {type(crash).__name__}: {crash}"))
    for core in {build.target.core for _, build in built}:
        mine = [(case, build) for case, build in built if build.target.core is core]
        text = "\n".join(build.assembly for _, build in mine)
        try:
            image = read_image(tools.link([tools.assemble(text, core)], core, f"{mine[0][1].name}_run"), THUMB)
        except ArmletError as refused:
            if len(batch) == 1:
                return [Finding(batch[0], f"link: {refused}")]
            return [finding for case in batch for finding in try_batch([case], tools, tally)]
        for case, build in mine:
            if problem := _difference(build, image, tally):
                found.append(Finding(case, problem))
    tally["networks"] += len(batch)
    return found


def _build(case: Case) -> Build:
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        made = compile_network(case.network, case.name, case.options)
        for name, content in made.bundle.files.items():
            (Path(folder) / name).write_bytes(content)
        return read_build(Path(folder))


def _difference(build: Build, image: Image, tally: Counter[str]) -> str:
    """The first output that is not what it must be, in words; empty where all are."""
    tried = _some(trials(build, RANDOM, build.manifest.memory.flash), build)
    with np.errstate(all="ignore"):
        expected = run_order(build.order, tried.inputs)
        bound = error_bound(build.network, tried.inputs, build.scaling)
        distance = np.abs(expected.astype(np.float64) - build.network(tried.inputs))
        told = specified(build.network, tried.inputs, build.scaling)
    outside = (distance > bound) & told[:, None]
    if outside.any():
        row, j = np.argwhere(outside)[0]
        return f"the order's output {j} of {tried.labels[row]} is {distance[row, j]:.3g} off, bound {bound[row, j]:.3g}"
    tally["inputs beyond float32"] += int((~told).sum())
    try:
        runner = Runner(build, image)
        for entry, call in runner.entries.items():
            for row in np.flatnonzero(told):
                given = call(tried.inputs[row])
                tally["calls"] += 1
                if given.tobytes() != expected[row].tobytes():
                    return f"{entry} gives {given} for {tried.labels[row]}, must give {expected[row]}"
    except ArmletError as fault:
        return f"{type(fault).__name__}: {fault}"
    return ""


def _some(tried: Trials, build: Build) -> Trials:
    """A few of the trials, others for each network: over many networks each kind comes up thousands of times."""
    rng = np.random.default_rng(int(build.manifest.network.digest[:8], 16))
    rows = np.sort(rng.permutation(len(tried.labels))[:INPUTS])
    return Trials(tried.inputs[rows], tuple(tried.labels[row] for row in rows))


def _has_huge(network: Network) -> bool:
    """Whether sums may leave float32 at all: a compiler that sees constants do so refuses."""
    return any(np.abs(layer.weight).max() > HUGE or np.abs(layer.bias).max() > HUGE for layer in network.dense)


def shrink(finding: Finding, tools: Toolchain) -> Finding:
    """The same trouble with fewer layers, neurons and weights, as far as `SHRINKS` trials go."""
    left = SHRINKS
    progress = True
    while progress and left > 0:
        progress = False
        for smaller in smaller_networks(finding.case.network):
            left -= 1
            case = replace(finding.case, network=smaller)
            if again := try_batch([case], tools, Counter()):
                finding, progress = again[0], True
                break
            if left <= 0:
                break
    return finding


def smaller_networks(network: Network) -> Iterator[Network]:
    """Candidates, the boldest first: each is a valid network with something less."""
    layers, domain, first = network.dense, network.domain, network.dense[0]
    if len(layers) > 1:
        yield _made(layers[:-1], domain)
    for i, layer in enumerate(layers):  # a neuron, with what it feeds
        for j in range(layer.outputs if layer.outputs > 1 else 0):
            kept = np.arange(layer.outputs) != j
            changed = [*layers]
            changed[i] = Dense(layer.weight[kept], layer.bias[kept], layer.activation)
            if i + 1 < len(layers):
                changed[i + 1] = replace(layers[i + 1], weight=layers[i + 1].weight[:, kept])
            yield _made(changed, domain)
    for j in range(network.inputs if network.inputs > 1 else 0):
        kept = np.arange(network.inputs) != j
        less = InputDomain(domain.low[kept], domain.high[kept], domain.mean[kept], domain.std[kept])
        yield _made((replace(first, weight=first.weight[:, kept]), *layers[1:]), less)
    for i, layer in enumerate(layers):
        for place in np.argwhere(layer.weight != 0):
            weight = layer.weight.copy()
            weight[place[0], place[1]] = 0
            yield _made((*layers[:i], replace(layer, weight=weight), *layers[i + 1 :]), domain)
        for j in np.flatnonzero(layer.bias).tolist():
            bias = layer.bias.copy()
            bias[j] = 0
            yield _made((*layers[:i], replace(layer, bias=bias), *layers[i + 1 :]), domain)
    if not domain.is_normalised:
        yield _made(layers, InputDomain.uniform(network.inputs, domain.low, domain.high))


def _made(layers: Sequence[Dense], domain: InputDomain) -> Network:
    return Network(tuple(layers), domain, (layers[0].inputs,))


def keep(finding: Finding, seed: int, folder: Path) -> Path:
    """Write the network of a finding as a PARAMS folder that says how it was compiled."""
    case = finding.case
    wishes = {f"compile_{key}": str(value) for key, value in asdict(case.options).items()}
    said = {"soak_seed": seed, "soak_number": case.number, "soak_problem": finding.problem, **wishes}
    network = Network(case.network.dense, case.network.domain, case.network.shape, said)
    write_params(network, folder / f"seed{seed}_number{case.number}")
    return folder / f"seed{seed}_number{case.number}"


def soak(
    seed: int,
    networks: int | None,
    seconds: float | None,
    report: Callable[[Finding], None],
    first: int = 0,
    tools: Toolchain | None = None,
) -> Counter[str]:
    """Try networks until `networks` are done, `seconds` are over or somebody interrupts; how many of what were met."""
    tools, tally, begin = tools or find_toolchain(), Counter[str](), time.monotonic()
    source = cases(seed, first)
    try:
        while (networks is None or tally["networks"] < networks) and (
            seconds is None or time.monotonic() - begin < seconds
        ):
            size = BATCH if networks is None else min(BATCH, networks - tally["networks"])
            for finding in try_batch([next(source) for _ in range(size)], tools, tally):
                tally["findings"] += 1
                report(finding)
            _show(tally, time.monotonic() - begin)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
    return tally


def _show(tally: Counter[str], seconds: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{_said(tally, seconds)}", end="", file=sys.stderr, flush=True)


def _said(tally: Counter[str], seconds: float) -> str:
    rest = ", ".join(f"{what} {number:,}" for what, number in sorted(tally.items()))
    return f"{rest}; {seconds:.0f} s, {tally['networks'] / max(seconds, 1e-9):.1f} networks a second"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, help="stop after so many (default: go on)")
    parser.add_argument("--seconds", type=float, help="stop after so long (default: go on)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first network (0)")
    parser.add_argument("--out", type=Path, default=Path("soak"), help="folder for what was found (soak)")
    arguments = parser.parse_args()
    tools, begin = find_toolchain(), time.monotonic()

    def report(finding: Finding) -> None:
        small = shrink(finding, tools)
        print(f"\n{keep(small, arguments.seed, arguments.out)}: {small.problem}", flush=True)

    tally = soak(arguments.seed, arguments.networks, arguments.seconds, report, arguments.first, tools)
    print(f"\n{tools.describe()}: {_said(tally, time.monotonic() - begin)}")
    raise SystemExit(1 if tally["findings"] else 0)


if __name__ == "__main__":
    main()
