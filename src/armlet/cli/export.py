"""armlet export: write a network as a file that other tools open."""

from pathlib import Path
from typing import Annotated

import typer

from armlet.cli.options import Config, Declare, Json, Quiet, Seed, Verbose
from armlet.cli.terminal.console import Console


def export(
    params: Annotated[Path, typer.Argument(metavar="PARAMS", help="PARAMS folder or network file.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write: .onnx or .npz.")],
    declare: Declare = None,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Write a network as a file of another tool, its weights to the bit; the suffix says which.

    An .onnx file holds the inputs' domain too, and reads back as the same network.

    Example: armlet export PARAMS_SPARSE sparse.onnx
    """
    from armlet.apart import refuse_overlap
    from armlet.formats.declaration import Declaration
    from armlet.formats.declare import file_of, parse_declaration
    from armlet.formats.read import read_any_network
    from armlet.formats.writers.write import write_model

    console = Console(quiet, verbose, json)
    refuse_overlap((out,), (params, config, file_of(declare)))
    network = read_any_network(params, parse_declaration(declare) if declare else Declaration(), console.warn)
    with console.progress("exporting"):
        notes = write_model(network, params, out)
    for note in notes:
        console.warn(f"{out}: {note}")
    told = {"out": str(out), "inputs": network.inputs, "outputs": network.outputs, "layers": len(network.layers)}
    console.result(told, f"{out}: {network.inputs} inputs, {len(network.layers)} layers, {network.outputs} outputs")
