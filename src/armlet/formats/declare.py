"""The text behind --declare to a declaration: words such as low=0,high=255,shape=28x28, or the name of a .toml file."""

import re
from pathlib import Path
from typing import Any

from armlet.errors import InputError
from armlet.formats.declaration import WORDS, Declaration, Layout
from armlet.formats.description import read_description
from armlet.network.outputs import OutputKind

_HINT = "write such as low=0,high=255,shape=28x28 or give a .toml file (docs/network.md)"


def file_of(text: str | None) -> Path | None:
    """The file that the text behind --declare names, if it names one."""
    return Path(text) if text and text.lower().endswith(".toml") else None


def parse_declaration(text: str) -> Declaration:
    """A declaration such as `low=0,high=255,shape=28x28`, or the one in a .toml file. Raises `InputError`."""
    if file := file_of(text):
        return read_description(file).declaration
    said: dict[str, Any] = {}
    for part in re.split(r"[,\s]+", text.strip()):
        word, equals, value = part.partition("=")
        if not equals or word not in _PARSERS:
            problem = f"{word[:40]!r} is no word of a declaration" if equals else f"{part[:40]!r} is not word=value"
            raise InputError("--declare", problem, f"{_HINT}; words: {', '.join(_PARSERS)}")
        if word in said:
            raise InputError("--declare", f"says {word} twice", _HINT)
        said[word] = _PARSERS[word](word, value)
    return Declaration(**said)


def _number(word: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        hint = "write a number; one for each input goes into a .toml file"
        raise InputError("--declare", f"{word}={value[:40]!r} is not a number", hint) from None


def _shape(word: str, value: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,7}(x\d{1,7}){0,3}", value):
        raise InputError("--declare", f"{word}={value[:40]!r} is not a shape", "write such as 28x28 or 640")
    return tuple(int(extent) for extent in value.split("x"))


def _output(word: str, value: str) -> OutputKind:
    if value not in {kind.value for kind in OutputKind}:
        raise InputError("--declare", f"{word}={value[:40]!r} is no kind of output", "write scores or values")
    return OutputKind(value)


def _layout(word: str, value: str) -> Layout:
    if value not in {layout.value for layout in Layout}:
        hint = "write inputs-outputs (Keras, scikit-learn) or outputs-inputs (PyTorch)"
        raise InputError("--declare", f"{word}={value[:40]!r} is no layout of weights", hint)
    return Layout(value)


def _activation(word: str, value: str) -> tuple[str, ...]:
    return tuple(value.split("+"))


_PARSERS = {
    **dict.fromkeys(WORDS, _number),
    "shape": _shape,
    "output": _output,
    "activation": _activation,
    "layout": _layout,
}
