"""Build folders of networks in integers, by the plainest programs."""

from pathlib import Path

import numpy as np

from armlet.config import AnnealOptions, IntegerCompileOptions
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import simplify_integers
from armlet.pack.layer_code import LayerCode
from armlet.pipeline import IntegerCompilation, bundled, compile_integer_network, find_integer_target
from armlet.select.integer.schemes import SCHEMES
from armlet.select.integer.select import Selection
from generators.naive_integers import naive_program

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


def written(made: IntegerCompilation, folder: Path) -> Path:
    """A build folder named net."""
    build = folder / "net"
    build.mkdir(parents=True)
    for name, content in made.bundle.files.items():
        (build / name).write_bytes(content)
    return build
