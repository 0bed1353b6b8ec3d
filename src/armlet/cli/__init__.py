"""The command line: flags to options, one call, and what to print; no logic.

Commands import what they work with inside their functions, so that `armlet --help` wakes neither JAX nor Numba.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from armlet.cli.compile import compile as compile_command
from armlet.cli.dataset import dataset as dataset_command
from armlet.cli.demo import demo as demo_command
from armlet.cli.export import export as export_command
from armlet.cli.inspect import inspect as inspect_command
from armlet.cli.moments import moments as moments_command
from armlet.cli.run import run as run_command
from armlet.cli.sparsify import sparsify as sparsify_command
from armlet.cli.terminal.console import Interrupted, OutputError, show_error
from armlet.cli.terminal.process import finished, leave, tell_interrupted
from armlet.cli.train import train as train_command
from armlet.cli.verify import verify as verify_command
from armlet.errors import CapacityError, InputError, TargetError, ToolchainError
from armlet.version import __version__

_REFUSALS = (InputError, CapacityError, ToolchainError, TargetError)  # the caller's mistakes: one line, exit code 2
COMMANDS: Mapping[str, Callable[..., Any]] = {  # in the order of the road
    "dataset": dataset_command,
    "train": train_command,
    "moments": moments_command,
    "inspect": inspect_command,
    "sparsify": sparsify_command,
    "compile": compile_command,
    "verify": verify_command,
    "run": run_command,
    "export": export_command,
    "demo": demo_command,
}

app = typer.Typer(
    name="armlet",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line. Exit code 0: done; 1: the answer is no; 2: input or usage is wrong; 130: interrupted."""
    leave(finished(app))


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"armlet {__version__}")
        raise typer.Exit


@app.callback()
def armlet(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Sparse neural networks, without data, to ARM assembly in which the weights are the program.

    The road: network_topology.csv -> dataset -> train -> sparsify -> compile -> verify.

    From a model file: inspect -> sparsify -> compile -> verify -> run.

    Start with: armlet demo
    """


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """`command`, its refusals shown as one line with exit code 2, and an interruption as one line with 130."""

    @functools.wraps(command)
    def run(*arguments: Any, **flags: Any) -> Any:
        try:
            return command(*arguments, **flags)
        except _REFUSALS as refused:
            show_error(str(refused))
            raise typer.Exit(2) from refused
        except (BrokenPipeError, OutputError):
            raise  # nobody reads on
        except OSError as refused:  # a path that the system will not even look at
            show_error(f"{refused.filename or 'system'}: {(refused.strerror or str(refused)).lower()}; check the path")
            raise typer.Exit(2) from refused
        except KeyboardInterrupt:
            tell_interrupted()
            raise Interrupted from None

    return run


for _name, _command in COMMANDS.items():
    app.command(_name)(guarded(_command))
