"""Scale a network with windows for bytes: the channels of a tensor fill its range alike, and the tensor fills a byte.

What divides a channel goes into the weights of those who take it, so that the function stays the same. Tensors that are
added, and what a pool makes of one, share the factors of their channels. Ranges are those on the inputs drawn.
Mathematics: docs/mathematics.md, section 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from armlet.errors import InputError
from armlet.network.activation import DEFINITIONS, Activation
from armlet.network.domain import InputDomain
from armlet.network.frozen import F64
from armlet.network.layers import Add, Pool, Reduction, Reshape, describe
from armlet.network.network import Network
from armlet.network.shapes import Shape
from armlet.pruning.geometry.architecture import Architecture, Sums, Windows, as_kernel
from armlet.pruning.geometry.functional import Point, values_of
from armlet.pruning.quantise.formats import ActivationFormat
from armlet.pruning.quantise.grid import Grid
from armlet.pruning.quantise.prepare import InputScale, Prepared, require_declared, taken_by
from armlet.pruning.quantise.stored import Stored, stored_between
from armlet.pruning.reference import ReferenceInputs

CLAMPS = (Activation.LINEAR, Activation.RELU, Activation.RELU6)  # activations that are nothing but a clamp
_AT_ONCE = 1 << 24  # numbers of all values of the samples that are evaluated together: 64 MB
_FINEST = 5.0  # units of a sum: what the unit of an average is at least, as sums are scaled down (by a fourth or more)
_LEAST = 2.0**-8  # of a tensor's range: channels that fill less of it are not raised to it


@dataclass(frozen=True, slots=True, eq=False)
class _Range:
    """Of each unit of a value, a channel of planes or a number of a row, on the inputs drawn."""

    low: F64
    high: F64

    @property
    def width(self) -> F64:
        """With 0."""
        return np.maximum(self.high, 0.0) - np.minimum(self.low, 0.0)

    def divided(self, factor: F64) -> "_Range":
        return _Range(self.low / factor, self.high / factor)


def require_clamps(network: Network, kind: ActivationFormat) -> None:
    """Raises `InputError` with the first layer that integers with windows cannot store, or for int16."""
    if kind is ActivationFormat.FLOAT32:
        return
    place = f"--activations {kind.value}"
    if kind is ActivationFormat.INT16:
        raise InputError(place, "serves dense layers in a chain, networks with windows store bytes", "take int8")
    for i, layer in enumerate(network.layers):
        if not isinstance(layer, Pool | Reshape) and layer.activation not in CLAMPS:
            problem = f"stores what is linear, relu or relu6, layer {i} is {describe(layer)} with"
            raise InputError(place, f"{problem} {layer.activation.value}", "leave it float32")


def input_scale_of_windows(domain: InputDomain, kind: ActivationFormat) -> InputScale:
    """How inputs reach the first layer: normalised, and stored in units that all of them share.

    So padding is one number for all channels: the one that stands for 0. Raises `InputError` where integers would need
    an interval that nobody declared.
    """
    whole = np.zeros(len(domain.mean), np.int64)
    if kind is ActivationFormat.FLOAT32:
        return InputScale(domain.mean, domain.std, whole)
    require_declared(domain, kind)
    low, high = (domain.low - domain.mean) / domain.std, (domain.high - domain.mean) / domain.std
    stored = stored_between(float(low.min()), float(high.max()))
    shift = np.rint(-domain.mean / (domain.std * stored.unit)).astype(np.int64)
    return InputScale(domain.mean, domain.std, stored.zero + shift, stored)


def prepare_windows(
    network: Network, point: Point, inputs: ReferenceInputs, kind: ActivationFormat, grid: Grid
) -> Prepared:
    """Scale the network at `point`; `inputs` are drawn for the dense `network`. Raises `InputError`."""
    domain, scale = network.domain, input_scale_of_windows(network.domain, kind)
    if scale.stored is None:
        return Prepared(point, inputs, scale, (), (), grid)
    drawn, architecture = taken_by(inputs, domain, scale), inputs.shape.architecture
    ranges = _ranges(point, drawn.scoring.x, architecture)
    factors = channel_factors(architecture, ranges)
    scaled = _scaled(point, architecture, factors)
    stored = [scale.stored]
    for k, (step, sources) in enumerate(zip(architecture.steps, architecture.wiring), 1):
        own, taken = ranges[k].divided(factors[k]), stored[sources[0]]
        ends = float(own.low.min()), float(own.high.max())
        match step:
            case Pool():
                stored.append(_pooled(step, taken, ends, architecture.shapes[sources[0]]))
            case Reshape():
                stored.append(taken)
            case _:
                stored.append(stored_between(*ends))
    return Prepared(scaled, drawn, scale, tuple(stored), (), grid)


def _pooled(pool: Pool, taken: Stored, ends: tuple[float, float], shape: Shape) -> Stored:
    """How what a pool gives is stored: as what it takes, or averages in a finer unit of their own.

    Windows with padding hold fewer values than others, and keep the unit.
    """
    if pool.reduction is not Reduction.AVERAGE or any(pool.padding):
        return taken
    finest = _FINEST * taken.unit / pool.count(*shape[1:])
    own = stored_between(*ends, finest)
    return own if own.unit < taken.unit else taken


def _ranges(point: Point, x: jax.Array, architecture: Architecture) -> list[_Range]:
    rows = max(1, min(len(x), _AT_ONCE // architecture.size))
    parts = [_ends(point, x[at : at + rows], architecture) for at in range(0, len(x) // rows * rows, rows)]
    found: list[_Range] = []
    for ends in zip(*parts, strict=True):
        low, high = (np.asarray(jnp.stack(each), np.float64) for each in zip(*ends))
        found.append(_Range(low.min(axis=0), high.max(axis=0)))
    return found


@partial(jax.jit, static_argnames="architecture")
def _ends(point: Point, x: jax.Array, architecture: Architecture) -> list[tuple[jax.Array, jax.Array]]:
    values = values_of(point, x, architecture)
    return [
        (value.min(axis=tuple(range(value.ndim - 1))), value.max(axis=tuple(range(value.ndim - 1)))) for value in values
    ]


def channel_factors(architecture: Architecture, ranges: Sequence[_Range]) -> list[F64]:
    """What each unit of each value is divided by: the share of its tensor's range that it fills, 1 where it may not."""
    groups, fixed = _groups(architecture)
    factors = [np.ones(len(each.width)) for each in ranges]
    for members in groups:
        if fixed & set(members):
            continue
        shares = [_share(ranges[k].width) for k in members]
        factor = np.max(shares, axis=0)
        for k in members:
            factors[k] = np.where(factor > 0, np.maximum(factor, _LEAST), 1.0)
    for k, (step, sources) in enumerate(zip(architecture.steps, architecture.wiring), 1):
        if isinstance(step, Reshape):
            factors[k] = _flattened(factors[sources[0]], len(factors[k]))
    return factors


