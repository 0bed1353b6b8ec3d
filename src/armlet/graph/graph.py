"""The sparse dataflow graph and its rules: one node for each neuron, one edge for each weight that is not zero.

Nodes are numbered so that every connection runs from a lower number to a higher one; the network's used inputs come
first. A node's value is `activation(bias + sum of weight * source)`; in which order the sum is taken is not decided
here. It is the value of one neuron of the network, or of several, each times a number: its scale.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.float32 import FLOAT32
from armlet.errors import InvariantError
from armlet.network.activation import DEFINITIONS, Activation
from armlet.network.frozen import F32, F64, frozen

Index: TypeAlias = NDArray[np.integer[Any]]  # kept as int32

ACTIVATIONS: tuple[Activation, ...] = tuple(Activation)  # `Graph.activation` holds positions in this tuple
_LINEAR = ACTIVATIONS.index(Activation.LINEAR)
_HAS_SLOPE = np.array([kind.has_slope for kind in ACTIVATIONS])
HOMOGENEOUS = np.array([DEFINITIONS[kind].is_homogeneous for kind in ACTIVATIONS])  # by position


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Nodes and connections as arrays; a node is named by its position."""

    network_inputs: int  # how many inputs the network declares, used or not
    used: Index  # (inputs,) node i is the network's input used[i]
    bias: F32  # (nodes,) zero for inputs
    activation: Index  # (nodes,) position in ACTIVATIONS; linear for inputs
    layer: Index  # (nodes,) 0 for inputs, then the layer of the network that the neuron belongs to, from 1
    unit: Index  # (nodes,) its place in that layer
    source: Index  # (connections,)
    target: Index  # (connections,) ascending; sources ascend within one target
    weight: F32  # (connections,) in the format of `arithmetic`, as are bias and slope
    outputs: Index  # (network outputs,) the node whose value each output is
    slope: F32  # (nodes,) of leaky_relu; zero for all others
    scale: F64  # (nodes,) what the neuron's value is multiplied by to give the node's; 1 for inputs and outputs
    twins: Index  # (twins, 3) other neurons whose values nodes give: layer, unit, node; ascending
    twin_scale: F64  # (twins,) what their values are multiplied by
    arithmetic: Arithmetic = FLOAT32  # how values are stored, and sums are rounded

    def __post_init__(self) -> None:
        for name in ("used", "activation", "layer", "unit", "source", "target", "outputs", "twins"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int32))
        for name in ("bias", "weight", "slope"):
            object.__setattr__(self, name, frozen(getattr(self, name), self.arithmetic.format.dtype))
        for name in ("scale", "twin_scale"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))

    @property
    def inputs(self) -> int:
        """Used inputs: nodes 0 to inputs - 1."""
        return len(self.used)

    @property
    def nodes(self) -> int:
        return len(self.bias)

    @property
    def connections(self) -> int:
        return len(self.weight)

    def by_source(self) -> tuple[Index, Index]:
        """Connections in the order of their sources: node i's are at `ends[i]` to `ends[i + 1]` of them."""
        connections = np.argsort(self.source, kind="stable")
        return connections, np.searchsorted(self.source[connections], np.arange(self.nodes + 1))

    @property
    def move_bound(self) -> int:
        """Activation moves that no program can do without: each used input once in, each output once out."""
        return self.inputs + len(self.outputs)

    def check(self) -> None:
        """Raise `InvariantError` unless the rules at the top of this module hold."""
        nodes = self.nodes
        _require(
            all(len(a) == nodes for a in (self.activation, self.layer, self.unit, self.slope)), "node arrays disagree"
        )
        _require(len(self.source) == len(self.target) == len(self.weight), "connection arrays disagree")
        _require(len(self.outputs) > 0, "there is no output")
        for name, array, end in (("source", self.source, nodes), ("target", self.target, nodes)):
            _require(bool(((array >= 0) & (array < end)).all()), f"a {name} is not a node")
        _require(bool(((self.outputs >= self.inputs) & (self.outputs < nodes)).all()), "an output is not a neuron")
        _require(bool((self.source < self.target).all()), "a connection runs backwards")
        _require(bool((self.target >= self.inputs).all()), "a connection enters an input")
        key = self.target.astype(np.int64) * nodes + self.source
        _require(bool((np.diff(key) > 0).all()), "connections are not sorted, or one stands twice")
        _require(bool((self.weight != 0).all()), "a connection has weight zero; it is absent")
        _require(bool(np.isfinite(self.weight).all() and np.isfinite(self.bias).all()), "a parameter is not finite")
        _require(bool((np.diff(self.used) > 0).all()), "used inputs are not in ascending order")
        known = (self.activation >= 0) & (self.activation < len(ACTIVATIONS))
        _require(bool(known.all()), "an activation is unknown")
        sloped = _HAS_SLOPE[self.activation]
        _require(bool(((self.slope > 0) & (self.slope < 1) == sloped).all()), "a slope is missing, or not wanted")
        _require(bool((self.slope[~sloped] == 0).all()), "a slope stands where nothing leaks")
        _require(bool((self.activation[: self.inputs] == _LINEAR).all()), "an input has an activation")
        self._check_scales()

    def _check_scales(self) -> None:
        _require(len(self.scale) == self.nodes, "node arrays disagree")
        _require(self.twins.shape == (len(self.twin_scale), 3), "twin arrays disagree")
        for scale in (self.scale, self.twin_scale):
            _require(bool((np.isfinite(scale) & (scale > 0)).all()), "a scale is not a positive number")
        layer, unit, node = self.twins.T
        _require(bool(((node >= self.inputs) & (node < self.nodes) & (unit >= 0)).all()), "a twin is of no neuron")
        _require(bool((self.layer[node] == layer).all()), "a twin is of another layer")
        key = layer.astype(np.int64) << 32 | unit
        _require(bool((np.diff(key) > 0).all()), "twins are not in ascending order, or one stands twice")
        fixed = ~HOMOGENEOUS[self.activation]
        fixed[: self.inputs] = True
        fixed[self.outputs] = True
        _require(bool((self.scale[fixed] == 1).all()), "a scale stands where values must be the network's")
        _require(bool((self.twin_scale[fixed[node]] == 1).all()), "a twin's scale stands where values must be equal")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvariantError(f"graph: {otherwise}")
