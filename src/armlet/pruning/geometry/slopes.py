"""Slopes of single samples: J^T u at each sample for random signs u, whose products are G on average over the draw.

One sweep back gives what each sum is worth to the outputs; the slope in a weight of windows is the product of that and
of what lies under the weight, summed over positions. Random signs: Hutchinson, Commun. Stat. Simul. 19, 1990.
Mathematics: docs/mathematics.md, section 3.
"""

from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp

from armlet.pruning.geometry.architecture import Sums, Windows, as_kernel, as_rows, windows_of
from armlet.pruning.geometry.functional import Point, evaluate
from armlet.pruning.geometry.metric import Reference, Shape, root

_AT_ONCE = 1 << 25  # numbers of the slopes of the samples that are taken together: 128 MB
_PER_VALUE = 4  # numbers of windows for each value of a sample, about


class LayerSlopes(NamedTuple):
    """Slopes in the weights and biases of a layer."""

    weight: jax.Array  # (samples, out, weights of a unit)
    bias: jax.Array  # (samples, out)


def parts_of(point: Point, reference: Reference, key: jax.Array, shape: Shape) -> Iterator[tuple[Reference, jax.Array]]:
    """The draw in parts of bounded memory, with a key for each; what fills no part is left out.

    Slopes of the parts are scaled so that G is the sum of their products.
    """
    numbers = max(sum(weight.size for weight, _ in point), _PER_VALUE * shape.architecture.size)
    rows = max(1, min(len(reference.x), _AT_ONCE // numbers))
    count = len(reference.x) // rows
    spread = reference.spread * (count * rows)
    for number in range(count):
        some = slice(number * rows, (number + 1) * rows)
        part = reference._replace(x=reference.x[some], dense=reference.dense[some], spread=spread)
        yield part, jax.random.fold_in(key, number)


def sample_slopes(point: Point, part: Reference, key: jax.Array, shape: Shape) -> tuple[LayerSlopes, ...]:
    """Slopes of each sample of `part` in every layer of weights."""
    architecture, x = shape.architecture, part.x

    def sums() -> list[jax.Array]:
        found: list[jax.Array] = []
        evaluate(point, x, architecture, lambda _, taken, z: found.append(z) or z)
        return found

    def shifted(shifts: list[jax.Array]) -> tuple[jax.Array, list[jax.Array]]:
        taken: list[jax.Array] = []
        outputs = evaluate(point, x, architecture, lambda i, value, z: taken.append(value) or z + shifts[i])
        weights = part.root_weights(shape.output)
        return root(weights, outputs - part.dense, shape.output) / jnp.sqrt(part.spread), taken

    nothing = [jnp.zeros(z.shape, z.dtype) for z in jax.eval_shape(sums)]
    _, back, taken = jax.vjp(shifted, nothing, has_aux=True)
    (worth,) = back(jax.random.rademacher(key, part.dense.shape, part.dense.dtype))
    steps = [step for step in architecture.steps if isinstance(step, Sums | Windows)]
    return tuple(_layer_slopes(*layer) for layer in zip(steps, taken, worth, (w for w, _ in point), strict=True))


def _layer_slopes(step: Sums | Windows, taken: jax.Array, worth: jax.Array, weight: jax.Array) -> LayerSlopes:
    if isinstance(step, Sums):
        return LayerSlopes(worth[:, :, None] * as_rows(taken)[:, None], worth)
    outputs, inputs, height, width = as_kernel(weight).shape
    windows = windows_of(taken, (height, width), step)
    samples, positions, taps, _ = windows.shape
    by_group = windows.reshape(samples, positions, taps, step.groups, inputs)
    felt = worth.reshape(samples, positions, step.groups, outputs // step.groups)
    slopes = jnp.einsum("npgo,nptgi->ngoit", felt, by_group)
    return LayerSlopes(slopes.reshape(samples, outputs, inputs * taps), jnp.sum(worth, axis=(1, 2)))
