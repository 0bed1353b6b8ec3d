"""The same for networks in integers with windows: C on arrays as frameworks for microcontrollers have them, NHWC."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from armlet.baseline.tensors.dense import dense_c
from armlet.baseline.tensors.unrolled import unrolled_c
from armlet.integer.network import IntegerNetwork

TENSOR_BASELINES: Mapping[str, Callable[[IntegerNetwork, str], str]] = MappingProxyType(
    {"dense C": dense_c, "unrolled C": unrolled_c}
)

__all__ = ["TENSOR_BASELINES"]
