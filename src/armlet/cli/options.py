"""The options that every command takes, as types for its signature, and what flags and armlet.toml settle together."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from armlet.errors import InputError

_COMMON = "Common to all commands"

_SEED = "Seed of all randomness; the same seed gives the same bytes."
Seed = Annotated[int | None, typer.Option("--seed", min=0, help=_SEED, rich_help_panel=_COMMON)]
Config = Annotated[
    Path | None, typer.Option("--config", help="armlet.toml; flags win over it.", rich_help_panel=_COMMON)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only results and errors.", rich_help_panel=_COMMON)]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Every detail.", rich_help_panel=_COMMON)]
Json = Annotated[bool, typer.Option("--json", help="The result as one line of JSON.", rich_help_panel=_COMMON)]

_Options = TypeVar("_Options")
_LONGEST = 1 << 20  # bytes of armlet.toml


def settle(kind: type[_Options], section: str, config: Path | None, **flags: Any) -> _Options:
    """A `kind` (a dataclass) from the flags that are not None, else from `[section]` of `config`, else its defaults.

    Raises `InputError` naming the file and the key.
    """
    import msgspec

    table = read_section(config, section) if config else {}
    names = [field.name for field in fields(kind)]  # pyright: ignore[reportArgumentType]
    for key in table:
        if key not in names:
            raise InputError(str(config), f"[{section}] has no option {key!r}", f"it has {', '.join(names)}")
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        typed = msgspec.convert(table, kind)
        return kind(**{name: given.get(name, getattr(typed, name)) for name in names})
    except msgspec.ValidationError as wrong:
        raise InputError(str(config), f"[{section}] {str(wrong).replace('$.', '')}") from wrong
    except InputError as wrong:
        if wrong.source.removeprefix("--") in table and wrong.source.removeprefix("--") not in given:
            raise InputError(f"{config}: [{section}] {wrong.source[2:]}", wrong.problem, wrong.mend) from wrong
        raise


def read_section(config: Path, section: str) -> dict[str, Any]:
    """The table `[section]` of a TOML file, empty where it has none. Raises `InputError`."""
    import tomllib

    try:
        with config.open("rb") as file:
            data = file.read(_LONGEST + 1)
        if len(data) > _LONGEST:
            raise InputError(config, f"is longer than {_LONGEST} bytes")
        table = tomllib.loads(data.decode()).get(section, {})
    except OSError as refused:
        raise InputError(config, f"cannot be read: {(refused.strerror or str(refused)).lower()}") from refused
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise InputError(config, f"is not TOML: {broken}") from broken
    if not isinstance(table, dict):
        raise InputError(config, f"{section} is not a table", f"write [{section}] on a line of its own")
    return table
