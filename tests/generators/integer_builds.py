"""Build folders of networks in integers: compiled, in any mix of schemes, by the plainest programs."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from armlet.anneal.engine import Annealing
from armlet.config import AnnealOptions, IntegerCompileOptions
from armlet.errors import CapacityError
from armlet.integer.bounds import integer_bounds
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import simplify_integers
from armlet.pack.layer_code import LayerCode
from armlet.pipeline import IntegerCompilation, bundled, compile_integer_network, find_integer_target
from armlet.select.integer.check.check_program import check_integer_program
from armlet.select.integer.mix.planner import Planner
from armlet.select.integer.schemes import SCHEMES, Scheme
from armlet.select.integer.select import Selection, mixed
from generators.naive_integers import naive_program

_DRAWS = 8  # of mixes, where one does not do
QUICK = IntegerCompileOptions(anneal=AnnealOptions(moves=10, cycles=1))


def compiled_integers(network: IntegerNetwork, folder: Path, options: IntegerCompileOptions = QUICK) -> Path:
    """A build folder named net."""
    return written(compile_integer_network(network, "net", options), folder)


def naively_compiled(network: IntegerNetwork, target: str = "cortex-m4", packed: bool = True) -> IntegerCompilation:
    """A compilation by `naive_program`."""
    simplified = simplify_integers(network)
    program = naive_program(simplified.network, find_integer_target(target), packed)
    nothing = np.zeros((0, 4), np.int32)
    words = np.full((program.block.span // 4, 2), -1, np.int32)
    code = LayerCode(words, nothing[:, :2], nothing, nothing[:, 0])
    layers = len(network.layers)
    selection = Selection(program, (code,) * layers, (SCHEMES["cortex-m4"][0],) * layers)
    return bundled(network, simplified, selection, "net", IntegerCompileOptions(target))


def compiled_in_any_mix(
    network: IntegerNetwork, name: str, options: IntegerCompileOptions, seed: int
) -> IntegerCompilation:
    """As `compile_integer_network`, with each layer in a random one of the schemes that take it."""
    simplified, target = simplify_integers(network), find_integer_target(options.target)
    lean, how, rng = simplified.network, Annealing(**asdict(options.anneal)), np.random.default_rng(seed)
    planner = Planner(lean, integer_bounds(lean), target, how)
    for left in reversed(range(_DRAWS)):
        try:
            selection = mixed(planner, _any_schemes(planner, rng))
        except CapacityError:  # loops that take more registers than their layer leaves
            if not left:
                raise
            continue
        check_integer_program(selection.program)
        return bundled(network, simplified, selection, name, options)
    raise AssertionError


def _any_schemes(planner: Planner, rng: np.random.Generator) -> tuple[Scheme, ...]:
    """One for each layer, of straight code or of loops by equal chances. Raises `CapacityError`."""
    chosen: list[Scheme] = []
    for number in range(len(planner.network.dense)):
        straight = [scheme for scheme in SCHEMES[planner.target.name] if scheme.fits(planner.task(number))]
        families = [each for each in (straight, [*planner.compact(number)]) if each]
        if not families:
            raise planner.refusal(number)
        family = families[int(rng.integers(len(families)))]
        chosen.append(family[int(rng.integers(len(family)))])
    return tuple(chosen)


def written(made: IntegerCompilation, folder: Path) -> Path:
    """A build folder named net."""
    build = folder / "net"
    build.mkdir(parents=True)
    for name, content in made.bundle.files.items():
        (build / name).write_bytes(content)
    return build
