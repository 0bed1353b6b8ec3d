"""Layers of the network while it is made: weights in float64, so that what is folded into them is rounded once.

What cannot be folded stands as a layer of its own, which is exact too: a depthwise convolution of one by one scales and
pads planes, a diagonal of weights scales a row.
"""

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from armlet.errors import InputError
from armlet.formats.keras.value import NO_SIDES, UnreadError, Value
from armlet.formats.model import ModelLayer
from armlet.network.activation import SLOPE, Activation
from armlet.network.clips import FARTHEST, Ends, clip_between
from armlet.network.frozen import F64
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reshape

_WIDEST_DIAGONAL = 1024  # values of a row that are scaled by a layer of their own
_MOST_ALONE = 1 << 24  # weights of all such layers: a small file can ask for many


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A layer of weights before it is rounded."""

    kind: type[Dense] | type[Conv] | type[Depthwise]
    weight: F64
    bias: F64
    activation: Activation = Activation.LINEAR
    slope: float = SLOPE
    options: dict[str, Any] = field(default_factory=dict[str, Any])  # stride, padding, dilation, groups

    def layer(self) -> Layer:
        """The layer in float32. Raises `InputError` where a number leaves it."""
        return self.kind(self.weight, self.bias, self.activation, self.slope, **self.options)  # type: ignore[arg-type]


Made: TypeAlias = Draft | Add | Pool | Reshape


@dataclass(slots=True)
class Builder:
    """What has been made so far, and what there is to tell."""

    made: list[Made] = field(default_factory=list[Made])
    wiring: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    told: list[ModelLayer] = field(default_factory=list[ModelLayer])
    notes: list[str] = field(default_factory=list[str])
    alone: int = 0  # weights of layers that scale a row
    mean: F64 | None = None  # of the inputs: the network computes on (x - mean) / std
    std: F64 | None = None

    def add(self, made: Made, takes: tuple[int, ...], name: str, operator: str) -> int:
        """The number of what the new layer gives."""
        self.made.append(made)
        self.wiring.append(takes)
        self.told.append(ModelLayer(name, operator))
        return len(self.made)

    def note(self, line: str) -> None:
        """Tell it once."""
        if line not in self.notes:
            self.notes.append(line)

    def source(self, value: Value) -> Draft | Add | None:
        """The layer that gives this value alone and is still open to a factor or an activation, if one does."""
        if value.number == 0 or value.is_shared or not value.is_plain:
            return None
        made = self.made[value.number - 1]
        return made if isinstance(made, Draft | Add) and made.activation is Activation.LINEAR else None

    def scale(self, value: Value, scale: F64, shift: F64) -> Value:
        """`scale x + shift` for each channel: folded into the layer before, or left to what takes it."""
        made = self.source(value)
        if isinstance(made, Draft) and value.order is None and len(made.bias) == len(scale):
            weight = made.weight * scale.reshape(-1, *(1,) * (made.weight.ndim - 1))
            self.made[value.number - 1] = replace(made, weight=weight, bias=made.bias * scale + shift)
            return value
        if value.padding != NO_SIDES:
            value = self.plain(value, "zeros around", "ZeroPadding")
        if value.scale is None or value.shift is None:
            return replace(value, scale=scale, shift=shift)
        return replace(value, scale=value.scale * scale, shift=value.shift * scale + shift)

    def activate(self, value: Value, activation: Activation, slope: float, name: str, operator: str) -> Value:
        """The value after an activation, in the layer that gives it or in one of its own."""
        if activation is Activation.LINEAR:
            return value
        made = self.source(value)
        if made is None:
            value = self._own_layer(value, name, operator)
            made = self.made[value.number - 1]
        assert isinstance(made, Draft | Add)
        self.made[value.number - 1] = replace(made, activation=activation, slope=slope)
        return value

    def clip(self, value: Value, ends: Ends, name: str, operator: str) -> Value:
        """The value clipped: scale and shift go into the layers around the activation. Raises `UnreadError`."""
        clip = clip_between(*ends)
        if not clip.is_near:
            raise UnreadError(f"{operator} from {ends[0]:g} to {ends[1]:g}", f"clip within {FARTHEST:g}")
        if clip.is_plain:
            return self.activate(value, clip.activation, SLOPE, name, operator)
        told = f"clipping from {ends[0]:g} to {ends[1]:g} is {clip.activation.value} with a scale and a shift around it"
        self.note(f"{name}: {told}")
        scale, shift = np.full(value.channels, clip.scale), np.full(value.channels, clip.shift)
        inner = self.scale(value, 1 / scale, -shift / scale)
        return self.scale(self.activate(inner, clip.activation, SLOPE, name, operator), scale, shift)

    def plain(self, value: Value, name: str, operator: str) -> Value:
        """The same value with nothing left to be folded."""
        return value if value.is_plain else self._own_layer(value, name, operator)

    def in_order(self, value: Value, name: str, operator: str) -> Value:
        """The same value with nothing left to be folded, and a row in Keras's order."""
        return value if value.is_plain and value.order is None else self._own_layer(value, name, operator)

    def _own_layer(self, value: Value, name: str, operator: str) -> Value:
        """What is left to be folded, as a layer."""
        self.note(f"{name[:60]}: {operator} takes a layer of its own")
        scale = np.ones(value.channels) if value.scale is None else value.scale
        shift = np.zeros(value.channels) if value.shift is None else value.shift
        if not value.is_planes:
            if value.size > _WIDEST_DIAGONAL:
                raise UnreadError(f"{operator} of {value.size} values, where no layer takes it up", "put it elsewhere")
            self.alone += value.size**2
            if self.alone > _MOST_ALONE:
                raise UnreadError(f"{operator} in a layer of its own, of too many", "put it behind a layer's sums")
            draft = Draft(Dense, turned_row(np.diag(scale), value), shift)
            number = self.add(draft, (value.number,), name, operator)
            return replace(value, number=number, scale=None, shift=None, order=None)
        bare, number = replace(value, scale=None, shift=None), value.number
        if shift.any() and value.padding != NO_SIDES:
            number = self.add(Draft(Depthwise, scale[:, None, None], shift), (number,), name, operator)
            scale, shift = np.ones(value.channels), np.zeros(value.channels)
        draft = Draft(Depthwise, scale[:, None, None], shift, options={"padding": value.padding})
        return replace(bare, number=self.add(draft, (number,), name, operator), padding=NO_SIDES)

    def layers(self, place: str) -> tuple[Layer, ...]:
        """All of them in float32. Raises `InputError` with the name that the file has for the wrong one."""
        found = list[Layer]()
        for made, told in zip(self.made, self.told):
            try:
                found.append(made.layer() if isinstance(made, Draft) else made)
            except InputError as wrong:
                raise InputError(f"{place}: {told.name[:60]}", f"{wrong.source} {wrong.problem}", wrong.hint) from wrong
        return tuple(found)


def turned_row(weight: F64, value: Value) -> F64:
    """Weights on Keras's row (outputs, inputs) to weights on the row as it stands here."""
    if value.order is None:
        return weight
    turned = np.empty_like(weight)
    turned[:, value.order] = weight
    return turned
