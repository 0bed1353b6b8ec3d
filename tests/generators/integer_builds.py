"""Build folders of networks in integers, by the plainest programs."""

from pathlib import Path

from armlet.config import IntegerCompileOptions
from armlet.integer.network import IntegerNetwork
from armlet.integer.simplify import simplify_integers
from armlet.pipeline import IntegerCompilation, bundled, find_integer_target
from generators.naive_integers import naive_program


def naively_compiled(network: IntegerNetwork, target: str = "cortex-m4", packed: bool = True) -> IntegerCompilation:
    """A compilation by `naive_program`."""
    simplified = simplify_integers(network)
    program = naive_program(simplified.network, find_integer_target(target), packed)
    return bundled(network, simplified, program, "net", IntegerCompileOptions(target))


def written(made: IntegerCompilation, folder: Path) -> Path:
    """A build folder named net."""
    build = folder / "net"
    build.mkdir(parents=True)
    for name, content in made.bundle.files.items():
        (build / name).write_bytes(content)
    return build
