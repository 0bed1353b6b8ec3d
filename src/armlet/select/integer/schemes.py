"""The ways in which a machine can write a layer: how sources lie in words, and which registers hold what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from armlet.isa.integer_target import IntegerTarget
from armlet.pack.registers import WordRegisters
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.m0plus.layer import fits_m0plus, write_m0plus
from armlet.select.integer.m0plus.products import FIELD
from armlet.select.integer.shift_add import NARROW, WIDE, fits_shift_add, write_shift_add
from armlet.select.integer.streamed import fits_streamed, words_of_weights, write_listed, write_streamed
from armlet.select.integer.writer import LOW, Writer


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to write a layer."""

    name: str
    high: int  # bits from the low to the high field of a word
    widths: tuple[int, ...]  # accumulators that may be open at a time, the usual number first
    registers: Callable[[IntegerTarget, int], WordRegisters]
    fits: Callable[[LayerTask], bool]
    write: Callable[[Writer, LayerTask], None]
    in_order: bool = False  # words lie in memory as the code numbers them; otherwise the most loaded ones come first
    bonus: float = 0.0  # what a neuron is worth that takes both fields of a word, in loads
    constants: Callable[[NDArray[np.int64]], int] | None = None  # registers for the weights of items, by their sources

    @property
    def streams(self) -> bool:
        """Whether weights come from the pool, whose register is then left alone."""
        return self.constants is not None


def _shared(target: IntegerTarget, width: int) -> WordRegisters:
    """Every register holds either; words take the low ones, whose instructions are shorter."""
    return WordRegisters(tuple(reversed(target.free)), target.free, width)


def _low_words(target: IntegerTarget, width: int) -> WordRegisters:
    """Words take low registers, which alone shift; accumulators the high ones first, which add all the same."""
    low = tuple(register for register in target.free if register < LOW)
    return WordRegisters(tuple(reversed(target.free)), low, width, runs=True)


POOL: Mapping[str, int] = MappingProxyType({"cortex-m4": 14, "cortex-m4f": 14})  # register of the pool, by target


def _besides_pool(target: IntegerTarget, width: int) -> WordRegisters:
    free = tuple(register for register in target.free if register != POOL[target.name])
    return WordRegisters(tuple(reversed(free)), free, width)


def _shift_add(name: str, bits: int) -> Scheme:
    return Scheme(
        name,
        bits,
        (10, 9, 11),
        _shared,
        lambda task: fits_shift_add(task, bits),
        lambda writer, task: write_shift_add(writer, task, bits),
    )


_SHIFT_ADD = _shift_add("shift-add", WIDE)
_MULTIPLES = _shift_add("multiples", NARROW)
_STREAMED = Scheme(
    "streamed", 16, (6, 7, 5), _besides_pool, fits_streamed, write_streamed, bonus=1.5, constants=words_of_weights
)
_LISTED = replace(_STREAMED, name="listed", write=write_listed)
_M0PLUS = Scheme("products", FIELD, (10, 9, 11), _low_words, fits_m0plus, write_m0plus, in_order=True)

SCHEMES: Mapping[str, tuple[Scheme, ...]] = MappingProxyType(  # by target
    {
        "cortex-m4": (_SHIFT_ADD, _MULTIPLES, _STREAMED, _LISTED),
        "cortex-m4f": (_SHIFT_ADD, _MULTIPLES, _STREAMED, _LISTED),
        "cortex-m0plus": (_M0PLUS,),
        "cortex-m0plus-small-multiply": (_M0PLUS,),
    }
)
