"""A manifest against what it must say: the first of its figures or settings that is another, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TypeVar

import msgspec

from armlet.config import AnnealOptions, CompileOptions, IntegerCompileOptions
from armlet.errors import InputError

Options = TypeVar("Options", CompileOptions, IntegerCompileOptions)


def options_of(settings: Mapping[str, object], kind: type[Options]) -> Options:
    """The wishes to the compiler that settings are. Raises `InputError` where they are none of its."""
    told = dict(settings)
    try:
        anneal = AnnealOptions(**(told.pop("anneal", None) or {}))  # type: ignore[arg-type]
        options = kind(**told, anneal=anneal)  # type: ignore[arg-type]
    except (TypeError, InputError, ValueError) as wrong:
        raise InputError("settings", str(wrong)) from wrong
    if msgspec.json.encode(asdict(options)) != msgspec.json.encode(settings):
        raise InputError("settings", "are not those of the compiler")
    return options


def first_untrue(agrees: Mapping[str, bool]) -> str:
    """The first setting that does not agree, in words; empty where all do."""
    wrong = [name for name, holds in agrees.items() if not holds]
    return f"{wrong[0]} does not go with the build" if wrong else ""


def first_difference(figures: Iterable[tuple[str, object, object]]) -> str:
    """The first figure that is declared otherwise, in words: of each its place, what is said, and what it must be."""
    for place, declared, wanted in figures:
        if declared != wanted:
            return f"{place} is declared {_short(declared)}, must be {_short(wanted)}"
    return ""


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
