"""The command line: flags to options, one call, and what to print; no logic.

Commands import what they work with inside their functions, so that `armlet --help` wakes neither JAX nor Numba.
"""

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from armlet.cli.console import show_error
from armlet.errors import CapacityError, InputError, TargetError, ToolchainError
from armlet.version import __version__

_REFUSALS = (InputError, CapacityError, ToolchainError, TargetError)  # the caller's to mend: one line, exit code 2
COMMANDS = ("dataset", "train", "sparsify", "compile", "verify", "run", "demo")  # in the order of the road

app = typer.Typer(
    name="armlet",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line. Exit code 0: done; 1: the answer is no; 2: input or usage is wrong; 130: interrupted."""
    try:
        app()
    except KeyboardInterrupt:
        show_error("interrupted")
        sys.exit(130)


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
        except BrokenPipeError:
            raise  # nobody reads on: typer ends quietly
        except OSError as refused:  # a path that the system will not even look at
            show_error(f"{refused.filename or 'system'}: {(refused.strerror or str(refused)).lower()}; check the path")
            raise typer.Exit(2) from refused
        except KeyboardInterrupt:
            show_error("interrupted")
            raise typer.Exit(130) from None

    return run


def _register() -> None:
    for name in COMMANDS:
        try:
            module = importlib.import_module(f"armlet.cli.{name}")
        except ModuleNotFoundError as missing:
            if missing.name != f"armlet.cli.{name}":
                raise
            continue  # not written yet
        app.command(name)(guarded(getattr(module, name)))


_register()
