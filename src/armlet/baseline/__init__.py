"""What one would write without armlet: the same network as C text, `void NAME_run(const float *, float *)`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from armlet.baseline.csr import csr_c
from armlet.baseline.dense import dense_c
from armlet.baseline.unrolled import unrolled_c
from armlet.network.network import Network

BASELINES: Mapping[str, Callable[[Network, str], str]] = MappingProxyType(
    {"dense C": dense_c, "CSR C": csr_c, "unrolled C": unrolled_c}
)

__all__ = ["BASELINES", "csr_c", "dense_c", "unrolled_c"]
