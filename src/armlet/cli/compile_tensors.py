"""armlet compile, of a network in integers: a chain of dense layers, or one that has windows."""

from pathlib import Path
from typing import TYPE_CHECKING

from armlet.cli.compile_integers import argmax_lines, compile_integers, integer_figures, integer_summary
from armlet.cli.terminal.console import Console, table
from armlet.errors import InputError

if TYPE_CHECKING:
    from armlet.build.tensors.manifest import TensorManifest
    from armlet.config import IntegerCompileOptions
    from armlet.integer.network import IntegerNetwork
    from armlet.pipeline import TensorCompilation

_STAGES = ("simplify", "select", "bundle")


def compile_any_integers(
    console: Console,
    network: "IntegerNetwork",
    build: Path,
    options: "IntegerCompileOptions",
    products: list[str] | None,
) -> tuple[dict[str, object], str]:
    """Compile the network to the folder `build`, as a chain or with windows; its figures, and what a person is told."""
    if network.is_chain:
        made = compile_integers(console, network, build, options, products)
        return integer_figures(build, made), integer_summary(build, made)
    made = compile_tensors(console, network, build, options, products)
    return tensor_figures(build, made.bundle.manifest), tensor_summary(build, made)


def compile_tensors(
    console: Console,
    network: "IntegerNetwork",
    build: Path,
    options: "IntegerCompileOptions",
    products: list[str] | None,
) -> "TensorCompilation":
    """Compile the network to the folder `build`."""
    from armlet.pipeline import compile_tensor_network, write_build

    if products:
        raise InputError("--print", "shows stages of programs in float32", "the lines are in NAME.S")
    with console.progress("compiling") as advance:
        made = compile_tensor_network(
            network, build.name, options, lambda stage: advance(_STAGES.index(stage), len(_STAGES), stage)
        )
    write_build(made, build)
    return made


def tensor_figures(build: Path, manifest: "TensorManifest") -> dict[str, object]:
    """What the manifest says, for a program."""
    import msgspec

    names = (
        "kind",
        "network",
        "domain",
        "simplified",
        "intervals",
        "memory",
        "values",
        "taken",
        "layers",
        "instructions",
        "cycles",
    )
    return {"out": str(build), **{name: msgspec.to_builtins(getattr(manifest, name)) for name in names}}


def tensor_summary(build: Path, made: "TensorCompilation") -> str:
    """What the manifest says, for a person."""
    from armlet.network.layers import extents

    manifest = made.bundle.manifest
    network, memory, layers = manifest.network, manifest.memory, manifest.layers
    shapes = [extents(shape) for shape in network.shapes]
    bits = max(entry.bits for entry in manifest.intervals)
    rows = [
        [str(each.layer), each.kind, shapes[each.layer + 1], _body(each.across, each.channels), f"{each.bytes:,}",
         f"{each.lines:,}", f"{each.cycles:,}"]
        for each in layers
    ]  # fmt: skip
    return "\n".join(
        [
            f"{build}: {shapes[0]} to {shapes[-1]} for {manifest.target}, in integers",
            *table(["layer", "kind", "gives", "body", "bytes", "instructions", "cycles"], rows).split("\n"),
            "  body         positions x channels that one pass over a body's code computes",
            *argmax_lines(made.network.argmax),
            f"  domain       inputs {manifest.domain.text}",
            f"  connections  {network.connections} of {network.weights} ({network.sparsity:.1%} sparse), "
            f"{network.connections - manifest.simplified.connections} of them need no computing",
            f"  intervals    no sum overflows: the widest needs {bits} of 32 bits",
            f"  cycles       {manifest.cycles:,} in {manifest.name}_core but for its entry and exit, no wait states",
            f"  flash        {memory.flash} bytes ({memory.code} code, {memory.constants} constants)",
            f"  RAM          {memory.ram} bytes ({memory.block} block, {memory.stack} stack); the block is at least "
            f"{memory.bound}, at layer {memory.peak}",
        ]
    )


def _body(across: int, channels: int) -> str:
    """Positions, two in each word, and channels that a body makes at once."""
    return f"{2 * across}x{channels}" if across else ""
