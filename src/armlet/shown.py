"""What inputs and targets of a test show of a network: they are looked at, and decide nothing.

Classes give the share of right answers. Real-valued targets give R^2, the mean over the outputs. Without targets the
dense network itself is the target: the share of the same answers, or R^2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from armlet.data.table import I64, read_inputs, read_targets
from armlet.errors import InputError
from armlet.formats.assemble import Tell
from armlet.integer.interpret import evaluate
from armlet.integer.network import IntegerNetwork
from armlet.network.activation import Activation
from armlet.network.evaluate import last_activation
from armlet.network.frozen import F32, F64
from armlet.network.network import Network
from armlet.network.outputs import OutputKind


class Measure(Enum):
    """What is shown, by its usual name."""

    ACCURACY = "accuracy"  # share of right classes
    AGREEMENT = "agreement"  # share of answers that are the dense network's
    R_SQUARED = "r_squared"  # 1 less the share of the targets' variance that is missed, the mean over the outputs


@dataclass(frozen=True, slots=True)
class Shown:
    """What a measure is called, and what gives it for a network of the same inputs and outputs."""

    name: Measure
    of: Callable[[Network | IntegerNetwork], float]


def shown_on(dense: Network, x_test: Path, y_test: Path | None, tell: Tell) -> Shown:
    """What `x_test`, with or without targets, shows of `dense` and of networks that came from it. Raises `InputError`.

    `tell` hears of inputs outside the declared interval, and of classes that are counted from 1.
    """
    x = read_inputs(x_test, dense.inputs, dense.shape)
    if outside := dense.domain.outside(x):
        tell(f"{x_test}: {outside}")
    if y_test is None:
        return _agreement(dense, x)
    targets = read_targets(y_test, dense.outputs, _has_classes(dense), tell)
    if len(targets) != len(x):
        raise InputError(y_test, f"holds {len(targets)} rows for {len(x)} inputs", "give one for each row")
    if np.issubdtype(targets.dtype, np.integer):
        return Shown(Measure.ACCURACY, lambda network: float((_answers(network, x) == targets).mean()))
    if not np.ptp(targets, axis=0).any():
        raise InputError(y_test, "has targets that never vary", "R^2 needs targets that do")
    return Shown(Measure.R_SQUARED, lambda network: r_squared(_outputs(network, x), targets))


def r_squared(found: F64, targets: F64) -> float:
    """The mean of 1 - |found - target|^2 / |target - mean|^2 over outputs whose targets vary, NaN where none does."""
    missed = ((found - targets) ** 2).sum(axis=0)
    spread = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    varies = spread > 0
    return float((1 - missed[varies] / spread[varies]).mean()) if varies.any() else float("nan")


def _has_classes(network: Network) -> bool | None:
    """Whether outputs score classes; None where nobody said and the targets themselves must tell."""
    return None if network.output is None else network.output is OutputKind.SCORES


def _agreement(dense: Network, x: F32) -> Shown:
    """Against the dense network. A single output or declared values have no classes to agree on."""
    if dense.output is OutputKind.VALUES or (dense.outputs == 1 and dense.output is None):
        targets = _outputs(dense, x)
        return Shown(Measure.R_SQUARED, lambda network: r_squared(_outputs(network, x), targets))
    answers = _answers(dense, x)
    return Shown(Measure.AGREEMENT, lambda network: float((_answers(network, x) == answers).mean()))


def _answers(network: Network | IntegerNetwork, x: F32) -> I64:
    """The class of each row: the largest score; of a single output, which side of the middle it lies on."""
    found = _outputs(network, x)
    if isinstance(network, IntegerNetwork) and network.argmax is not None:
        return found[:, 0].astype(np.int64)
    if network.outputs > 1:
        return found.argmax(axis=1)
    middle = 0.5 if _last(network) is Activation.SIGMOID else 0.0
    return (found[:, 0] > middle).astype(np.int64)


def _last(network: Network | IntegerNetwork) -> Activation:
    if isinstance(network, IntegerNetwork):
        return network.dense[-1].activation
    return last_activation(network.layers, network.sources)


def _outputs(network: Network | IntegerNetwork, x: F32) -> F64:
    if isinstance(network, IntegerNetwork):
        return evaluate(network, x)
    from armlet.pruning.geometry.functional import outputs

    return outputs(network, x).astype(np.float64)
