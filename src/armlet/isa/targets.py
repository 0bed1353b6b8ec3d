"""All targets: each package of `armlet.isa` is an instruction set, whose module `targets` lists its machines."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from armlet.isa.target import Target

_ROOM = "armlet.isa"


def known_targets() -> Mapping[str, Target]:
    """The targets of all instruction sets that are there now, by name."""
    return MappingProxyType({target.name: target for target in _targets()})


def _targets() -> Iterator[Target]:
    for package in sorted(found.name for found in iter_modules(import_module(_ROOM).__path__) if found.ispkg):
        yield from import_module(f"{_ROOM}.{package}.targets").TARGETS


TARGETS = known_targets()
