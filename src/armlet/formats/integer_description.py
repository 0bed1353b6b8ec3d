"""network.toml of a network in integers: formats, scales, zeros and clamps, to and from text.

Every key is there, and [argmax] where it is meant: what is computed must not hang on a default. docs/network.md is the
page for people.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.formats.toml import toml_lines
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.network.activation import Activation
from armlet.network.domain import Origin
from armlet.network.outputs import OutputKind
from armlet.network.shapes import LARGEST
from armlet.storage import read_toml

KIND = "integer"  # of network.kind
FORMAT = 1
_LONGEST = 8 << 20  # bytes of network.toml, as for networks of real numbers

_Whole = Annotated[int, msgspec.Meta(ge=-(1 << 31), le=(1 << 31) - 1)]
_Wholes = _Whole | list[_Whole]
_Numbers = float | list[float]
_Stored = Literal["uint8", "int8", "int16", "int32"]
_Scaling = Literal["shift", "multiplier", "multiplier_once", "none"]


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["integer"]
    format: int
    shape: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]], msgspec.Meta(min_length=1, max_length=4)]
    output: OutputKind | None = None


class _InputEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stored: _Stored
    scale: _Numbers
    zero: _Wholes
    origin: Origin
    low: _Numbers | None = None
    high: _Numbers | None = None


class _OutputEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scale: _Numbers
    zero: _Wholes


class _ArgmaxEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[argmax], where the number of the largest output is given in place of all."""

    factor: _Wholes
    offset: _Wholes
    shift: _Whole


class IntegerLayerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [[layer]]: all of a layer that is not in its arrays."""

    activation: Activation
    stored: _Stored
    scaling: _Scaling
    low: _Wholes
    high: _Wholes
    zero: _Whole
    slope: _Whole


class IntegerDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    network: _Header
    layer: Annotated[list[IntegerLayerEntry], msgspec.Meta(min_length=1, max_length=1000)]
    input: _InputEntry
    output: _OutputEntry
    argmax: _ArgmaxEntry | None = None
    provenance: dict[str, Any] = {}


def kind_of_description(path: Path) -> str:
    """What a network.toml says under network.kind; empty where it says nothing. Raises `InputError`."""
    header = read_toml(path, _LONGEST).get("network", {})
    return str(header.get("kind", "")) if isinstance(header, dict) else ""


def read_integer_description(path: Path) -> IntegerDescription:
    """Parse the network.toml of a network in integers. Raises `InputError` with the place."""
    try:
        said = msgspec.convert(read_toml(path, _LONGEST), IntegerDescription)
    except msgspec.ValidationError as wrong:
        raise InputError(path, str(wrong).replace("$.", ""), "docs/network.md shows every key") from wrong
    if said.network.format != FORMAT:
        raise InputError(path, f"network.format is {said.network.format}, this armlet reads {FORMAT}")
    return said


def show_integer_description(network: IntegerNetwork) -> str:
    """The text of network.toml."""
    domain = network.domain
    lines = ["[network]", f'kind = "{KIND}"', f"format = {FORMAT}", f"shape = {list(network.shape)}"]
    lines += [f'output = "{network.output.value}"', ""] if network.output else [""]
    for at, layer in enumerate(network.dense):
        lines += [*_layer_lines(at, layer), ""]
    lines.append("[input]  # x is stored as clip(round(x / scale) + zero), at the ends of its interval")
    lines += [f'stored = "{network.input_format.name}"', f"scale = {_shortest(network.input_scale)}"]
    lines += [f"zero = {_shortest(network.input_zero)}", f'origin = "{domain.origin.value}"']
    lines += [f"{end} = {_shortest(getattr(domain, end))}" for end in ("low", "high") if domain.is_declared]
    lines += ["", "[output]  # a stored output q stands for scale * (q - zero)"]
    lines += [f"scale = {_shortest(network.output_scale)}", f"zero = {_shortest(network.output_zero)}"]
    if network.argmax is not None:
        lines += [
            "",
            "[argmax]  # given is which output has the largest factor * ((q + offset) >> shift), the first of equals",
        ]
        factor, offset = _shortest(network.argmax.factor), _shortest(network.argmax.offset)
        lines += [f"factor = {factor}", f"offset = {offset}", f"shift = {network.argmax.shift}"]
    if network.provenance:
        lines += ["", "[provenance]", *toml_lines(network.provenance)]
    return "\n".join(lines) + "\n"


def _layer_lines(at: int, layer: IntegerDense) -> list[str]:
    match layer.requantisation:
        case None:
            scaling, then = "none", "the sums are the outputs"
        case Shift():
            scaling, then = "shift", f"shift_{at}.npy: sum >> shift"
        case Multiplier(once=once):
            scaling = "multiplier_once" if once else "multiplier"
            then = f"multiplier_{at}.npy, exponent_{at}.npy, as in TensorFlow Lite"
    facts = (f'activation = "{layer.activation.value}"', f'stored = "{layer.stored.name}"', f'scaling = "{scaling}"')
    ends = (f"low = {_shortest(layer.low)}", f"high = {_shortest(layer.high)}")
    sums = f"[[layer]]  # {at}: {layer.neurons} sums b_{at} + W_{at} q in int32; {then}"
    return [sums, *facts, *ends, f"zero = {layer.zero}", f"slope = {layer.slope}"]


def spread(place: str, values: int | float | Sequence[int | float], count: int) -> NDArray[Any]:
    """One number for all, or one for each of `count`. Raises `InputError`."""
    given = np.asarray(values)
    if given.ndim and len(given) != count:
        raise InputError(place, f"has {len(given)} numbers for {count}", "give one, or one for each")
    return np.broadcast_to(given, (count,))


def _shortest(values: NDArray[Any]) -> str:
    """One number where all are equal, otherwise the list; repr keeps every bit."""
    told = [repr(value) for value in values.tolist()]
    return told[0] if len({*told}) == 1 else f"[{', '.join(told)}]"
