"""The schemes that a layer may be written in, and its code in each, planned once."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from armlet.anneal.engine import Annealing
from armlet.errors import CapacityError
from armlet.integer.bounds import LayerBounds, integer_bounds
from armlet.integer.network import IntegerNetwork
from armlet.integer.unsigned import without_sign
from armlet.isa.integer_target import IntegerTarget
from armlet.pack.layer_code import LayerCode, check_layer_code
from armlet.pack.plan import Arrangement, arrange, plan_layer
from armlet.select.integer.compact.table import plan_compact
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.places import WORD, output_bytes
from armlet.select.integer.schemes import COMPACT, SCHEMES, UNSIGNED, Scheme


@dataclass(frozen=True, slots=True)
class Planner:
    """What all layers of a network are planned with, and the plans so far."""

    network: IntegerNetwork  # as it is written, which may store values between layers otherwise than declared
    bounds: tuple[LayerBounds, ...]
    target: IntegerTarget
    how: Annealing
    arrangements: dict[tuple[int, object], Arrangement] = field(default_factory=dict)

    def straight(self, number: int) -> tuple[Scheme, ...]:
        """The schemes of straight code for a layer, the fastest first; those that share its arrangement."""
        task = self.task(number)
        fitting = [scheme for scheme in SCHEMES[self.target.name] if scheme.fits(task)]
        fitting.sort(key=lambda scheme: scheme.estimate(task))
        return tuple(scheme for scheme in fitting if self._arranged_by(scheme) == self._arranged_by(fitting[0]))

    def compact(self, number: int) -> tuple[Scheme, ...]:
        """Those that are loops over a table."""
        task = self.task(number)
        return tuple(scheme for scheme in COMPACT.get(self.target.name, ()) if scheme.fits(task))

    def refusal(self, number: int) -> CapacityError:
        """That a layer fits no scheme, and why: what hinders the one that takes most layers."""
        why = SCHEMES[self.target.name][-1].obstacle(self.task(number))
        return CapacityError(f"layer {number} fits no scheme of {self.target.name}: {why}")

    def code(self, number: int, scheme: Scheme, before: NDArray[np.int32] | None) -> LayerCode:
        """The code of a layer; `before` is the order in which its sources are closed, None for inputs."""
        layer = self.network.dense[number]
        if scheme.form is not None:
            return plan_compact(scheme.form, layer, before, self.network.source(number))
        registers = scheme.registers(self.target, scheme.width)
        key = number, self._arranged_by(scheme)
        if key not in self.arrangements:
            how = self.how.of(f"layer {number + 1}")
            self.arrangements[key] = arrange(layer.weight, registers, scheme.bonus, how)
        code = plan_layer(layer.weight, self.arrangements[key], before, registers, scheme.constants)
        check_layer_code(code, layer.weight, registers.all)
        return code

    def word_bytes(self, number: int, scheme: Scheme) -> int:
        """Bytes of a word of a layer's sources, or of a source where they lie one after the other."""
        return WORD if scheme.high else self.network.source(number).bytes

    def task(self, number: int) -> LayerTask:
        """A layer of which only the numbers are known."""
        none = np.zeros((0, 4), np.int32)
        nothing = LayerCode(none[:, :2], none[:, :2], none, none[:, 0])
        words = np.zeros(0, np.int64)
        layer, bounds = self.network.dense[number], self.bounds[number]
        size = output_bytes(self.network) if number == len(self.bounds) - 1 else layer.stored.bytes
        return LayerTask(number, layer, bounds, nothing, words, {}, self.network.source(number), 0, 0, size)

    def _arranged_by(self, scheme: Scheme) -> object:
        return scheme.high, scheme.width, scheme.bonus, scheme.registers(self.target, scheme.width).runs


def unsigned_where_it_fits(network: IntegerNetwork, target: IntegerTarget, how: Annealing) -> IntegerNetwork:
    """The network with unsigned bytes between layers where the first of a core's schemes takes a layer only so."""
    if target.name not in UNSIGNED:
        return network
    for number in range(len(network.dense) - 1):
        lifted = without_sign(network, number)
        if lifted is None:
            continue
        before, after = (
            Planner(each, integer_bounds(each), target, how).task(number + 1) for each in (network, lifted)
        )
        scheme = SCHEMES[target.name][0]
        if not scheme.fits(before) and scheme.fits(after):
            network = lifted
    return network
