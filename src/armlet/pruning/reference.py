"""Draw the reference inputs of a run once, and evaluate the dense network on them.

There are three draws: to fine-tune on, to score removals on, and to measure d on. They share one unit of distance.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from armlet.errors import InputError
from armlet.network.frozen import F32, F64
from armlet.network.network import Network
from armlet.pruning.geometry.architecture import architecture_of
from armlet.pruning.geometry.functional import Point, normalised, point_of
from armlet.pruning.geometry.metric import (
    LEAST_VARYING,
    OutputMetric,
    Reference,
    Shape,
    distance,
    distance_of,
    make_reference,
    root,
    with_spread,
)
from armlet.pruning.inputs.moments import Moments
from armlet.pruning.inputs.parse import input_model
from armlet.pruning.inputs.wide import nearest_half, scale_is_guessed
from armlet.pruning.options import SparsifyOptions

COOLEST_FROM = 0.12  # d from which on `tempered` has its lowest temperature: docs/sparsify.md
WARMEST_BELOW = 1e-3  # d below which the temperature rises no further: all outputs count alike there


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceInputs:
    """The draws of a run, with the dense network's outputs on each."""

    shape: Shape
    training: Reference  # to fine-tune on
    scoring: Reference  # part of `training`, to score removals on
    validation: Reference  # drawn apart, to measure d on
    near: Reference | None = None  # the half of `validation` nearest to the centre, if the inputs' scale is a guess

    def distance(self, point: Point) -> float:
        """d on the validation draw, or on its near half, in that half's own spread, if that is larger."""
        return self._farther(lambda draw: distance(point, draw, self.shape))

    def distance_of(self, outputs: Callable[[F32], F64]) -> float:
        """The same for any function of what the first layer takes, (samples, inputs) to (samples, outputs)."""

        def away(draw: Reference) -> float:
            return distance_of(jnp.asarray(outputs(np.asarray(draw.x)), jnp.float32), draw, self.shape)

        return self._farther(away)

    def _farther(self, away: Callable[[Reference], float]) -> float:
        far = away(self.validation)
        return far if self.near is None else max(far, away(self.near))


def draw_references(
    network: Network,
    options: SparsifyOptions,
    model: str,
    metric: OutputMetric,
    samples: F32 | None = None,
    moments: Moments | None = None,
) -> ReferenceInputs:
    """Draw the reference inputs from the input model named `model`.

    Raises `InputError` if the dense network gives the same outputs for every input drawn.
    """
    if metric is OutputMetric.FISHER and network.outputs < 2:
        raise InputError("--metric", "fisher needs at least two outputs", "take logits")
    sampler, effort = input_model(model, samples, moments), options.effort(not network.is_chain)
    random = np.random.default_rng(options.seed)
    raw = random.permutation(sampler(network, effort.draws, _derived(options.seed, 1)))
    apart = sampler(network, effort.validation, _derived(options.seed, 2))
    shape, dense = Shape(architecture_of(network), metric), point_of(network)
    training = make_reference(dense, jnp.asarray(normalised(network, raw)), shape)
    size = _size(training, metric)
    if not _has_spread(training, size):
        problem = f"gives a spread of {float(training.spread)} over the inputs drawn, so no distance can be measured"
        raise InputError("network", problem, "check its input interval, or choose another --inputs")
    validation = make_reference(dense, jnp.asarray(normalised(network, apart)), shape)
    scoring = training._replace(x=training.x[: effort.judged], dense=training.dense[: effort.judged])
    near = None
    if scale_is_guessed(network, model):
        half = make_reference(dense, jnp.asarray(nearest_half(network, np.asarray(validation.x))), shape)
        near = half if _has_spread(half, size) else None
    return ReferenceInputs(shape, training, scoring, validation._replace(**_units(training)), near)


def with_temperature(inputs: ReferenceInputs, distance: float) -> ReferenceInputs:
    """Set the temperature of `tempered` for an epoch that begins at `distance`: the smaller d, the warmer.

    It is the lowest from d = `COOLEST_FROM` on, and (COOLEST_FROM / d)^2 times that below. Other metrics have none.
    """
    if inputs.shape.output is not OutputMetric.TEMPERED:
        return inputs
    times = max(1.0, (COOLEST_FROM / max(distance, WARMEST_BELOW)) ** 2)
    units = _units(_warmed(inputs.training, times, inputs.shape))
    return replace(
        inputs,
        training=inputs.training._replace(**units),
        scoring=inputs.scoring._replace(**units),
        validation=inputs.validation._replace(**units),
        near=None if inputs.near is None else _warmed(inputs.near, times, inputs.shape),
    )


def _warmed(draw: Reference, times: float, shape: Shape) -> Reference:
    return with_spread(draw._replace(temperature=draw.temperature * times), shape)


def _size(draw: Reference, metric: OutputMetric) -> float:
    """The mean square of the dense outputs under the metric."""
    return float(jnp.mean(jnp.sum(root(draw.root_weights(metric), draw.dense, metric) ** 2, axis=1)))


def _has_spread(draw: Reference, size: float) -> bool:
    """Whether the dense outputs vary by more than rounding, and by a finite number."""
    return LEAST_VARYING * size < float(draw.spread) < float("inf")


def _units(training: Reference) -> dict[str, jax.Array]:
    """The units that all draws of a run share."""
    return {"spread": training.spread, "temperature": training.temperature, "unit": training.unit}


def _derived(seed: int, purpose: int) -> int:
    """A seed for one of several purposes."""
    return int(np.random.SeedSequence([seed, purpose]).generate_state(1)[0])
