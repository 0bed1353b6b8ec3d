"""The options that every command takes, as types for its signature, and what flags and armlet.toml say together."""

from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from armlet.errors import InputError
from armlet.storage import read_toml

if TYPE_CHECKING:
    from armlet.cli.terminal.console import Console
    from armlet.formats.declaration import Declaration
    from armlet.integer.network import IntegerNetwork
    from armlet.network.domain import InputDomain
    from armlet.network.network import Network

_COMMON = "Common to all commands"

_SEED = "Seed of all randomness; the same seed gives the same bytes."
Seed = Annotated[int | None, typer.Option("--seed", min=0, help=_SEED, rich_help_panel=_COMMON)]
Config = Annotated[
    Path | None, typer.Option("--config", help="armlet.toml; flags win over it.", rich_help_panel=_COMMON)
]
Declare = Annotated[
    str | None,
    typer.Option(
        "--declare",
        metavar="WORDS|FILE.toml",
        help="What the network's file does not say: low=0,high=255 (each raw input's interval), mean=, std= (its "
        "normalisation), shape=28x28, output=scores|values, activation=tanh. One number for each input: in a .toml "
        "file, as in network.toml.",
    ),
]
ModelFile = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="PARAMS folder, or model file: .npz, .onnx, .tflite, .safetensors or .keras."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only results and errors.", rich_help_panel=_COMMON)]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Every detail.", rich_help_panel=_COMMON)]
Json = Annotated[bool, typer.Option("--json", help="The result as one line of JSON.", rich_help_panel=_COMMON)]

_Options = TypeVar("_Options")
_LONGEST = 1 << 20  # bytes of armlet.toml


def read_declared(path: Path, declare: str | None, console: "Console") -> "Network":
    """The network in `path` with what --declare says of it; what is assumed is said. Raises `InputError`."""
    from armlet.formats.read import read_network

    return read_network(path, parse_declare(declare), console.note)


def read_any_declared(path: Path, declare: str | None, console: "Console") -> "Network | IntegerNetwork":
    """The same, of a network in real numbers or in integers; that armlet can compile it is not said."""
    from armlet.formats.read import read_any_network

    return read_any_network(path, parse_declare(declare), console.note)


def parse_declare(declare: str | None) -> "Declaration":
    """What --declare says; nothing where it is not given. Raises `InputError`."""
    from armlet.formats.declaration import Declaration
    from armlet.formats.declare import parse_declaration

    return parse_declaration(declare) if declare else Declaration()


def hint_at_declaring(domain: "InputDomain", console: "Console") -> None:
    """Behind a result: how to say what the inputs are, where nobody did."""
    if not domain.is_declared:
        console.warn("nobody declared the inputs; --declare low=0,high=1 or a network.toml does: docs/network.md")


def resolve_options(kind: type[_Options], section: str, config: Path | None, **flags: Any) -> _Options:
    """A `kind` (a dataclass) from the flags that are not None, else from `[section]` of `config`, else its defaults.

    Raises `InputError` naming the file and the key.
    """
    import msgspec

    table = read_section(config, section) if config else {}
    _require_known(table, kind, f"{config}: [{section}]")
    try:
        typed = msgspec.convert(table, kind, dec_hook=_as_path)
    except msgspec.ValidationError as wrong:
        raise InputError(f"{config}: [{section}]", str(wrong).replace("$.", "")) from wrong
    except InputError as wrong:
        place = f"{config}: [{section}] {wrong.source.removeprefix('--')}"
        raise InputError(place, wrong.problem, wrong.hint) from wrong
    given = {name: value for name, value in flags.items() if value is not None}
    return replace(typed, **given)  # pyright: ignore[reportArgumentType]


def _as_path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"Expected `path`, got `{type(value).__name__}`")


def _require_known(table: dict[str, Any], kind: Any, place: str) -> None:
    """Refuse keys that `kind` or a dataclass inside it does not have: a misspelt option must not be silent."""
    hints = get_type_hints(kind)
    for key, value in table.items():
        if key not in hints:
            raise InputError(place, f"has no option {key!r}", f"it has {', '.join(hints)}")
        if is_dataclass(hints[key]) and isinstance(value, dict):
            _require_known(value, hints[key], f"{place.removesuffix(']')}.{key}]")


def read_section(config: Path, section: str) -> dict[str, Any]:
    """The table `[section]` of a TOML file, empty where it has none. Raises `InputError`."""
    table = read_toml(config, _LONGEST).get(section, {})
    if not isinstance(table, dict):
        raise InputError(config, f"{section} is not a table", f"write [{section}] on a line of its own")
    return table
