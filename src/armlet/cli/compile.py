"""armlet compile: a network to a build folder."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from armlet.cli.options import (
    Config,
    Declare,
    Json,
    ModelFile,
    Quiet,
    Seed,
    Verbose,
    hint_at_declaring,
    read_any_declared,
    resolve_options,
)
from armlet.cli.terminal.console import Console
from armlet.cli.terminal.plot import sparkline
from armlet.errors import InputError, ToolchainError

if TYPE_CHECKING:
    from armlet.build.manifest import LayoutEntry, Manifest
    from armlet.config import CompileOptions
    from armlet.network.domain import InputDomain
    from armlet.network.network import Network
    from armlet.pipeline import Compilation
    from armlet.verify.verdict import Verdict

_STAGES = ("graph", "order", "registers", "layout", "emit")
_DENSE = ("outputs", "inputs", "registers", "objective", "rescale")  # options of networks of dense layers


def compile(
    model: ModelFile,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the build; every symbol starts with it.")],
    out: Annotated[Path, typer.Option(help="The build goes to OUT/NAME.")] = Path("build"),
    target: Annotated[str | None, typer.Option(help="Core (default: cortex-m4f; cortex-m4 for integers).")] = None,
    dtype: Annotated[str | None, typer.Option(help="Number format of real numbers (default: float32).")] = None,
    flash: Annotated[int | None, typer.Option(help="Bytes of flash to fit; refused with both numbers if not.")] = None,
    ram: Annotated[int | None, typer.Option(help="Bytes of RAM to fit, stack included.")] = None,
    inputs: Annotated[
        str | None,
        typer.Option(help="Layout of the inputs: free (the driver places them), natural (a C array) or auto."),
    ] = None,
    outputs: Annotated[
        str | None,
        typer.Option(
            help="In float32, where NAME_core leaves them: auto (in registers where they fit; default) or memory "
            "(always NAME_work). In integers, what is given: auto (what the network says; default) or argmax (the "
            "number of the largest output, an int32, in place of all)."
        ),
    ] = None,
    registers: Annotated[
        int | None, typer.Option(help="Registers for values (default: all that the core has).")
    ] = None,
    objective: Annotated[
        str | None, typer.Option(help="Choose the order by estimated cycles or by activation moves (default: cycles).")
    ] = None,
    multiply_add: Annotated[
        str | None, typer.Option(help="separate (fast) or fused (smaller code; default: separate).")
    ] = None,
    rescale: Annotated[
        str | None,
        typer.Option(
            help="Scale neurons so that weights become 1 or -1: free (by powers of two, nothing is rounded; default), "
            "any (each weight rounded once more, 1 to 4 % fewer cycles) or none."
        ),
    ] = None,
    optimize: Annotated[
        str | None, typer.Option(help="Of a network in integers: for speed, size or balanced (default: speed).")
    ] = None,
    declare: Declare = None,
    verify: Annotated[
        bool, typer.Option(help="Link and test the build afterwards, if armlet[verify] is there.")
    ] = True,
    products: Annotated[
        list[str] | None,
        typer.Option(
            "--print",
            metavar="PRODUCT",
            help="Print what a stage makes (graph, order, code, layout, program) in place of building: no file is "
            "written, nothing is verified. Several are printed in the order given.",
        ),
    ] = None,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Compile a network to assembly in which its weights are the program.

    Writes OUT/NAME with NAME.S, NAME.h, the two pseudodriver files and the manifest NAME.json. The schedule of the
    annealing and all else can be set in armlet.toml, under [compile] and [compile.anneal].

    Example: armlet compile PARAMS_SPARSE digits --flash 65536 --ram 8192
    """
    from armlet.apart import refuse_overlap
    from armlet.build.names import check_name
    from armlet.cli.compile_tensors import compile_any_integers
    from armlet.config import CompileOptions, IntegerCompileOptions
    from armlet.formats.declare import file_of
    from armlet.integer.network import IntegerNetwork
    from armlet.pipeline import compile_network, write_build

    console, declared = Console(quiet, verbose, json), file_of(declare)
    shared = {"target": target, "outputs": outputs, "flash": flash, "ram": ram, "seed": seed}
    given = {"dtype": dtype, "inputs": inputs, "registers": registers, "objective": objective}
    given |= {"multiply_add": multiply_add, "rescale": rescale}
    if not products:
        refuse_overlap((out / check_name(name),), (model, config, declared))
    network = read_any_declared(model, declare, console)
    if isinstance(network, IntegerNetwork):
        _refuse_options(given, "is about programs in float32, the network is one in integers")
        wanted = resolve_options(IntegerCompileOptions, "compile", config, **shared, optimize=optimize)
        told = compile_any_integers(console, network, out / name, wanted, products)
        _finish(console, out / name, *told, verify, network.domain)
        return
    _refuse_options({"optimize": optimize}, "is about programs in integers, the network is one in real numbers")
    options = resolve_options(CompileOptions, "compile", config, **shared, **given)
    _check_printable(products, json)
    if not network.is_chain:
        told = _with_windows(console, network, out / name, options, shared | given, products)
        _finish(console, out / name, *told, verify, network.domain)
        return
    with console.progress("compiling") as advance:
        made = compile_network(network, name, options, lambda stage: advance(_STAGES.index(stage), len(_STAGES), stage))
    if products:
        console.result({}, _printed(made, products))
        return
    write_build(made, out / name)
    for line in _convergence(made.bundle.manifest):
        console.detail(line)
    told = _figures(out / name, made.bundle.manifest), summary(out / name, made.bundle.manifest)
    _finish(console, out / name, *told, verify, network.domain)


