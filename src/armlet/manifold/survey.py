"""What a run measures on: inputs drawn from the model once, and what the dense network says of them."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from armlet.errors import InputError
from armlet.manifold.functional import Point, activations_of, normalised, point_of
from armlet.manifold.inputs.moments import Moments
from armlet.manifold.inputs.parse import input_model
from armlet.manifold.inputs.wide import is_guessed, nearest
from armlet.manifold.metric import FLATTEST, OutputMetric, Reference, Shape, distance, in_unit, refer, root
from armlet.manifold.options import SparsifyOptions
from armlet.network.frozen import F32
from armlet.network.network import Network

NEAR = 0.12  # d from which on `tempered` is at its coolest: docs/sparsify.md
NEAREST = 1e-3  # d below which it grows no warmer: all outputs count alike there


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Three draws that share one unit of distance, and the shape of the function that is walked on."""

    shape: Shape
    bank: Reference  # to adjust on
    judged: Reference  # part of the bank, to judge removals on
    validation: Reference  # apart from the bank, to measure d on
    near: Reference | None = None  # of these, by themselves, those nearest to the centre: where the scale is a guess

    def distance(self, point: Point) -> float:
        """d on the validation draw, or, where that is larger, on those of it that lie near, in their own spread."""
        far = distance(point, self.validation, self.shape)
        return far if self.near is None else max(far, distance(point, self.near, self.shape))


def survey(
    network: Network,
    options: SparsifyOptions,
    model: str,
    metric: OutputMetric,
    samples: F32 | None = None,
    moments: Moments | None = None,
) -> Ground:
    """The ground of a run on inputs that the input model named `model` gives.

    Raises `InputError` where the dense network says the same of every input drawn."""
    if metric is OutputMetric.FISHER and network.outputs < 2:
        raise InputError("--metric", "fisher needs at least two outputs", "take logits")
    law = input_model(model, samples, moments)
    random = np.random.default_rng(options.seed)
    raw = random.permutation(law(network, options.draws, _derived(options.seed, 1)))
    apart = law(network, options.validation, _derived(options.seed, 2))
    shape, home = Shape(activations_of(network), metric), point_of(network)
    bank = refer(home, jnp.asarray(normalised(network, raw)), shape)
    size = float(jnp.mean(jnp.sum(root(bank.weighed(metric), bank.home, metric) ** 2, axis=1)))
    if not FLATTEST * size < float(bank.spread) < float("inf"):
        problem = f"gives a spread of {float(bank.spread)} over the inputs drawn, so no distance can be measured"
        raise InputError("network", problem, "check its input interval, or choose another --inputs")
    validation = refer(home, jnp.asarray(normalised(network, apart)), shape)
    judged = bank._replace(x=bank.x[: options.judged], home=bank.home[: options.judged])
    near = None
    if is_guessed(network, model):
        x = nearest(network, np.asarray(validation.x))
        near = refer(home, jnp.asarray(x), shape)
        near = near if FLATTEST * size < float(near.spread) < float("inf") else None
    return Ground(shape, bank, judged, validation._replace(**_units(bank)), near)


def cooled(ground: Ground, distance: float) -> Ground:
    """The ground as it is walked on from `distance`: under `tempered` the nearer, the warmer.

    The temperature is the coolest from d = `NEAR` on, and (NEAR / d)^2 times that before.
    """
    if ground.shape.output is not OutputMetric.TEMPERED:
        return ground
    times = max(1.0, (NEAR / max(distance, NEAREST)) ** 2)
    bank = in_unit(ground.bank._replace(temperature=ground.bank.temperature * times), ground.shape)
    near = ground.near
    if near is not None:
        near = in_unit(near._replace(temperature=near.temperature * times), ground.shape)
    return replace(
        ground,
        bank=bank,
        near=near,
        **{n: getattr(ground, n)._replace(**_units(bank)) for n in ("judged", "validation")},
    )


def _units(bank: Reference) -> dict[str, jax.Array]:
    """What all draws of a run are measured in."""
    return {"spread": bank.spread, "temperature": bank.temperature, "unit": bank.unit}


def _derived(seed: int, purpose: int) -> int:
    return int(np.random.SeedSequence([seed, purpose]).generate_state(1)[0])
