"""What `armlet inspect` finds, as values; `as_json` has every field by its name."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

Ends: TypeAlias = tuple[float, float]

SCHEMA = 1  # grows when a field changes its meaning or goes; new ones may come


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """One layer. Weights and MACs are all places, zero or not; biases are no weights."""

    name: str  # in the file
    operator: str  # as the file has it
    kind: str | None  # as network.toml has it
    activation: str | None
    gives: tuple[int, ...] | None  # the shape
    weights: int = 0
    biases: int = 0
    zero_weights: int = 0
    macs: int = 0
    zero_macs: int = 0  # whose weight is zero
    computed_macs: int = 0  # whose weight is not, from what varies to what varies and is read
    channels: int = 0
    constant_channels: int = 0  # the same number for every input
    unread_channels: int = 0  # that no output depends on
    weight_range: Ends | None = None
    value_range: Ends | None = None  # proved for declared inputs; in integers, as they are stored
    weights_as: str = "float32"
    values_as: str = "float32"


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """The network's inputs."""

    shape: tuple[int, ...]
    inputs: int
    unread_inputs: int
    origin: str  # declared, implied, undeclared
    range: Ends | None
    text: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a build would come to on one target at one sparsity, by prices measured for each connection."""

    target: str
    arithmetic: str  # float32 or integers
    sparsity: float
    is_as_it_is: bool  # the network's own zeros
    connections: int  # that are computed
    cycles: int  # of NAME_core, no wait states
    flash: int  # bytes, the copies of NAME_run included


@dataclass(frozen=True, slots=True)
class ObstacleFacts:
    """An operator that has no counterpart here."""

    node: str
    operator: str
    hint: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that is said of a model. What only a network has is None or empty where there is an obstacle."""

    format: str
    layers: tuple[LayerFacts, ...]
    notes: tuple[str, ...]
    obstacles: tuple[ObstacleFacts, ...]
    arithmetic: str | None = None  # float32 or integers
    digest: str | None = None
    output: str | None = None  # scores or values, where somebody said it
    domain: DomainFacts | None = None
    refusal: str | None = None  # why compile would refuse the network
    estimates: tuple[Estimate, ...] = ()

    def total(self, field: str) -> int:
        """A number of all layers."""
        return sum(getattr(layer, field) for layer in self.layers)

    def as_json(self) -> Mapping[str, Any]:
        """The fields by name, and the sums over all layers."""
        sums = ("weights", "biases", "zero_weights", "macs", "zero_macs", "computed_macs")
        totals = {name: self.total(name) for name in (*sums, "constant_channels", "unread_channels")}
        return {"schema": SCHEMA, **asdict(self), "totals": totals}
