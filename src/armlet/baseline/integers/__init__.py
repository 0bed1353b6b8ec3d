"""The same for a network in integers: C text of `void NAME_run(const T *, U *)`, T and U the formats that it stores."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from armlet.baseline.integers.bitmap import bitmap_c
from armlet.baseline.integers.csr import csr_c
from armlet.baseline.integers.dense import dense_c
from armlet.baseline.integers.unrolled import unrolled_c
from armlet.integer.network import IntegerNetwork

INTEGER_BASELINES: Mapping[str, Callable[[IntegerNetwork, str], str]] = MappingProxyType(
    {"dense C": dense_c, "CSR C": csr_c, "bitmap C": bitmap_c, "unrolled C": unrolled_c}
)

__all__ = ["INTEGER_BASELINES"]