def _refuse_options(given: Mapping[str, object], problem: str, options: Collection[str] = ()) -> None:
    """Raise `InputError` at the first of these options, or of all, that was given and has no meaning here."""
    for option, value in given.items():
        if value is not None and (not options or option in options):
            raise InputError(f"--{option.replace('_', '-')}", problem, "leave it out")


def _with_windows(
    console: Console,
    network: "Network",
    build: Path,
    options: "CompileOptions",
    given: Mapping[str, object],
    products: list[str] | None,
) -> tuple[dict[str, object], str]:
    """Compile a network that has other layers than dense ones; its figures, and what a person is told."""
    from armlet.cli.compile_planes import compile_planes

    _refuse_options(given, "is about networks of dense layers, this one has others", _DENSE)
    return compile_planes(console, network, build, options, products)


def _finish(
    console: Console, build: Path, figures: dict[str, object], text: str, verify: bool, domain: "InputDomain"
) -> None:
    """Verify what was written, if that is wanted and can be; say all of it."""
    verdict = _verdict(console, build) if verify else None
    figures["verified"] = None if verdict is None else verdict.holds
    if verdict is not None:
        text += "\n" + _answer(verdict)
    console.result(figures, text)
    hint_at_declaring(domain, console)
    if verdict is not None and not verdict.holds:
        raise typer.Exit(1)


def _check_printable(products: list[str] | None, json: bool) -> None:
    """Raise `InputError` unless there are such products, and standard output is theirs alone."""
    from armlet.products import check_product

    for product in products or ():
        check_product(product)
    if products and json:
        raise InputError("--print", "gives text, --json one line of JSON", "leave one of them out")


def _printed(made: "Compilation", products: list[str]) -> str:
    from armlet.products import PRODUCTS

    return "".join(PRODUCTS[product].show(made) for product in products).removesuffix("\n")


def _verdict(console: Console, build: Path) -> "Verdict | None":
    """What verification says of the build; nothing, and how to get it, where its extra is not installed."""
    from armlet.extras import missing

    if lacking := missing("verify"):
        console.say(f"not verified: that needs {lacking}; pip install 'armlet[verify]'")
        return None
    from armlet.toolchain.toolchain import find_toolchain
    from armlet.verify.verify import verify_build

    try:
        tools = find_toolchain()
    except ToolchainError as refused:
        console.say(f"not verified: {refused}")
        return None
    with console.progress("verifying"):
        return verify_build(build, tools=tools)


def _answer(verdict: "Verdict") -> str:
    wrong = [f"{check.claim} ({check.detail})" for check in verdict.checks if not check.holds]
    if wrong:
        return f"  NOT verified: {'; '.join(wrong)}"
    cycles = {entry: figures.cycles for entry, figures in verdict.figures.items()}
    counted = ", ".join(f"{entry} {count} cycles" for entry, count in cycles.items())
    return f"  verified     exact to the bit in the emulator; {counted} at zero wait states"


def _convergence(manifest: "Manifest") -> list[str]:
    """How each annealing went, a line each: what is gained, and the cost along the way."""
    width = max((len(run.subject) for run in manifest.annealings), default=0)
    return [
        f"  {run.subject:{width}}  {run.moves:>9,} moves  {run.change:>9,.0f}  {sparkline(run.trace)}"
        for run in manifest.annealings
    ]


def _figures(build: Path, manifest: "Manifest") -> dict[str, object]:
    import msgspec

    parts = {
        key: msgspec.to_builtins(getattr(manifest, key))
        for key in ("network", "domain", "simplified", "memory", "moves")
    }
    return {"out": str(build), **parts}


def _called(tried: "LayoutEntry", manifest: "Manifest") -> str:
    """A layout of the inputs by name, and whether it is the one that was built."""
    from armlet.build.manifest import cheapest

    return f"{tried.inputs}, built" if tried is cheapest(manifest.layouts) else tried.inputs


def summary(build: Path, manifest: "Manifest") -> str:
    """What the manifest says, for a person."""
    network, memory, moves = manifest.network, manifest.memory, manifest.moves
    lines = [
        f"{build}: {'-'.join(str(width) for width in network.widths)} for {manifest.target}, {manifest.dtype}",
        f"  layers       {', '.join(network.activations)}",
        f"  domain       inputs {manifest.domain.text}",
        f"  connections  {network.connections} of {network.weights} ({network.sparsity:.1%} sparse), "
        f"{manifest.simplified.dropped_connections} of them need no computing",
        f"  flash        {memory.flash} bytes ({memory.code} code, {memory.constants} constants)",
        f"  RAM          {memory.ram} bytes ({memory.work} work, {memory.block} input block, {memory.stack} stack)",
        f"  moves        {moves.loads} loads, {moves.stores} stores; bound {moves.bound}, ratio {moves.ratio:.2f}",
        f"  transfers    {moves.transfers} ({moves.transfers_before} before annealing, bound {moves.transfers_bound}), "
        f"in {moves.lines} lines",
        *(
            f"  inputs       {_called(tried, manifest)}: {tried.transfers} transfers ({tried.transfers_before} before, "
            f"bound {tried.transfers_bound}), {tried.core} cycles in {manifest.name}_core, "
            f"{tried.run} in {manifest.name}_run"
            for tried in manifest.layouts
        ),
    ]
    return "\n".join(lines)
