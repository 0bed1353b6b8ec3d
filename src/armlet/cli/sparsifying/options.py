"""What the flags of armlet sparsify and armlet.toml ask for together."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armlet.cli.options import resolve_options
from armlet.errors import InputError

if TYPE_CHECKING:
    from armlet.network.network import Network
    from armlet.pruning.options import SparsifyOptions


def sparsify_options(
    config: Path | None, fast: bool, given: Mapping[str, Any], words: Mapping[str, str | None], network: "Network"
) -> "SparsifyOptions":
    """The options; `words` are flags that name one of a few things. Wakes JAX. Raises `InputError`."""
    from armlet.pruning.options import FAST, FAST_WINDOWS, SparsifyOptions

    said = {**given, **{flag: _choice(flag, text) for flag, text in words.items()}}
    less = FAST if network.is_chain else FAST_WINDOWS
    said = {name: value for name, value in said.items() if value is not None}
    return resolve_options(SparsifyOptions, "sparsify", config, **{**(less if fast else {}), **said})


def _choice(flag: str, text: str | None) -> Enum | None:
    from armlet.pruning.geometry.metric import OutputMetric
    from armlet.pruning.quantise.formats import ActivationFormat, WeightFormat
    from armlet.pruning.select import Selector

    kinds: dict[str, type[Enum]] = {"selector": Selector, "metric": OutputMetric}
    kind = (kinds | {"weights": WeightFormat, "activations": ActivationFormat})[flag]
    if text is None or text in {each.value for each in kind}:
        return None if text is None else kind(text)
    raise InputError(f"--{flag}", f"{text[:40]!r} is none", f"give {' or '.join(each.value for each in kind)}")
