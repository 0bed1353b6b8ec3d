"""The part of armlet compile that is about networks with windows in single precision."""

from pathlib import Path
from typing import TYPE_CHECKING

from armlet.cli.terminal.console import Console, table
from armlet.errors import InputError

if TYPE_CHECKING:
    from armlet.build.floats.manifest import FloatManifest
    from armlet.config import CompileOptions
    from armlet.network.network import Network

_STAGES = ("simplify", "select", "bundle")


def compile_planes(
    console: Console,
    network: "Network",
    build: Path,
    options: "CompileOptions",
    products: list[str] | None,
) -> tuple[dict[str, object], str]:
    """Compile the network to the folder `build`; its figures, and what a person is told."""
    from armlet.pipeline import write_build
    from armlet.windows.compile import compile_float_network

    if products:
        raise InputError("--print", "shows stages of programs without windows", "the lines are in NAME.S")
    with console.progress("compiling") as advance:
        made = compile_float_network(
            network, build.name, options, lambda stage: advance(_STAGES.index(stage), len(_STAGES), stage)
        )
    write_build(made, build)
    manifest = made.bundle.manifest
    return _figures(build, manifest), _summary(build, manifest)


def _figures(build: Path, manifest: "FloatManifest") -> dict[str, object]:
    """What the manifest says, for a program."""
    import msgspec

    names = ("kind", "network", "simplified", "domain", "memory", "values", "layers", "instructions", "cycles")
    return {"out": str(build), **{name: msgspec.to_builtins(getattr(manifest, name)) for name in names}}


def _summary(build: Path, manifest: "FloatManifest") -> str:
    """What the manifest says, for a person."""
    from armlet.network.layers import extents

    network, memory = manifest.network, manifest.memory
    shapes = [extents(shape) for shape in network.shapes]
    rows = [
        [str(each.layer), each.kind, shapes[each.layer + 1], f"{each.across}x{each.channels}" * bool(each.across),
         f"{each.bytes:,}", f"{each.instructions:,}", f"{each.cycles:,}"]
        for each in manifest.layers
    ]  # fmt: skip
    return "\n".join(
        [
            f"{build}: {shapes[0]} to {shapes[-1]} for {manifest.target}, {manifest.dtype}",
            *table(["layer", "kind", "gives", "body", "bytes", "instructions", "cycles"], rows).split("\n"),
            "  body         positions x channels that one pass over a body's code computes",
            f"  domain       inputs {manifest.domain.text}",
            f"  connections  {network.connections} of {network.weights} ({network.sparsity:.1%} sparse), "
            f"{network.connections - manifest.simplified.connections} of them need no computing",
            f"  cycles       {manifest.cycles:,} in {manifest.name}_core, memory without wait states",
            f"  flash        {memory.flash} bytes ({memory.code} code, {memory.constants} constants)",
            f"  RAM          {memory.ram} bytes ({memory.block} block, {memory.stack} stack); the block is at least "
            f"{memory.bound}, at layer {memory.peak}",
        ]
    )
