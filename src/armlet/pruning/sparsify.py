"""Make a trained network sparse without data: in each epoch remove the cheapest weights and fine-tune the rest.

    until the target:  score the removals     <- select
                       remove the cheapest
                       fine-tune the rest     <- fine_tune, gauss_newton
                       undo an epoch that exceeds the distance budget
                       save the state         <- checkpoint
    with a grid of weights asked for, then put the networks onto it          <- quantise/rounds

Test inputs and labels have no way in: accuracies are measured by `watch`, on the networks that it is shown.
Mathematics: docs/mathematics.md, section 4.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import jax

from armlet.errors import InputError
from armlet.integer.network import IntegerNetwork
from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.checkpoint import Partial
from armlet.pruning.fine_tune import fine_tune, next_rate
from armlet.pruning.gauss_newton import gauss_newton
from armlet.pruning.geometry.functional import Masks, Point, masks_of, network_at, point_of, weighted
from armlet.pruning.geometry.metric import OutputMetric, output_distances
from armlet.pruning.inputs.moments import Moments
from armlet.pruning.options import Effort, SparsifyOptions
from armlet.pruning.quantise.formats import WeightFormat
from armlet.pruning.quantise.grid import grid_of
from armlet.pruning.quantise.prepare import Prepared, input_scale
from armlet.pruning.quantise.present import Mates, mates_at, savings_at, savings_by_positions
from armlet.pruning.quantise.rounds import next_round, next_subject, prepared_subject, shown_network
from armlet.pruning.quantise.windows import input_scale_of_windows
from armlet.pruning.rate import first_rate
from armlet.pruning.reference import ReferenceInputs, draw_references, with_temperature
from armlet.pruning.schedule import schedule, survivors
from armlet.pruning.select import LayerSavings, prune
from armlet.pruning.settings import Settings, settings_of
from armlet.pruning.state import PruningState, Snapshot
from armlet.pruning.supported import require_supported
from armlet.pruning.trace import PruningEpoch, PruningTrace

Made: TypeAlias = Any
"""`Network`, or `IntegerNetwork` where the options ask for integer activations: who gives the options knows which."""

Watch = Callable[[PruningEpoch, Made], Mapping[str, float] | None]


@dataclass(frozen=True, slots=True, eq=False)
class Sparsified:
    """A sparse network, the trace of its run, and the networks kept on the way, by the sparsity asked for.

    They are in integers where integer activations were asked for.
    """

    network: Made
    trace: PruningTrace
    path: Mapping[float, Made]


def sparsify(
    network: Network,
    options: SparsifyOptions,
    watch: Watch | None = None,
    samples: F32 | None = None,
    partial: Partial | None = None,
    moments: Moments | None = None,
) -> Sparsified:
    """Remove weights from the network until the sparsity or the distance budget is reached.

    `watch` is called after each epoch with its figures and the network; figures that it returns, by name, go into the
    trace. `samples` are raw unlabelled rows (n, inputs) for the input model of that name, `moments` the mean and
    covariance for the model of that name. `partial` is a folder to save each epoch in, and to resume from.
    Same network, samples, options and seed give the same bytes, interrupted or not. Raises `InputError` for a network
    or input model on which no distance can be measured, or a `partial` of another run.
    """
    require_supported(network, options)
    settings = settings_of(network, options, samples, moments)
    if options.weight_format is not WeightFormat.FLOAT32:
        scale_of = input_scale if network.is_chain else input_scale_of_windows
        scale_of(network.domain, options.activations)  # refuses what cannot be stored
    state = _initial_state(network, options)
    if partial is not None:
        state = partial.load(network, settings) or state
    started = time.monotonic() - (state.epochs[-1].seconds if state.epochs else 0.0)
    inputs = mates = rate = None

    def ended(state: PruningState, prepared: Prepared | None) -> PruningState:
        epoch = replace(state.epochs[-1], seconds=round(time.monotonic() - started, 3))
        if watch is not None:
            epoch = replace(epoch, shown=watch(epoch, _network_in(state, network, prepared)) or {})
        state = replace(state, epochs=(*state.epochs[:-1], epoch))
        if partial is not None:
            partial.save(state, settings)
        return state

    most = _most_epochs(network, options)
    while not state.schedule.ended and len(state.epochs) < most:
        inputs = inputs or _references(network, options, settings, samples, moments)
        mates = mates or _mates(network, inputs, options)
        rate = rate or first_rate(network, inputs, options)
        state = _next_state(state, with_temperature(inputs, state.distance), options, rate, most, mates)
        state = ended(state, None)
    told, prepared = {**network.provenance, **settings}, None
    while (subject := next_subject(state, options, point_of(network))) is not None:
        inputs = inputs or _references(network, options, settings, samples, moments)
        rate = rate or first_rate(network, inputs, options)
        prepared = prepared or prepared_subject(network, subject, inputs, options)
        state = next_round(network, state, subject, prepared, options, rate, told)
        state = ended(state, prepared)
        prepared = None if state.snapping is None else prepared
    return _result(network, options, state, settings)


def _network_in(state: PruningState, network: Network, prepared: Prepared | None) -> Network | IntegerNetwork:
    """The network after an epoch of removing, or after a round of snapping one that is `prepared`."""
    if prepared is None:
        return network_at(state.point, network, network.provenance)
    return shown_network(network, state, prepared)


def _references(
    network: Network, options: SparsifyOptions, settings: Settings, samples: F32 | None, moments: Moments | None
) -> ReferenceInputs:
    model, metric = str(settings["sparsify_inputs"]), OutputMetric(settings["sparsify_metric"])
    return draw_references(network, options, model, metric, samples, moments)


def _mates(network: Network, inputs: ReferenceInputs, options: SparsifyOptions) -> Mates | None:
    """Inputs that make blocks all through the run, by the dense network."""
    if options.blocks is None:
        return None
    return mates_at(point_of(network), masks_of(network), inputs, jax.random.key(options.seed))


def _initial_state(network: Network, options: SparsifyOptions) -> PruningState:
    effort, layers = options.effort(not network.is_chain), len(weighted(network))
    recovery = options.rest if effort.steps else 0
    plan = schedule(network.weights, network.connections, options.target, layers, effort.epochs, options.path, recovery)
    if plan.goal < layers:
        problem = f"{options.target} leaves {plan.goal} weights, fewer than one in each layer"
        raise InputError("--sparsity", problem, f"give at most {1 - layers / network.weights:.6f}")
    return PruningState(point_of(network), masks_of(network), 0.0, plan)


def _next_state(
    state: PruningState, inputs: ReferenceInputs, options: SparsifyOptions, rate: float, most: int, mates: Mates | None
) -> PruningState:
    """Run one epoch. If it exceeds the budget, keep the network as it was and slow the schedule down."""
    plan, key = state.schedule, jax.random.fold_in(jax.random.key(options.seed), len(state.epochs))
    count = plan.left - plan.next
    asked = (inputs.scoring, key, inputs.shape, count, options.step_size)
    savings = _savings(state, inputs, options, key, mates) if options.ways and count else None
    point, masks, selector_ridge = prune(options.selector, state.point, state.masks, *asked, savings)
    rate = next_rate(rate, _accepted(state)) if _effort(inputs, options).steps else rate
    tuned = _tuned(point, masks, inputs, key, rate, options)
    epoch = _epoch(state, inputs, options, tuned, rate, most, selector_ridge)
    if not epoch.kept:
        epoch = replace(epoch, sparsity=1 - plan.left / plan.total, connections=plan.left)
        return replace(state, schedule=plan.slowed(), epochs=(*state.epochs, epoch))
    plan = plan.advanced()
    earlier = options.budget is not None and options.weight_format is not WeightFormat.FLOAT32
    keep = plan.has_recovered or earlier
    snapshot = (Snapshot(epoch.number, tuned.point, plan.has_recovered),) if keep else ()
    snapshots = (*state.snapshots, *snapshot)
    return PruningState(tuned.point, masks, epoch.distance, plan, (*state.epochs, epoch), snapshots)


def _savings(
    state: PruningState, inputs: ReferenceInputs, options: SparsifyOptions, key: jax.Array, mates: Mates | None
) -> tuple[LayerSavings, ...]:
    """What removals save on the target."""
    if not inputs.shape.architecture.is_chain:
        return savings_by_positions(state.point, inputs.shape.architecture)
    grid = grid_of(options.weight_format, options.exponents)
    return savings_at(state.point, state.masks, inputs, key, grid, options.ways, mates)


class _Tuned(NamedTuple):
    """A point after fine-tuning, or as it was if fine-tuning was rejected."""

    point: Point
    before: float  # d before fine-tuning
    distance: float
    ridge: float | None  # after the last step of Gauss-Newton


def _tuned(
    point: Point, masks: Masks, inputs: ReferenceInputs, key: jax.Array, rate: float, options: SparsifyOptions
) -> _Tuned:
    """Fine-tune by Adam, then by Gauss-Newton if asked; keep what reduces the distance on the validation draw."""
    before, ridge, effort = inputs.distance(point), None, _effort(inputs, options)
    adam = fine_tune(point, masks, inputs.training, key, rate, effort.steps, inputs.shape, effort.batch)
    after = inputs.distance(adam)
    point, nearest = (adam, after) if after < before else (point, before)
    if options.gauss_newton:
        draws = (inputs.training, inputs.validation)
        point, _, ridge = gauss_newton(point, masks, *draws, key, options.gauss_newton, inputs.shape)
        nearest = inputs.distance(point)
    return _Tuned(point, before, nearest, ridge)


def _epoch(
    state: PruningState,
    inputs: ReferenceInputs,
    options: SparsifyOptions,
    tuned: _Tuned,
    rate: float,
    most: int,
    selector_ridge: float | None,
) -> PruningEpoch:
    """The figures of an epoch, but for its seconds."""
    plan, shape = state.schedule, inputs.shape
    own = output_distances(tuned.point, inputs.validation, shape)
    worst = int(own.argmax()) if len(own) > 1 else None
    return PruningEpoch(
        number=len(state.epochs) + 1,
        of=most,
        sparsity=1 - plan.next / plan.total,
        connections=plan.next,
        distance=tuned.distance,
        before=tuned.before,
        adjusted=tuned.distance < tuned.before,
        kept=options.budget is None or tuned.distance <= options.budget,
        rate=rate,
        ridge=tuned.ridge,
        selector_ridge=selector_ridge,
        worst_output=worst,
        worst_distance=None if worst is None else float(own[worst]),
        temperature=float(inputs.training.temperature) if shape.output is OutputMetric.TEMPERED else None,
    )


def _accepted(state: PruningState) -> list[bool]:
    """Whether each fine-tuning so far was accepted, without recovery epochs, which may have nothing left to gain."""
    left = (state.schedule.total, *(epoch.connections for epoch in state.epochs))  # before any round of snapping
    return [epoch.adjusted for epoch, before in zip(state.epochs, left) if epoch.connections < before]


def _result(network: Network, options: SparsifyOptions, state: PruningState, settings: Settings) -> Sparsified:
    """The final network, its trace, and the snapshots by the sparsities of the path."""

    def provenance(distance: float) -> Settings:
        return {**network.provenance, **settings, "sparsify_distance": distance}

    made = {finished.epoch: finished for finished in state.finished}
    path: dict[float, Network | IntegerNetwork] = {}
    for snapshot in state.snapshots:
        epoch = state.epochs[snapshot.epoch - 1]
        for share in options.path:
            if not snapshot.is_stop or survivors(network.weights, share) != epoch.connections:
                continue
            if not made:
                path[share] = network_at(snapshot.point, network, provenance(epoch.distance))
            elif made[snapshot.epoch].kept:
                path[share] = made[snapshot.epoch].network
    final = state.finished[-1].network if made else network_at(state.point, network, provenance(state.distance))
    return Sparsified(final, PruningTrace(1, settings, state.epochs), path)


def _effort(inputs: ReferenceInputs, options: SparsifyOptions) -> Effort:
    return options.effort(not inputs.shape.architecture.is_chain)


def _most_epochs(network: Network, options: SparsifyOptions) -> int:
    """An upper bound of the number of epochs.

    Recovery epochs come on top of those asked for, and so does one shortened epoch at each stop. With a budget, as
    many epochs again may be undone.
    """
    recovery, epochs = (len(options.path) + 1) * (options.rest + 1), options.effort(not network.is_chain).epochs
    return recovery + (epochs if options.budget is None else 2 * epochs)
