"""The same for networks in float32 with windows: C on arrays in the network's own order, plane after plane."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from armlet.baseline.floats.blocked import blocked_c
from armlet.baseline.floats.dense import dense_c
from armlet.baseline.floats.unrolled import unrolled_c
from armlet.network.network import Network

FLOAT_BASELINES: Mapping[str, Callable[[Network, str], str]] = MappingProxyType(
    {"dense C": dense_c, "blocked C": blocked_c, "unrolled C": unrolled_c}
)

__all__ = ["FLOAT_BASELINES"]
