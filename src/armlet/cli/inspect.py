"""armlet inspect: what a model is, and what compiling it would come to."""

from typing import TYPE_CHECKING

from armlet.cli.options import Config, Declare, Json, ModelFile, Quiet, Seed, Verbose, parse_declare
from armlet.cli.terminal.console import Console

if TYPE_CHECKING:
    from armlet.inspect.inspection import Inspection


def inspect(
    model: ModelFile,
    declare: Declare = None,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Say what a model is: layers, zeros, dead channels, ranges, what is not supported; and what compile would do.

    Nothing is run or written. Cycles and bytes are estimates, by prices that were measured for each connection.

    Example: armlet inspect model.onnx --declare low=0,high=255
    """
    from armlet.cli.terminal.inspected import shown
    from armlet.formats.read import read_model
    from armlet.inspect.inspect import inspection_of

    console = Console(quiet, verbose, json)
    with console.progress("reading"):
        found: Inspection = inspection_of(read_model(model, parse_declare(declare)))
    console.result({"model": str(model), **found.as_json()}, shown(str(model), found))
