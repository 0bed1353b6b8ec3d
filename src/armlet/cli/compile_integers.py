"""armlet compile, of a network in integers."""

from pathlib import Path
from typing import TYPE_CHECKING

from armlet.cli.terminal.console import Console
from armlet.errors import InputError

if TYPE_CHECKING:
    from armlet.config import IntegerCompileOptions
    from armlet.integer.argmax import Argmax
    from armlet.integer.network import IntegerNetwork
    from armlet.pipeline import IntegerCompilation

_STAGES = ("simplify", "select", "bundle")


def compile_integers(
    console: Console,
    network: "IntegerNetwork",
    build: Path,
    options: "IntegerCompileOptions",
    products: list[str] | None,
) -> "IntegerCompilation":
    """Compile the network to the folder `build`."""
    from armlet.pipeline import compile_integer_network, write_build

    if products:
        raise InputError("--print", "shows stages of programs in float32", "the lines are in NAME.S, with connections")
    with console.progress("compiling") as advance:
        made = compile_integer_network(
            network, build.name, options, lambda stage: advance(_STAGES.index(stage), len(_STAGES), stage)
        )
    write_build(made, build)
    return made


def integer_figures(build: Path, made: "IntegerCompilation") -> dict[str, object]:
    """What the manifest says, for a program."""
    import msgspec

    names = ("kind", "network", "domain", "simplified", "intervals", "memory", "layers", "loads", "stores")
    return {"out": str(build), **{name: msgspec.to_builtins(getattr(made.bundle.manifest, name)) for name in names}}


def integer_summary(build: Path, made: "IntegerCompilation") -> str:
    """What the manifest says, for a person."""
    manifest = made.bundle.manifest
    network, memory, found = manifest.network, manifest.memory, manifest.simplified
    widths, formats = "-".join(map(str, network.widths)), ", ".join(network.formats)
    bits = max(entry.bits for entry in manifest.intervals)
    return "\n".join(
        [
            f"{build}: {widths} for {manifest.target}, in integers",
            f"  layers       {', '.join(network.activations)}; values in {formats}",
            *argmax_lines(made.network.argmax),
            f"  domain       inputs {manifest.domain.text}",
            f"  connections  {network.connections} of {network.weights} ({network.sparsity:.1%} sparse), "
            f"{network.connections - found.connections} of them need no computing",
            f"  intervals    no sum overflows: the widest needs {bits} of 32 bits",
            *(
                f"  layer {entry.layer + 1:<7}{entry.scheme}: {entry.words} words, {entry.loads} loads, "
                f"{entry.stores} stores, {entry.lines} lines"
                for entry in manifest.layers
            ),
            f"  flash        {memory.flash} bytes ({memory.code} code, {memory.constants} constants)",
            f"  RAM          {memory.ram} bytes ({memory.block} block, {memory.stack} stack)",
        ]
    )


def argmax_lines(argmax: "Argmax | None") -> list[str]:
    """That the number of the largest output is given, and what it is compared by."""
    if argmax is None:
        return []
    factors = f"{argmax.factor.min()} to {argmax.factor.max()}"
    rounding = f", after {argmax.shift} bits are rounded off" if argmax.shift else ""
    exact = not argmax.shift and argmax.factor.min() == argmax.factor.max() == 1
    by = "stored outputs as they are" if exact else f"stored outputs times whole factors from {factors}{rounding}"
    return [f"  outputs      the number of the largest of {len(argmax.factor)}, an int32; compared are {by}"]