def _share(width: F64) -> F64:
    return width / max(float(width.max()), 1e-30)


def _flattened(factor: F64, units: int) -> F64:
    """The factors of a row of what had these; where it is none, they are 1."""
    return np.repeat(factor, units // len(factor)) if units % len(factor) == 0 else np.ones(units)


def _groups(architecture: Architecture) -> tuple[list[list[int]], set[int]]:
    """Values whose channels share their factors, and those whose factors are 1: ends, and what is not homogeneous."""
    root = list(range(len(architecture.steps) + 1))
    fixed = {0, len(architecture.steps)}
    for k, (step, sources) in enumerate(zip(architecture.steps, architecture.wiring), 1):
        if isinstance(step, Reshape):
            fixed |= {k} if _is_row_of_weights(architecture, k) else {k, *sources}
            continue
        if not isinstance(step, Pool) and not DEFINITIONS[step.activation].is_homogeneous:
            fixed.add(k)
        if isinstance(step, Pool | Add):
            merged = {root[k], *(root[source] for source in sources)}
            root = [min(merged) if each in merged else each for each in root]
    return [[k for k, each in enumerate(root) if each == first] for first in sorted(set(root))], fixed


def _is_row_of_weights(architecture: Architecture, k: int) -> bool:
    """Whether a reshape gives a row that dense layers alone take, which have a weight for each of its numbers."""
    takers = [step for step, sources in zip(architecture.steps, architecture.wiring) if k in sources]
    return len(architecture.shapes[k]) == 1 and bool(takers) and all(isinstance(step, Sums) for step in takers)


def _scaled(point: Point, architecture: Architecture, factors: Sequence[F64]) -> Point:
    """The same function, of values divided by their factors."""
    parameters = iter(point)
    return tuple(
        _scaled_layer(*next(parameters), step, factors[sources[0]], factors[k])
        for k, (step, sources) in enumerate(zip(architecture.steps, architecture.wiring), 1)
        if isinstance(step, Sums | Windows)
    )


def _scaled_layer(
    w: jax.Array, b: jax.Array, step: Sums | Windows, taken: F64, given: F64
) -> tuple[jax.Array, jax.Array]:
    weight, bias = np.asarray(w, np.float64), np.asarray(b, np.float64)
    if isinstance(step, Sums):
        weight = weight * np.repeat(taken, weight.shape[1] // len(taken)) / given[:, None]
    else:
        kernel = np.asarray(as_kernel(w), np.float64)
        outputs, inputs = kernel.shape[:2]
        first = np.arange(outputs) // (outputs // step.groups) * inputs
        by_channel = taken[first[:, None] + np.arange(inputs)]
        weight = (kernel * by_channel[:, :, None, None] / given[:, None, None, None]).reshape(weight.shape)
    return jnp.asarray(weight, jnp.float32), jnp.asarray(bias / given, jnp.float32)
