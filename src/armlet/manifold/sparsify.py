"""A trained network to a sparse one that computes nearly the same, without data: the greedy walk on the surface.

    until the target:  judge the removals  <- select
                       remove the cheapest
                       adjust the rest     <- adjust
                       undo what breaks the budget
                       write down where it stands  <- checkpoint

X and Y of a test set have no way in: whoever wants accuracies measures them in `watch`, on the networks it is shown.
Mathematics: docs/mathematics.md, section 4.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import jax

from armlet.errors import InputError
from armlet.manifold.adjust import careful, walk
from armlet.manifold.checkpoint import Kept, Partial, Standing
from armlet.manifold.functional import masks_of, network_at, point_of
from armlet.manifold.gauss_newton import polish
from armlet.manifold.inputs.default import default_model, describe_inputs
from armlet.manifold.inputs.moments import Moments
from armlet.manifold.inputs.parse import input_model
from armlet.manifold.inputs.samples import clipped
from armlet.manifold.metric import OutputMetric, own_distances
from armlet.manifold.options import SparsifyOptions
from armlet.manifold.purpose import default_metric
from armlet.manifold.schedule import schedule, survivors
from armlet.manifold.select import RIDGE, Selector, prune
from armlet.manifold.survey import Ground, cooled, survey
from armlet.manifold.trace import Epoch, Trace
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.version import __version__

Watch = Callable[[Epoch, Network], Mapping[str, float] | None]
Settings = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True, eq=False)
class Sparsified:
    """A sparse network, and how it came about; `path` holds the networks kept on the way, by the sparsity asked."""

    network: Network
    trace: Trace
    path: Mapping[float, Network]


def sparsify(
    network: Network,
    options: SparsifyOptions,
    watch: Watch | None = None,
    samples: F32 | None = None,
    partial: Partial | None = None,
    moments: Moments | None = None,
) -> Sparsified:
    """The network with weights removed until the sparsity or the distance budget is reached.

    `watch` is called after each epoch with its figures and the network as it stands; figures that it returns, by
    name, go into the trace. `samples` are rows for the input model of that name, (n, inputs), raw and unlabelled,
    `moments` what that model draws by. `partial` is a folder to write down each epoch in, and to go on from.
    Same network, samples, options and seed give the same bytes, interrupted or not. Raises `InputError` for a network
    or input model on which no distance can be measured, or a `partial` of another run.
    """
    settings = settings_of(network, options, samples, moments)
    stand = _start(network, options)
    if partial is not None:
        stand = partial.load(network, settings) or stand
    started = time.monotonic() - (stand.epochs[-1].seconds if stand.epochs else 0.0)
    ground = None
    while not stand.plan.ended and len(stand.epochs) < _most_epochs(options):
        ground = ground or _surveyed(network, options, settings, samples, moments)
        stand = _epoch(stand, cooled(ground, stand.distance), options)
        epoch = replace(stand.epochs[-1], seconds=round(time.monotonic() - started, 3))
        if watch is not None:
            shown = watch(epoch, network_at(stand.point, network, network.provenance))
            epoch = replace(epoch, shown=shown or {})
        stand = replace(stand, epochs=(*stand.epochs[:-1], epoch))
        if partial is not None:
            partial.save(stand, settings)
    return _finished(network, options, stand, settings)


def _surveyed(
    network: Network, options: SparsifyOptions, settings: Settings, samples: F32 | None, moments: Moments | None
) -> Ground:
    model, metric = str(settings["sparsify_inputs"]), OutputMetric(settings["sparsify_metric"])
    return survey(network, options, model, metric, samples, moments)


def _start(network: Network, options: SparsifyOptions) -> Standing:
    layers, rest = len(network.layers), options.rest if options.steps else 0
    plan = schedule(network.weights, network.connections, options.target, layers, options.epochs, options.path, rest)
    if plan.goal < layers:
        problem = f"{options.target} leaves {plan.goal} weights, fewer than one in each layer"
        raise InputError("--sparsity", problem, f"give at most {1 - layers / network.weights:.6f}")
    return Standing(point_of(network), masks_of(network), 0.0, plan)


def _epoch(stand: Standing, ground: Ground, options: SparsifyOptions) -> Standing:
    """The stand after one round; where that breaks the budget, the stand before it at a slower pace."""
    plan, number, shape = stand.plan, len(stand.epochs), ground.shape
    key = jax.random.fold_in(jax.random.key(options.seed), number)
    count = plan.left - plan.next
    point, masks, needed = prune(
        options.selector, stand.point, stand.masks, ground.judged, key, shape, count, options.step_size
    )
    before = ground.distance(point)
    rate = careful(options.rate, _taken(stand)) if options.steps else options.rate
    walked = walk(point, masks, ground.bank, key, rate, options.steps, shape, options.batch)
    after = ground.distance(walked)
    point, nearest, ridge = (walked, after, None) if after < before else (point, before, None)
    if options.gauss_newton:
        args = (ground.bank, ground.validation, key, options.gauss_newton, shape)
        point, _, ridge = polish(point, masks, *args)
        nearest = ground.distance(point)
    own = own_distances(point, ground.validation, shape)
    worst = int(own.argmax()) if len(own) > 1 else None
    epoch = Epoch(
        number=number + 1,
        of=_most_epochs(options),
        sparsity=1 - plan.next / plan.total,
        connections=plan.next,
        distance=nearest,
        before=before,
        adjusted=nearest < before,
        kept=options.budget is None or nearest <= options.budget,
        rate=rate,
        ridge=ridge,
        selector_ridge=needed,
        worst_output=worst,
        worst_distance=None if worst is None else float(own[worst]),
        temperature=float(ground.bank.temperature) if shape.output is OutputMetric.TEMPERED else None,
    )
    if not epoch.kept:
        epoch = replace(epoch, sparsity=1 - plan.left / plan.total, connections=plan.left)
        return replace(stand, plan=plan.broken(), epochs=(*stand.epochs, epoch))
    plan = plan.advanced()
    kept = (*stand.kept, Kept(epoch.number, point)) if plan.has_rested else stand.kept
    return Standing(point, masks, epoch.distance, plan, (*stand.epochs, epoch), kept)


def _taken(stand: Standing) -> list[bool]:
    """Whether each walk so far was taken, but for those at rest: they may have nothing left to gain."""
    left = (stand.plan.total, *(epoch.connections for epoch in stand.epochs))
    return [epoch.adjusted for epoch, before in zip(stand.epochs, left) if epoch.connections < before]


def _finished(network: Network, options: SparsifyOptions, stand: Standing, settings: Settings) -> Sparsified:
    """The result, and by each sparsity of the path that the walk came to, the network that was kept there."""

    def provenance(distance: float) -> Settings:
        return {**network.provenance, **settings, "sparsify_distance": distance}

    path: dict[float, Network] = {}
    for kept in stand.kept:
        epoch = stand.epochs[kept.epoch - 1]
        for share in options.path:
            if survivors(network.weights, share) == epoch.connections:
                path[share] = network_at(kept.point, network, provenance(epoch.distance))
    result = network_at(stand.point, network, provenance(stand.distance))
    return Sparsified(result, Trace(1, settings, stand.epochs), path)


def _most_epochs(options: SparsifyOptions) -> int:
    """Rests come on top, and one epoch cut short at each stop. So do those that are undone, but not without end."""
    rests = (len(options.path) + 1) * (options.rest + 1)
    return rests + (options.epochs if options.budget is None else 2 * options.epochs)


def settings_of(
    network: Network, options: SparsifyOptions, samples: F32 | None = None, moments: Moments | None = None
) -> Settings:
    """Everything that decides the result's bytes, for its provenance, and what is taken for granted of the inputs.

    Raises `InputError` for samples that the declared intervals do not hold.
    """
    model = options.inputs or default_model(network, samples, moments)
    law = input_model(model, samples, moments)
    metric = options.metric or default_metric(network, law)
    settings = {
        "sparsified_by": f"armlet {__version__}",
        "sparsify_dense_digest": network.digest(),
        "sparsify_samples_digest": None if samples is None else hashlib.sha256(samples.tobytes()).hexdigest(),
        "sparsify_moments_digest": None if moments is None else moments.digest(),
        "sparsify_inputs": model,
        "sparsify_domain": describe_inputs(network, model, samples),
        "sparsify_samples_clipped": None if samples is None else clipped(network.domain, samples),
        "sparsify_sparsity": options.target,
        "sparsify_max_distance": options.budget,
        "sparsify_path": ",".join(map(repr, sorted(options.path))) or None,
        "sparsify_selector": options.selector.value,
        "sparsify_ridge": RIDGE if options.selector in (Selector.AUTO, Selector.SECOND_ORDER) else None,
        "sparsify_metric": metric.value,
        "sparsify_gauss_newton": options.gauss_newton or None,
        "sparsify_step_size": options.step_size,
        **{f"sparsify_{n}": getattr(options, n) for n in ("epochs", "rest", "steps", "batch", "rate", "draws")},
        **{f"sparsify_{n}": getattr(options, n) for n in ("judged", "validation", "seed")},
    }
    return {key: value for key, value in settings.items() if value is not None}
