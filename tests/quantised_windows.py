"""Networks with windows on their grid for bytes, and how far from real numbers their integers may lie."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from armlet.errors import InputError
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.network.activation import Activation, activated
from armlet.network.evaluate import evaluate_layers
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reduction, Reshape
from armlet.network.network import Network
from armlet.pruning.geometry.functional import network_at, point_of
from armlet.pruning.geometry.metric import OutputMetric
from armlet.pruning.quantise.formats import ActivationFormat, WeightFormat
from armlet.pruning.quantise.grid import grid_of
from armlet.pruning.quantise.layers import Lowering
from armlet.pruning.quantise.prepare import Prepared
from armlet.pruning.quantise.snap import Snapped
from armlet.pruning.quantise.stored import Stored
from armlet.pruning.quantise.windows import CLAMPS, prepare_windows
from armlet.pruning.reference import draw_references
from generators.classifier import QUICK

F64 = NDArray[np.float64]
BYTES = replace(QUICK, sparsity=0.0, activations=ActivationFormat.INT8, rounds=2)
DRAWS = replace(QUICK, inputs="uniform")
_ROUNDED = 1e-6  # of a number: what float32 and a multiplier of 31 bits leave of it


def clamped(network: Network) -> Network:
    """The network with activations that integers with windows have."""

    def change(layer: Layer) -> Layer:
        if isinstance(layer, Pool | Reshape):
            return layer
        return replace(layer, activation=CLAMPS[list(Activation).index(layer.activation) % len(CLAMPS)])

    return replace(network, layers=tuple(map(change, network.layers)))


def prepared_of(network: Network, kind: WeightFormat) -> Prepared | None:
    """Scaled for bytes; None for a network whose outputs never vary."""
    try:
        inputs = draw_references(network, DRAWS, "uniform", OutputMetric.LOGITS)
    except InputError:
        return None
    return prepare_windows(network, point_of(network), inputs, ActivationFormat.INT8, grid_of(kind, 4))


def onto_grid(prepared: Prepared) -> Snapped:
    """Every weight at its nearest value of the grid."""
    layers, steps = [], []
    for w, b in prepared.point:
        weight = np.asarray(w, np.float64).reshape(len(b), -1)
        step = prepared.grid.free_steps(weight, np.ones(weight.shape[1]), np.full(len(b), 1e-4))
        value = prepared.grid.nearest(weight, step).reshape(w.shape)
        layers.append((jnp.asarray(value, jnp.float32), b))
        steps.append(step)
    return Snapped(tuple(layers), tuple(jnp.ones_like(w) for w, _ in prepared.point), tuple(steps))


class Followed:
    """A value of real numbers, and how far what is stored may lie from it."""

    def __init__(self, value: F64, error: float) -> None:
        self.value, self.error = value, error

    def stored(self, to: Stored) -> "Followed":
        """As bytes hold it: clamped to what they reach, rounded."""
        return Followed(np.clip(self.value, to.low, to.high), self.error + to.unit * 0.51)


def followed(network: Network, at: Snapped, prepared: Prepared, x: F64) -> Followed:
    """The outputs of real numbers, clamped where bytes are, and the bound of the error that all roundings add up to."""
    layers, steps = network_at(at.point, network, {}).layers, iter(at.steps)
    shapes = network.shapes
    values, fused = [Followed(x, 0.0)], Lowering(replace(network, layers=layers), at, prepared).fused()
    gone = [way.convolution for way, _ in fused.values()]
    for k, (layer, sources) in enumerate(zip(layers, network.sources), 1):
        taken, to = [values[source] for source in sources], prepared.stored[k]
        if isinstance(layer, Add):
            made = activated(layer.activation, layer.slope, taken[0].value + taken[1].value)
        else:
            made = evaluate_layers((layer,), ((0,),), shapes[sources[0]], taken[0].value)
        match layer:
            case Dense() | Conv() | Depthwise():
                step, unit = next(steps), prepared.stored[sources[0]].unit
                reach = float(np.abs(layer.weight).reshape(len(step), -1).sum(axis=1).max())
                error = taken[0].error * reach + float(step.max()) * unit * 0.51
                error += _ROUNDED * (float(np.abs(made).max()) + reach * 256 * unit)
                is_sum = k == len(layers) and isinstance(layer, Dense) and layer.activation is Activation.LINEAR
                is_kept = is_sum or k in gone
                values.append(Followed(made, error) if is_kept else Followed(made, error).stored(to))
            case Add():
                units = sum(prepared.stored[source].unit for source in sources)
                error = sum(each.error for each in taken) + 1e-3 * units
                if k in fused:  # of what is added, by its constant
                    error += 0.005 * float(np.abs(values[fused[k][0].other].value).max() + units * 256 * _ROUNDED)
                values.append(Followed(made, error).stored(to))
            case Pool(reduction):
                given = Followed(made, taken[0].error)
                values.append(given.stored(to) if reduction is Reduction.AVERAGE else given)
            case Reshape():
                values.append(Followed(made, taken[0].error))
    return values[-1]


def stored_rows(prepared: Prepared, count: int) -> NDArray[np.int64]:
    random = np.random.default_rng(0)
    return random.integers(-128, 128, (count, prepared.inputs.scoring.x.shape[1]))


def real_inputs(prepared: Prepared, stored: NDArray[np.int64]) -> F64:
    to = prepared.stored[0]
    return np.asarray((stored - to.zero) * to.unit, np.float64)


def farthest(made: IntegerNetwork, rows: NDArray[np.int64], bound: Followed) -> float:
    return float(np.abs(made.real(run_integers(made, rows)) - bound.value.reshape(len(rows), -1)).max())
