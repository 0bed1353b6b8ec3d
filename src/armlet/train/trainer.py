"""A data set and a topology to a trained network: epochs of Adam, the best of them chosen on rows held out of train.

One epoch is one compiled call, a scan over its shuffled batches. The test rows are never looked at.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax

from armlet.data.dataset import DataSet
from armlet.data.split import hold_out
from armlet.errors import InputError
from armlet.network.domain import InputDomain
from armlet.network.layers import Dense
from armlet.network.network import Network
from armlet.network.topology import Topology
from armlet.train.options import Epoch, TrainOptions, Watch, unwatched
from armlet.train.perceptron import Parameters, Perceptron, initial
from armlet.version import __version__

Logits: TypeAlias = Callable[[Parameters, jax.Array], jax.Array]
"""Hashable: what is equal is compiled once."""

_Run = Callable[[Parameters, Any, jax.Array, jax.Array, jax.Array], tuple[Parameters, Any, jax.Array]]


def train_network(
    data: DataSet, topology: Topology, options: TrainOptions = TrainOptions(), watch: Watch = unwatched
) -> Network:
    """The trained network, on raw inputs in the interval that the rows fill. Raises `InputError` if it diverges."""
    _require_fit(data, topology)
    start = partial(initial, widths=topology.widths)
    best, told = fitted(data, options, start, Perceptron(topology.activations), watch)
    return _network(best, data, topology, told)


def fitted(
    data: DataSet,
    options: TrainOptions,
    start: Callable[[np.random.Generator], Parameters],
    logits: Logits,
    watch: Watch,
) -> tuple[Parameters, dict[str, Any]]:
    """The best parameters on rows held out, and what is told of them. Raises `InputError` if training diverges."""
    kept, held = hold_out(data.train_labels, options.validation, options.seed)
    held = held if len(held) else kept  # no class has two samples
    options = options.for_samples(len(kept))
    x, y = jnp.asarray(data.train_inputs[kept]), jnp.asarray(data.train_labels[kept], jnp.int32)
    judge = partial(_accuracy, jnp.asarray(data.train_inputs[held]), jnp.asarray(data.train_labels[held]), logits)
    random = np.random.default_rng(options.seed)
    parameters = start(random)
    steps = len(x) // options.batch
    adam, run = _epoch(options.rate, options.decay, options.epochs * steps, logits)
    state = adam.init(parameters)  # pyright: ignore[reportArgumentType]
    best, best_accuracy, best_epoch, rose = parameters, -1.0, 0, 0
    for number in range(1, options.epochs + 1):
        batches = random.permutation(len(x))[: steps * options.batch].reshape(steps, -1)
        parameters, state, mean = run(parameters, state, x, y, jnp.asarray(batches, jnp.int32))
        if not np.isfinite(float(mean)):
            raise InputError("--rate", f"{options.rate} makes the training diverge", "give a lower one")
        accuracy = float(judge(parameters))
        if accuracy >= best_accuracy:  # of equals the later one, which the falling rate has settled
            rose = number if accuracy > best_accuracy else rose
            best, best_accuracy, best_epoch = parameters, accuracy, number
        watch(Epoch(number, options.epochs, float(mean), accuracy, best_accuracy))
        if number - rose >= options.patience:
            break
    return best, _provenance(options, best_epoch, best_accuracy, len(kept)) | _origin(data)


@lru_cache(maxsize=8)
def _epoch(rate: float, decay: float, steps: int, logits: Logits) -> tuple[optax.GradientTransformation, _Run]:
    """The optimiser for so many steps, and the compiled epoch: (parameters, state, x, y, rows of each batch)."""
    adam = optax.adamw(optax.schedules.cosine_decay_schedule(rate, steps), weight_decay=decay, mask=_weights)

    @jax.jit
    def run(
        parameters: Parameters, state: Any, x: jax.Array, y: jax.Array, batches: jax.Array
    ) -> tuple[Parameters, Any, jax.Array]:
        def step(carry: tuple[Parameters, Any], rows: jax.Array) -> tuple[tuple[Parameters, Any], jax.Array]:
            parameters, state = carry
            value, slope = jax.value_and_grad(_loss)(parameters, x[rows], y[rows], logits)
            updates, state = adam.update(slope, state, parameters)
            return (optax.apply_updates(parameters, updates), state), value  # pyright: ignore[reportReturnType]

        (parameters, state), values = jax.lax.scan(step, (parameters, state), batches)
        return parameters, state, values.mean()

    return adam, run


def _weights(parameters: Any) -> Any:
    """Which parameters decay: weights, not biases."""
    return [(True, False) for _ in parameters]


def _loss(parameters: Parameters, x: jax.Array, y: jax.Array, logits: Logits) -> jax.Array:
    """Mean cross entropy in nats."""
    return optax.losses.softmax_cross_entropy_with_integer_labels(logits(parameters, x), y).mean()


@partial(jax.jit, static_argnames="logits")
def _accuracy(x: jax.Array, y: jax.Array, logits: Logits, parameters: Parameters) -> jax.Array:
    return (logits(parameters, x).argmax(axis=1) == y).mean()


def _require_fit(data: DataSet, topology: Topology) -> None:
    if data.inputs != topology.widths[0]:
        problem = f"has {data.inputs} inputs, the topology's side {topology.side} gives {topology.widths[0]}"
        raise InputError("data set", problem, "make the data set with this topology")
    highest = int(data.train_labels.max())
    if highest >= topology.classes:
        problem = f"has class {highest}, the topology gives {topology.classes}"
        raise InputError("data set", problem, "widen the last layer")


def _network(parameters: Parameters, data: DataSet, topology: Topology, provenance: dict[str, Any]) -> Network:
    trained = [(np.asarray(weight), np.asarray(bias)) for weight, bias in parameters]
    layers = tuple(Dense(*arrays, *kind) for arrays, kind in zip(trained, topology.activations))
    return Network(layers, interval_of(data), (topology.side, topology.side), provenance)


def interval_of(data: DataSet) -> InputDomain:
    """What the rows to train with fill, and at least 0 to 1."""
    low, high = min(0.0, float(data.train_inputs.min())), max(1.0, float(data.train_inputs.max()))
    return InputDomain.uniform(data.inputs, low, high)


def _origin(data: DataSet) -> dict[str, Any]:
    """How the data came to be, as the provenance has it."""
    return {f"data_{name}": value for name, value in data.made.items()}


def _provenance(options: TrainOptions, epoch: int, accuracy: float, samples: int) -> dict[str, Any]:
    return {
        "made_by": f"armlet {__version__} train",
        "optimiser": "adam, decoupled weight decay, cosine rate",
        "seed": options.seed,
        "epochs": options.epochs,
        "batch": options.batch,
        "rate": options.rate,
        "decay": options.decay,
        "train_samples": samples,
        "chosen_epoch": epoch,
        "validation_accuracy": round(accuracy, 6),
    }
