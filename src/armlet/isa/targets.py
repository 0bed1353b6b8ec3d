"""All targets: each package of `armlet.isa` is an instruction set, whose module `targets` lists its machines."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

from armlet.isa.integer_target import IntegerTarget
from armlet.isa.target import Target

_ROOM = "armlet.isa"


def known_targets() -> Mapping[str, Target]:
    """The targets of all instruction sets that are there now, by name."""
    return MappingProxyType({target.name: target for lists in _lists() for target in lists.TARGETS})


def known_integer_targets() -> Mapping[str, IntegerTarget]:
    """The targets for integers of all instruction sets that are there now, by name."""
    return MappingProxyType({target.name: target for lists in _lists() for target in lists.INTEGER_TARGETS})


def _lists() -> Iterator[Any]:
    """The module `targets` of each set."""
    for package in sorted(found.name for found in iter_modules(import_module(_ROOM).__path__) if found.ispkg):
        yield import_module(f"{_ROOM}.{package}.targets")


TARGETS = known_targets()
INTEGER_TARGETS = known_integer_targets()
