"""All arithmetics: each module of this package that has some lists them as `ARITHMETICS`."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from armlet.arithmetic.arithmetic import Arithmetic

_ROOM = "armlet.arithmetic"


def known_arithmetics() -> tuple[Arithmetic, ...]:
    """The arithmetics of all modules that are there now."""
    return tuple(_arithmetics())


def arithmetic_called(name: str, rounding: str) -> Arithmetic | None:
    """The arithmetic on the format `name` whose multiply-adds round so; None where there is none."""
    return next((each for each in ARITHMETICS if (each.format.name, each.rounding) == (name, rounding)), None)


def _arithmetics() -> Iterator[Arithmetic]:
    for name in sorted(found.name for found in iter_modules(import_module(_ROOM).__path__)):
        if f"{_ROOM}.{name}" != __name__:
            yield from getattr(import_module(f"{_ROOM}.{name}"), "ARITHMETICS", ())


ARITHMETICS = known_arithmetics()
