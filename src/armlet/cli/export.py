"""armlet export: write a network as a file that other tools open."""

from pathlib import Path
from typing import Annotated

import typer

from armlet.cli.options import Config, Declare, Json, ModelFile, Quiet, Seed, Verbose, read_any_declared
from armlet.cli.terminal.console import Console


def export(
    model: ModelFile,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write: .onnx, .tflite or .npz.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="The .tflite file that the network came from, for .tflite."),
    ] = None,
    declare: Declare = None,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Write a network as a file of another tool, its weights to the bit; the suffix says which.

    An .onnx file holds the inputs' domain too, and reads back as the same network. A .tflite file is the one that the
    network came from, with other weights and biases.

    Example: armlet export PARAMS_SPARSE sparse.onnx
             armlet export PARAMS_SPARSE sparse.tflite --from model.tflite
    """
    from armlet.apart import refuse_overlap
    from armlet.errors import InputError
    from armlet.formats.declare import file_of
    from armlet.formats.writers.write import write_model

    console = Console(quiet, verbose, json)
    if source and out.suffix.lower() != ".tflite":
        raise InputError("--from", f"is for .tflite files, {out} is none", "leave it out")
    refuse_overlap((out,), (model, source, config, file_of(declare)))
    network = read_any_declared(model, declare, console)
    with console.progress("exporting"):
        notes = write_model(network, source or model, out)
    for note in notes:
        console.note(f"{out}: {note}")
    told = {"out": str(out), "inputs": network.inputs, "outputs": network.outputs, "layers": len(network.layers)}
    console.result(told, f"{out}: {network.inputs} inputs, {len(network.layers)} layers, {network.outputs} outputs")
