"""Put the networks of a run onto their grid, one after another, in rounds of snapping and fine-tuning.

The networks are those of the path, and the last of the run. Where the last one on its grid exceeds the distance budget,
an earlier one is tried, with more weights: one epoch back, then three, seven and so on.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from armlet.errors import InputError
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.network.domain import Origin
from armlet.network.frozen import F32, F64
from armlet.network.network import Network
from armlet.network.normalise import fold_normalisation
from armlet.pruning.fine_tune import next_rate
from armlet.pruning.geometry.functional import Masks, Point, masks_at, network_at
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.quantise.formats import WeightFormat
from armlet.pruning.quantise.grid import grid_of
from armlet.pruning.quantise.integers import integer_network
from armlet.pruning.quantise.layers import integer_windows
from armlet.pruning.quantise.prepare import Prepared, prepare
from armlet.pruning.quantise.snap import Snapped, snap, tuned, tuned_on_grid, unsnapped
from armlet.pruning.quantise.windows import prepare_windows
from armlet.pruning.reference import ReferenceInputs, with_temperature
from armlet.pruning.state import Finished, PruningState, Snapping, Snapshot
from armlet.pruning.trace import PruningEpoch

_DISTANCE = "sparsify_distance"
_SLOWER = 0.5  # the first rate, to that of the fine-tuning after removals


def next_subject(state: PruningState, options: SparsifyOptions, dense: Point) -> Snapshot | None:
    """The network that is on its grid next; None if every one is, or none is asked for. Raises `InputError`.

    Where a network is too far on its grid, one from before it is taken, at last the dense one.
    """
    if options.weight_format is WeightFormat.FLOAT32:
        return None
    last = max((epoch.number for epoch in state.epochs if epoch.kept and epoch.snapped is None), default=0)
    ends = [snapshot for snapshot in state.snapshots if snapshot.is_stop]
    tried = {finished.epoch: finished for finished in state.finished}
    for snapshot in ends:
        if snapshot.epoch not in tried:
            return snapshot
    earlier = {snapshot.epoch: snapshot for snapshot in state.snapshots}
    earlier |= {0: Snapshot(0, dense), last: Snapshot(last, state.point)}
    epochs, back = sorted(earlier, reverse=True), 1
    while True:
        epoch = epochs[min(back, len(epochs)) - 1]
        if epoch not in tried:
            return earlier[epoch]
        if tried[epoch].kept:
            return None
        if back >= len(epochs):
            problem = f"{options.budget} is less than the grid of {options.weight_format.value} alone costs"
            raise InputError("--max-distance", problem, f"allow {tried[epoch].distance:.3f}, or take a finer one")
        back *= 2


def prepared_subject(
    network: Network, subject: Snapshot, inputs: ReferenceInputs, options: SparsifyOptions
) -> Prepared:
    """The subject, scaled for its grid."""
    warm = with_temperature(inputs, inputs.distance(subject.point))
    grid = grid_of(options.weight_format, options.exponents)
    scaled = prepare if network.is_chain else prepare_windows
    return scaled(network, subject.point, warm, options.activations, grid)


def next_round(
    network: Network,
    state: PruningState,
    subject: Snapshot,
    prepared: Prepared,
    options: SparsifyOptions,
    first_rate: float,
    provenance: Mapping[str, Any],
) -> PruningState:
    """Snap more than the round before, and fine-tune; the last round finishes the subject.

    Shares grow ever slower, since ever less is left to make up for what is snapped.
    """
    now = state.snapping or Snapping(subject.epoch, 0, unsnapped(prepared.point))
    masks, number = masks_at(prepared.point), now.rounds + 1
    inputs, effort, rate = prepared.inputs, options.effort(not network.is_chain), _rate(state, now, first_rate)
    share = 1 - (1 - number / effort.rounds) ** 2
    key = jax.random.fold_in(jax.random.key(options.seed), len(state.epochs))
    at = _snapped(now.at, masks, prepared, key, share, options)
    before = distance = inputs.distance(at.point)
    for way in _ways(prepared, number == effort.rounds) if effort.steps else ():
        after = way(at, masks, prepared, key, rate, effort.steps, effort.batch)
        there = inputs.distance(after.point)
        at, distance = (after, there) if there < distance else (at, distance)
    epoch = _epoch(network, state, at, distance, before, rate, share, effort.rounds - now.rounds)
    if number < effort.rounds:
        return replace(state, epochs=(*state.epochs, epoch), snapping=Snapping(subject.epoch, number, at))
    made, distance = _made(network, at, prepared, provenance, distance)
    epoch = replace(epoch, distance=distance, kept=options.budget is None or distance <= options.budget)
    finished = Finished(subject.epoch, made, distance, epoch.kept)
    return replace(state, epochs=(*state.epochs, epoch), snapping=None, finished=(*state.finished, finished))


def _ways(prepared: Prepared, is_last: bool) -> tuple[Callable[..., Snapped], ...]:
    """How a round fine-tunes: what is free, and behind windows at last the values on the grid too."""
    if prepared.inputs.shape.architecture.is_chain or not is_last:
        return (tuned,)
    return tuned, tuned_on_grid


def _snapped(
    at: Snapped, masks: Masks, prepared: Prepared, key: jax.Array, share: float, options: SparsifyOptions
) -> Snapped:
    if prepared.inputs.shape.architecture.is_chain:
        return snap(at, masks, prepared, key, share, options.ways)
    from armlet.pruning.quantise.compensate import snap_windows  # wakes Numba

    return snap_windows(at, masks, prepared, key, share, options.selector)


def _epoch(
    network: Network,
    state: PruningState,
    at: Snapped,
    distance: float,
    before: float,
    rate: float,
    share: float,
    left: int,
) -> PruningEpoch:
    """The figures of a round, but for its seconds; `left` are those of the subject from it on."""
    connections = sum(int(np.count_nonzero(weight)) for weight, _ in at.point)
    return PruningEpoch(
        number=len(state.epochs) + 1,
        of=len(state.epochs) + left,
        sparsity=1 - connections / network.weights,
        connections=connections,
        distance=distance,
        before=before,
        adjusted=distance < before,
        kept=True,
        rate=rate,
        snapped=share,
    )


def shown_network(network: Network, state: PruningState, prepared: Prepared) -> Network | IntegerNetwork:
    """The network after the last round."""
    if state.snapping is None:
        return state.finished[-1].network
    return float_network(network, state.snapping.at.point, prepared, {})


def float_network(dense: Network, point: Point, prepared: Prepared, provenance: Mapping[str, Any]) -> Network:
    """The network on raw inputs. Where the inputs' units are powers of two, weights stay on their grid to the bit."""
    if not dense.is_chain:
        return network_at(point, dense, provenance)
    (weight, bias), *rest = [(np.asarray(w, np.float64), np.asarray(b, np.float64)) for w, b in point]
    scale = prepared.input
    raw = weight / scale.spread
    layers = [(raw, bias - raw @ scale.mean), *rest]
    folded = tuple((jnp.asarray(w, jnp.float32), jnp.asarray(b, jnp.float32)) for w, b in layers)
    made = network_at(folded, fold_normalisation(dense), provenance)
    if made.domain.origin is Origin.IMPLIED:  # by a mean and a deviation that are folded now
        return replace(made, domain=replace(made.domain, origin=Origin.DECLARED))
    return made


def _made(
    network: Network, at: Snapped, prepared: Prepared, provenance: Mapping[str, Any], distance: float
) -> tuple[Network | IntegerNetwork, float]:
    """The finished network, and its distance, which integers have of their own."""
    if not prepared.stored:
        return float_network(network, at.point, prepared, {**provenance, _DISTANCE: distance}), distance
    of = integer_network if network.is_chain else integer_windows
    made = of(network, at, prepared, provenance)
    distance = prepared.inputs.distance_of(lambda x: _outputs(made, x, prepared))
    return replace(made, provenance={**provenance, _DISTANCE: distance}), distance


def _outputs(made: IntegerNetwork, x: F32, prepared: Prepared) -> F64:
    """Real outputs for what the first layer of the network that was tuned takes."""
    given = prepared.stored[0]
    stored = np.rint(np.asarray(x, np.float64) / given.unit).astype(np.int64) + given.zero
    return made.real(run_integers(made, stored))


def _rate(state: PruningState, now: Snapping, first: float) -> float:
    """As for removals, from the rounds of this subject alone."""
    rounds = state.epochs[len(state.epochs) - now.rounds :]
    return next_rate(_SLOWER * first, [epoch.adjusted for epoch in rounds])
