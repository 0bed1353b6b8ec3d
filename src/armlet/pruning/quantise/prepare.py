"""Scale a network for its grid: real factors of hidden neurons go into the next layer, values fill their formats.

The function stays the same, but for the rounding of inputs that are stored in integers; so distances go on being those
to the dense network. Ranges of values are those on the inputs drawn, or proven ones where a neuron gave nothing there.
"""

from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.network.activation import activated
from armlet.network.domain import InputDomain
from armlet.network.frozen import F32, F64
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.pruning.geometry.functional import Point
from armlet.pruning.geometry.metric import Reference
from armlet.pruning.quantise.formats import ActivationFormat
from armlet.pruning.quantise.grid import Grid
from armlet.pruning.quantise.stored import Stored, is_scalable, stored_input, stored_values
from armlet.pruning.reference import ReferenceInputs

_LEAST = 1e-3  # of the mean: the importance of an input that hardly varies
_SLACK = 0.9  # of the largest sum that the format of sums holds
_FIELD, _WORD = 2.0**23, 2.0**31


@dataclass(frozen=True, slots=True, eq=False)
class InputScale:
    """What the first layer takes of a raw x: (x - mean) / spread, stored as round(x / scale) + zero in integers."""

    mean: F64
    spread: F64
    zero: NDArray[Any]  # (inputs,) whole numbers
    stored: Stored | None = None

    @property
    def scale(self) -> F64:
        """The real size of one unit of a stored input."""
        assert self.stored is not None
        return self.spread * self.stored.unit

    def taken(self, raw: F64) -> F64:
        """What the first layer takes for raw inputs (samples, inputs)."""
        if self.stored is None:
            return (raw - self.mean) / self.spread
        whole = np.rint(raw / self.scale) + self.zero
        stored: F64 = np.clip(whole, self.stored.format.low, self.stored.format.high).astype(np.float64)
        return (stored - self.stored.zero) * self.stored.unit


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A network that is scaled for its grid, with all that its rounds and its integers need to know."""

    point: Point
    inputs: ReferenceInputs
    input: InputScale
    stored: tuple[Stored, ...]  # what each layer takes, and the last one gives; empty where values stay float32
    importance: tuple[F64, ...]  # of each layer's inputs: their mean squares
    grid: Grid

    def least(self, layer: int, weight: F64, bias: F64) -> F64:
        """The least step of each neuron with which its sums surely fit, (out,)."""
        if not self.stored:
            return np.zeros(len(weight))
        taken = self.stored[layer]
        most = _FIELD if self.grid.powers and taken.format.bytes == 1 else _WORD
        size = np.abs(weight).sum(axis=1) * max(taken.high, -taken.low) + np.abs(bias)
        return size / (taken.unit * most * _SLACK)


def prepare(network: Network, point: Point, inputs: ReferenceInputs, kind: ActivationFormat, grid: Grid) -> Prepared:
    """Scale the network at `point`; `inputs` are drawn for the dense `network`. Raises `InputError`."""
    domain, scale = network.domain, input_scale(network.domain, kind)
    layers = [(np.asarray(w, np.float64), np.asarray(b, np.float64)) for w, b in point]
    weight, bias = layers[0]  # of (x - mean) / std
    shift = (scale.mean - domain.mean) / domain.std
    layers[0] = weight / domain.std * scale.spread, bias + weight @ shift
    drawn = taken_by(inputs, domain, scale)
    ends = (scale.taken(domain.low), scale.taken(domain.high)) if domain.is_declared else None
    values, importance = _Values(np.asarray(drawn.training.x), ends), list[F64]()
    stored: list[Stored] = [] if scale.stored is None else [scale.stored]
    for i, layer in enumerate(network.dense):
        importance.append(values.importance)
        to = None if scale.stored is None else stored_values(kind, layer.activation, layer.slope)
        stored += [] if to is None else [to]
        if i + 1 == len(layers):
            break
        if is_scalable(layer.activation):
            factor = _factors(layer, layers[i], values, grid, to)
            layers[i] = layers[i][0] / factor[:, None], layers[i][1] / factor
            layers[i + 1] = layers[i + 1][0] * factor, layers[i + 1][1]
        values = values.after(layer, layers[i])
    scaled = tuple((jnp.asarray(w, jnp.float32), jnp.asarray(b, jnp.float32)) for w, b in layers)
    return Prepared(scaled, drawn, scale, tuple(stored), tuple(importance), grid)


def taken_by(inputs: ReferenceInputs, domain: InputDomain, scale: InputScale) -> ReferenceInputs:
    """The draws as the scaled network takes them."""

    def seen(draw: Reference) -> Reference:
        raw = np.asarray(draw.x, np.float64) * domain.std + domain.mean
        return draw._replace(x=jnp.asarray(scale.taken(raw), jnp.float32))

    near = None if inputs.near is None else seen(inputs.near)
    training, scoring, validation = (seen(draw) for draw in (inputs.training, inputs.scoring, inputs.validation))
    return replace(inputs, training=training, scoring=scoring, validation=validation, near=near)


@dataclass(frozen=True, slots=True, eq=False)
class _Values:
    """What a layer takes: on the inputs drawn, and at most."""

    drawn: F32  # (samples, in)
    ends: tuple[F64, F64] | None  # proven, where intervals of the inputs are known

    @property
    def importance(self) -> F64:
        square = np.square(self.drawn, dtype=np.float64).mean(axis=0)
        return square + _LEAST * square.mean() + 1e-30

    def after(self, layer: Dense, at: tuple[F64, F64]) -> "_Values":
        """What the layer gives."""
        weight, bias = at
        sums = self.drawn @ weight.T.astype(np.float32) + bias.astype(np.float32)
        drawn, ends = activated(layer.activation, np.float32(layer.slope), sums), None
        if self.ends is not None:
            up, down = np.maximum(weight, 0), np.minimum(weight, 0)
            low, high = self.ends
            least, most = up @ low + down @ high + bias, up @ high + down @ low + bias
            ends = activated(layer.activation, layer.slope, least), activated(layer.activation, layer.slope, most)
        return _Values(drawn, ends)


def input_scale(domain: InputDomain, kind: ActivationFormat) -> InputScale:
    """How inputs reach the first layer: as they are, but for powers of two, or stored in integers.

    Raises `InputError` where integers would need an interval that nobody declared.
    """
    if kind is ActivationFormat.FLOAT32:
        spread = np.exp2(np.rint(np.log2(domain.std)))  # powers of two: weights of the grid stay on it
        return InputScale(np.zeros(len(spread)), spread, np.zeros(len(spread), np.int64))
    require_declared(domain, kind)
    stored = stored_input(kind)
    width = np.where(domain.high > domain.low, domain.high - domain.low, np.maximum(np.abs(domain.high), 1.0))
    scale = width / (stored.format.high - max(stored.format.low, 0))
    zero = np.rint(-domain.low / scale).astype(np.int64)
    return InputScale(-zero * scale, scale / stored.unit, zero, stored)


def require_declared(domain: InputDomain, kind: ActivationFormat) -> None:
    """Raises `InputError` where integers would need an interval that nobody declared."""
    if not domain.is_declared:
        problem = "stores inputs in integers, and nobody declared their intervals"
        raise InputError(f"--activations {kind.value}", problem, "--declare low=0,high=1 or a network.toml does")


def _factors(layer: Dense, at: tuple[F64, F64], values: _Values, grid: Grid, to: Stored | None) -> F64:
    """What each neuron is divided by: a mantissa that suits the grid, times a power of two that suits the format."""
    step = grid.free_steps(at[0], values.importance, np.zeros(len(at[0])))
    factor = step / np.exp2(np.floor(np.log2(step)))
    if to is None:
        return factor
    given = values.after(layer, at)
    low, high = given.drawn.min(axis=0), given.drawn.max(axis=0)
    if given.ends is not None:
        silent = (low == 0) & (high == 0)  # no input drawn moves it, another one may
        low, high = (np.where(silent, end, drawn) for end, drawn in zip(given.ends, (low, high)))
    return factor * to.powers(low / factor, high / factor)
