"""armlet moments: write the mean and covariance of rows of inputs, for data that may not be shared."""

from pathlib import Path
from typing import Annotated

import typer

from armlet.cli.options import Config, Json, Quiet, Seed, Verbose
from armlet.cli.terminal.console import Console
from armlet.errors import InputError


def moments(
    rows: Annotated[Path, typer.Argument(metavar="ROWS", help=".npz, .npy or .csv of raw inputs, one row each.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.npz", help="File to write, with mean and covariance.")],
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Write the mean and the covariance of rows of inputs, for `armlet sparsify --moments`.

    The file holds no row, so whoever holds the data can share the moments alone. They serve the sparsifier about as
    well as 500 rows.

    Example: armlet moments recordings.csv moments.npz
    """
    from armlet.apart import refuse_overlap
    from armlet.data.moments import read_moments_of
    from armlet.formats.arrays import write_npz
    from armlet.storage import write_file

    console = Console(quiet, verbose, json)
    if out.suffix.lower() != ".npz":
        raise InputError(out, "does not end in .npz", "write such as moments.npz")
    refuse_overlap((out,), (rows, config))
    with console.progress("moments"):
        found = read_moments_of(rows)
        write_file(out, write_npz(found))
    inputs = len(found["mean"])
    console.result({"out": str(out), "inputs": inputs}, f"{out}: mean and covariance of {inputs} inputs, no rows")
