"""armlet dataset: labelled images at the side that the topology asks for."""

from pathlib import Path
from typing import Annotated

import typer

from armlet.cli.options import Config, Json, Quiet, Seed, Verbose, resolve_options
from armlet.cli.terminal.console import Console


def dataset(
    topology: Annotated[Path, typer.Argument(metavar="TOPOLOGY.csv", help="Side of the image, then layer widths.")],
    source: Annotated[
        str | None,
        typer.Option(help="digits (embedded), mnist, fashion-mnist, a folder of idx files, an .npz or a .csv."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("dataset"),
    cache: Annotated[Path | None, typer.Option(help="Folder for downloads (default: ~/.cache/armlet).")] = None,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Make a data set whose images have the side that the topology asks for.

    Images are resampled by area to values in [0, 1]. A source without a test set is split, a fifth of each class.
    An .npz holds X and y, or x_train, y_train, x_test and y_test. In a CSV the label is the first or the last column.

    Example: armlet dataset network_topology.csv --source mnist --out dataset
    """
    from armlet.apart import refuse_overlap
    from armlet.data.dataset import conversions, make_dataset, write_dataset
    from armlet.data.source import SourceOptions, place_of, read_source
    from armlet.network.topology import read_topology

    console = Console(quiet, verbose, json)
    wanted = read_topology(topology)
    options = resolve_options(SourceOptions, "dataset", config, name=source, seed=seed, cache=cache)
    refuse_overlap((out,), (topology, config, place_of(options)))
    with console.progress("reading") as advance:
        images = read_source(options, wanted.classes, lambda name, done, total: advance(done, total, name))
        advance(0, 0, "resampling")
        data = make_dataset(images, wanted)
        advance(0, 0, "writing")
        write_dataset(data, wanted.classes, out)
    train, test = len(data.train_labels), len(data.test_labels)
    figures = {"out": str(out), **data.made, "train": train, "test": test}
    text = f"{out}: {train} images to train, {test} to test, {wanted.side}x{wanted.side}, from {images.name}"
    console.result(figures, "; ".join([text, *conversions(data)]))
