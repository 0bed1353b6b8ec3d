"""armlet train: a data set and a topology to a PARAMS folder."""

from pathlib import Path
from typing import Annotated

import typer

from armlet.cli.options import Config, Json, Quiet, Seed, Verbose, resolve_options
from armlet.cli.terminal.console import Console


def train(
    params: Annotated[Path, typer.Argument(metavar="PARAMS", help="Folder to write.")],
    topology: Annotated[Path, typer.Argument(metavar="TOPOLOGY.csv", help="Side of the image, then layer widths.")],
    data: Annotated[Path, typer.Option(help="Data set folder.")] = Path("dataset"),
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the training rows (default: by their number).")
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Rows a step (default: by their number).")] = None,
    rate: Annotated[float | None, typer.Option(help="Learning rate at the start (default: by the batch).")] = None,
    decay: Annotated[float | None, typer.Option(help="Weight decay (default: 0.1).")] = None,
    validation: Annotated[
        float | None, typer.Option(help="Share of rows that choose the best epoch (default: 0.1).")
    ] = None,
    patience: Annotated[
        int | None, typer.Option(help="Epochs without a better one before it stops (default: half).")
    ] = None,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Train a ReLU multilayer perceptron and write it as a PARAMS folder.

    Rows held out of the training set choose the best epoch; the test set is only used for the accuracy that is
    shown at the end.

    Example: armlet train PARAMS network_topology.csv --data dataset
    """
    from armlet.apart import refuse_overlap
    from armlet.data.dataset import read_dataset
    from armlet.extras import require
    from armlet.formats.params import OWNS, write_params
    from armlet.network.topology import read_topology
    from armlet.storage import refuse_foreign
    from armlet.train.options import Epoch, TrainOptions

    require("training", "sparsify")
    console = Console(quiet, verbose, json)
    wanted = read_topology(topology)
    given = {"epochs": epochs, "batch": batch, "rate": rate, "decay": decay}
    given |= {"validation": validation, "patience": patience, "seed": seed}
    options = resolve_options(TrainOptions, "train", config, **given)
    refuse_overlap((params,), (topology, data, config))
    rows = read_dataset(data, wanted)
    refuse_foreign(params, OWNS)
    with console.progress("training") as advance:
        from armlet.train.trainer import train_network

        def watch(epoch: Epoch) -> None:
            note = f"epoch {epoch.number}  loss {epoch.loss:.4f}  accuracy {epoch.accuracy:.2%}"
            advance(epoch.number, epoch.epochs, note)
            console.detail(note)

        network = train_network(rows, wanted, options, watch)
    write_params(network, params)
    accuracy = float((network(rows.test_inputs).argmax(axis=1) == rows.test_labels).mean())
    figures = {"out": str(params), "test_accuracy": accuracy, **network.provenance}
    widths = "-".join(str(width) for width in network.widths)
    console.result(figures, f"{params}: {widths}, {accuracy:.2%} of {len(rows.test_labels)} test images")
