"""A trained network to a sparse one that computes nearly the same, without data: the greedy walk on the surface.

    until the target:  judge the removals  <- select
                       remove the cheapest
                       adjust the rest     <- adjust
                       undo what breaks the budget

X and Y of a test set have no way in: whoever wants accuracies measures them in `watch`, on the networks it is shown.
Mathematics: docs/mathematics.md, section 4.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax

from armlet.errors import InputError
from armlet.manifold.adjust import walk
from armlet.manifold.functional import Masks, Point, masks_of, network_at, point_of
from armlet.manifold.inputs.parse import default_model
from armlet.manifold.metric import distance
from armlet.manifold.options import SparsifyOptions
from armlet.manifold.schedule import Schedule, schedule
from armlet.manifold.select import prune
from armlet.manifold.survey import Ground, survey
from armlet.manifold.trace import Epoch, Trace
from armlet.network.network import F32, Network
from armlet.version import __version__

Watch = Callable[[Epoch, Network], None]


@dataclass(frozen=True, slots=True, eq=False)
class Sparsified:
    """A sparse network, and how it came about."""

    network: Network
    trace: Trace


@dataclass(frozen=True, slots=True, eq=False)
class _Stand:
    """Where the walk is, and how far from home."""

    point: Point
    masks: Masks
    distance: float


def sparsify(
    network: Network, options: SparsifyOptions, watch: Watch | None = None, samples: F32 | None = None
) -> Sparsified:
    """The network with weights removed until the sparsity or the distance budget is reached.

    `watch` is called after each epoch with its figures and the network as it stands. `samples` are rows for the input
    model of that name, (n, inputs), raw and unlabelled.
    Same network, samples, options and seed give the same bytes. Raises `InputError` for a network or input model on
    which no distance can be measured.
    """
    started = time.monotonic()
    model = options.inputs or default_model(network, samples)
    plan = _plan(network, options)
    stand, epochs = _Stand(point_of(network), masks_of(network), 0.0), []
    ground = None if plan.ended else survey(network, options, model, samples)
    while ground is not None and not plan.ended and len(epochs) < _most_epochs(options):
        there, before, adjusted = _epoch(stand, ground, plan, options, len(epochs))
        kept = options.budget is None or there.distance <= options.budget
        stand, plan = (there, plan.advanced()) if kept else (stand, plan.broken())
        shown = network_at(stand.point, network, network.provenance)
        epochs.append(
            Epoch(
                number=len(epochs) + 1,
                of=_most_epochs(options),
                sparsity=shown.sparsity,
                connections=shown.connections,
                distance=there.distance,
                before=before,
                adjusted=adjusted,
                kept=kept,
                seconds=round(time.monotonic() - started, 3),
            )
        )
        if watch is not None:
            watch(epochs[-1], shown)
    settings = _settings(network, options, model)
    provenance = {**network.provenance, **settings, "sparsify_distance": stand.distance}
    return Sparsified(network_at(stand.point, network, provenance), Trace(1, settings, tuple(epochs)))


def _plan(network: Network, options: SparsifyOptions) -> Schedule:
    plan = schedule(network.weights, network.connections, options.sparsity, len(network.layers), options.epochs)
    if plan.goal < len(network.layers):
        most = 1 - len(network.layers) / network.weights
        problem = f"{options.sparsity} leaves {plan.goal} weights, fewer than one in each layer"
        raise InputError("--sparsity", problem, f"give at most {most:.6f}")
    return plan


def _epoch(
    stand: _Stand, ground: Ground, plan: Schedule, options: SparsifyOptions, number: int
) -> tuple[_Stand, float, bool]:
    """One round; the stand after it, d before the adjustment, and whether the adjustment was taken."""
    key = jax.random.fold_in(jax.random.key(options.seed), number)
    count = plan.left - plan.next
    point, masks = prune(
        options.selector, stand.point, stand.masks, ground.judged, key, ground.shape, count, options.step_size
    )
    before = distance(point, ground.validation, ground.shape)
    walked = walk(point, masks, ground.bank, key, options.rate, options.steps, ground.shape, options.batch)
    after = distance(walked, ground.validation, ground.shape)
    if after < before:
        return _Stand(walked, masks, after), before, True
    return _Stand(point, masks, before), before, False


def _most_epochs(options: SparsifyOptions) -> int:
    """Epochs that break the budget and are undone come on top, but not without end."""
    return options.epochs if options.budget is None else 2 * options.epochs


def _settings(network: Network, options: SparsifyOptions, model: str) -> Mapping[str, str | int | float]:
    """Everything that decides the result's bytes, for its provenance."""
    settings = {
        "sparsified_by": f"armlet {__version__}",
        "sparsify_dense_digest": network.digest(),
        "sparsify_inputs": model,
        "sparsify_sparsity": options.sparsity,
        "sparsify_max_distance": options.budget,
        "sparsify_selector": options.selector.value,
        "sparsify_metric": options.metric.value,
        "sparsify_step_size": options.step_size,
        **{f"sparsify_{n}": getattr(options, n) for n in ("epochs", "steps", "batch", "rate", "draws", "judged")},
        **{f"sparsify_{n}": getattr(options, n) for n in ("validation", "seed")},
    }
    return {key: value for key, value in settings.items() if value is not None}
