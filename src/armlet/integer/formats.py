"""How integers are stored: their width, and whether they have a sign."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

I64: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class IntegerFormat:
    """Two's complement or unsigned, little-endian in memory."""

    name: str  # as in network.toml, the manifest and the drivers
    dtype: "np.dtype[Any]"
    c_type: str

    @property
    def low(self) -> int:
        """The least number that it holds."""
        return int(np.iinfo(self.dtype).min)

    @property
    def high(self) -> int:
        """The greatest number that it holds."""
        return int(np.iinfo(self.dtype).max)

    @property
    def bytes(self) -> int:
        """Bytes of a value in memory."""
        return self.dtype.itemsize


UINT8 = IntegerFormat("uint8", np.dtype("u1"), "uint8_t")
INT8 = IntegerFormat("int8", np.dtype("i1"), "int8_t")
INT16 = IntegerFormat("int16", np.dtype("<i2"), "int16_t")
INT32 = IntegerFormat("int32", np.dtype("<i4"), "int32_t")

FORMATS: Mapping[str, IntegerFormat] = MappingProxyType({each.name: each for each in (UINT8, INT8, INT16, INT32)})
