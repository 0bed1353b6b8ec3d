"""The ways in which a machine can write a layer: how sources lie in words, and which registers hold what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from armlet.isa.integer_target import IntegerTarget
from armlet.pack.registers import WordRegisters
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.shift_add import FIELD, fits_shift_add, write_shift_add
from armlet.select.integer.writer import Writer


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to write a layer."""

    name: str
    high: int  # bits from the low to the high field of a word
    widths: tuple[int, ...]  # accumulators that may be open at a time, the usual number first
    registers: Callable[[IntegerTarget, int], WordRegisters]
    fits: Callable[[LayerTask], bool]
    write: Callable[[Writer, LayerTask], None]


def _shared(target: IntegerTarget, width: int) -> WordRegisters:
    """Every register holds either; words take the low ones, whose instructions are shorter."""
    return WordRegisters(tuple(reversed(target.free)), target.free, width)


_SHIFT_ADD = Scheme("shift-add", FIELD, (10, 9, 11), _shared, fits_shift_add, write_shift_add)

SCHEMES: Mapping[str, tuple[Scheme, ...]] = MappingProxyType(  # by target
    {"cortex-m4": (_SHIFT_ADD,), "cortex-m4f": (_SHIFT_ADD,)}
)
