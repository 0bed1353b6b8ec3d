"""The kinds of networks in integers that are counted apart: formats of values, and what weights are."""

from collections.abc import Mapping
from types import MappingProxyType

from armlet.integer.formats import INT8, INT16, UINT8, IntegerFormat
from generators.integers import ALPHABETS, VALUES, Kind

_FORMATS: Mapping[str, tuple[IntegerFormat, ...]] = MappingProxyType(
    {"uint8": (UINT8,), "int8": (INT8,), "int16": (INT16,), "mixed": VALUES}
)
_WEIGHTS: Mapping[str, tuple[tuple[int, ...], ...]] = MappingProxyType(
    {
        "ternary": ((1,),),
        "pow2": (tuple(1 << k for k in range(7)), tuple(1 << k for k in range(15))),
        "{1,3} 2^k": ((1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96), (1, 3, 256, 768, 8192, 12288, 24576)),
        "int8": (tuple(range(1, 128)), (1, 64, 65, 126, 127, 128)),
        "int16": (tuple(range(1, 32769)), (1, 127, 128, 255, 256, 32767, 32768)),
        "mixed": ALPHABETS,
    }
)

KINDS: Mapping[tuple[str, str], Kind] = MappingProxyType(
    {(values, weights): Kind(_FORMATS[values], _WEIGHTS[weights]) for values in _FORMATS for weights in _WEIGHTS}
)
