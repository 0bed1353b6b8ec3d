"""The ways in which a machine can write a layer: how sources lie in words, and which registers hold what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from armlet.isa.integer_target import LOW, IntegerTarget
from armlet.pack.registers import WordRegisters
from armlet.pack.word_orders import WordOrder, as_numbered, companions_first, most_loaded_first
from armlet.select.integer.compact.coded import coded_obstacle, write_coded
from armlet.select.integer.compact.m0plus import (
    m0plus_coded_obstacle,
    m0plus_compact_obstacle,
    write_m0plus_coded,
    write_m0plus_compact,
)
from armlet.select.integer.compact.table import CompactForm
from armlet.select.integer.compact.write import compact_obstacle, write_compact
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.m0plus.layer import SINGLE, paired_obstacle, single_obstacle, write_m0plus
from armlet.select.integer.m0plus.products import FIELD
from armlet.select.integer.shift_add import NARROW, WIDE, digits_of, shift_add_obstacle, write_shift_add
from armlet.select.integer.streamed import (
    instructions_of,
    streamed_obstacle,
    words_of_weights,
    write_listed,
    write_streamed,
)
from armlet.select.integer.writer import Writer


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to write a layer."""

    name: str
    high: int  # bits from the low to the high field of a word
    width: int  # accumulators that may be open at a time
    registers: Callable[[IntegerTarget, int], WordRegisters]
    obstacle: Callable[[LayerTask], str]  # why it cannot write a layer; empty where it can
    write: Callable[[Writer, LayerTask], None]
    estimate: Callable[[LayerTask], float] = lambda task: 0.0  # instructions for the connections, to compare schemes
    order: WordOrder = most_loaded_first  # of words in memory
    bonus: float | None = 0.0  # what a neuron is worth that takes both fields of a word, in loads; None: there is one
    constants: Callable[[NDArray[np.int64]], int] | None = None  # registers for the weights of items, by their sources
    form: CompactForm | None = None  # of layers that are loops over a table

    def fits(self, task: LayerTask) -> bool:
        """Whether it can write a layer."""
        return not self.obstacle(task)

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


POOL: Mapping[str, int] = MappingProxyType({"cortex-m4": 1, "cortex-m4f": 1})  # register of the pool, by target


def _besides_pool(target: IntegerTarget, width: int) -> WordRegisters:
    free = tuple(register for register in target.free if register != POOL[target.name])
    return WordRegisters(free[::-1], free, width)


def _low_weights(target: IntegerTarget, width: int) -> WordRegisters:
    """High ones for accumulators and words; low ones, whose lists are shorter, for weights."""
    free = tuple(register for register in target.free if register != POOL[target.name])
    return WordRegisters(free[::-1], free[::-1], width, weights=free)


def _shift_add(name: str, bits: int) -> Scheme:
    return Scheme(
        name,
        bits,
        10,
        _shared,
        lambda task: shift_add_obstacle(task, bits),
        lambda writer, task: write_shift_add(writer, task, bits),
        lambda task: digits_of(task, bits),
    )


_SHIFT_ADD = _shift_add("shift-add", WIDE)
_MULTIPLES = _shift_add("multiples", NARROW)
_STREAMED = Scheme(
    "streamed",
    NARROW,
    7,
    _besides_pool,
    streamed_obstacle,
    write_streamed,
    estimate=instructions_of,
    bonus=1.5,
    constants=words_of_weights,
)
_LISTED = replace(_STREAMED, name="listed", registers=_low_weights, write=write_listed, order=companions_first)
_PRODUCTS = Scheme("products", FIELD, 10, _low_words, paired_obstacle, write_m0plus, order=as_numbered)
_SINGLES = replace(_PRODUCTS, name="singles", high=SINGLE, obstacle=single_obstacle, bonus=None)


def _m0plus_compact(words: int, rest: bool, together: int) -> Scheme:
    form = CompactForm(words, rest, together=together)
    name = f"compact-{words}" + "-near" * (together < words) + "-filled" * (not rest)
    write = partial(write_m0plus_compact, form)
    return Scheme(name, 0, 1, _shared, m0plus_compact_obstacle, write, form=form)


def _compact(words: int, rest: bool) -> Scheme:
    form = CompactForm(words, rest)
    name = f"compact-{words}" if rest else f"compact-{words}-filled"
    return Scheme(name, 0, 1, _shared, compact_obstacle, partial(write_compact, form), form=form)


def _coded(words: int) -> Scheme:
    form = CompactForm(words, rest=False, coded=True)
    return Scheme(f"coded-{4 * words}", 0, 1, _shared, coded_obstacle, partial(write_coded, form), form=form)


def _m0plus_coded(words: int) -> Scheme:
    write = partial(write_m0plus_coded, CompactForm(words, rest=False, coded=True))
    return replace(_coded(words), obstacle=m0plus_coded_obstacle, write=write)


_COMPACT = (
    *(_compact(words, rest) for words in (4, 2, 1) for rest in (True, False) if rest or words > 1),
    *(_coded(words) for words in (2, 1)),
)

_M0PLUS_COMPACT = (
    *(_m0plus_compact(*each) for each in ((3, True, 3), (3, False, 3), (3, True, 1), (1, True, 1))),
    *(_m0plus_coded(words) for words in (2, 1)),
)

COMPACT: Mapping[str, tuple[Scheme, ...]] = MappingProxyType(  # by target: loops over tables
    {
        "cortex-m4": _COMPACT,
        "cortex-m4f": _COMPACT,
        "cortex-m0plus": _M0PLUS_COMPACT,
        "cortex-m0plus-small-multiply": _M0PLUS_COMPACT,
    }
)
SCHEMES: Mapping[str, tuple[Scheme, ...]] = MappingProxyType(  # by target; the last takes most layers
    {
        "cortex-m4": (_SHIFT_ADD, _MULTIPLES, _STREAMED, _LISTED),
        "cortex-m4f": (_SHIFT_ADD, _MULTIPLES, _STREAMED, _LISTED),
        "cortex-m0plus": (_PRODUCTS, _SINGLES),
        "cortex-m0plus-small-multiply": (_PRODUCTS, _SINGLES),
    }
)
UNSIGNED = frozenset({"cortex-m0plus", "cortex-m0plus-small-multiply"})  # targets whose first scheme takes no sign
