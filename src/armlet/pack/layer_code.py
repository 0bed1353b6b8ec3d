"""Code of one layer on registers that hold accumulators and words, and the proof that it computes the layer.

    LOAD   x    word      register x := the word
    OPEN   a    neuron    register a := the neuron's bias
    ADD    a x  item      register a := a + the weights of the item times the fields of x
    CLOSE  a    neuron    the neuron's value is made of a, and stored in its field
    FETCH  a              register a := constants, which selection chooses for the ADDs up to the next LOAD or FETCH run

A word has two fields, each a source of the layer or empty. An item is a neuron and a word of which it takes one source
or both. Registers are the machine's own numbers.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from armlet.errors import InvariantError
from armlet.network.frozen import frozen


class WordOp(IntEnum):
    """The kinds of row."""

    LOAD = 0
    OPEN = 1
    ADD = 2
    CLOSE = 3
    FETCH = 4


@dataclass(frozen=True, slots=True, eq=False)
class LayerCode:
    """Rows for a layer whose sources are packed in words."""

    words: NDArray[np.int32]  # (words, 2) the sources in the low and the high field, -1 where it is empty
    items: NDArray[np.int32]  # (items, 2) neuron, word
    rows: NDArray[np.int32]  # (rows, 4) operation, register, register of a word, what
    row: NDArray[np.int32]  # (neurons,) in the order in which they are closed

    def __post_init__(self) -> None:
        for name in ("words", "items", "rows", "row"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int32))

    @property
    def loads(self) -> int:
        """Words loaded."""
        return int(np.count_nonzero(self.rows[:, 0] == WordOp.LOAD))


def check_layer_code(code: LayerCode, weight: NDArray[np.int16], registers: frozenset[int]) -> None:
    """Raise `InvariantError` unless `code` adds each weight of the layer once into its neuron, within `registers`."""
    neurons, sources = weight.shape
    fields = code.words[code.words >= 0]
    _require(len(np.unique(fields)) == len(fields) and bool((fields < sources).all()), "a source has two fields")
    taken = np.zeros((neurons, sources), np.bool_)
    for neuron, word in code.items.tolist():
        for source in code.words[word].tolist():
            if source >= 0 and weight[neuron, source]:
                _require(not taken[neuron, source], f"neuron {neuron} takes source {source} twice")
                taken[neuron, source] = True
    _require(bool((taken == (weight != 0)).all()), "a connection is in no item")
    _replay(code, neurons, registers)


def _replay(code: LayerCode, neurons: int, registers: frozenset[int]) -> None:
    wanted = np.bincount(code.items[:, 0], minlength=neurons).tolist()
    word: dict[int, int] = {}
    neuron: dict[int, int] = {}
    closed: list[int] = []
    done: set[int] = set()
    items = code.items.tolist()
    for op, a, x, what in code.rows.tolist():
        _require(a in registers, f"there is no register {a}")
        match op:
            case WordOp.LOAD:
                _require(a not in neuron, f"r{a} is an accumulator")
                word[a] = what
            case WordOp.FETCH:
                _require(a not in neuron, f"r{a} is an accumulator")
                word.pop(a, None)
            case WordOp.OPEN:
                _require(a not in neuron and what not in neuron.values(), f"neuron {what} cannot be opened in r{a}")
                word.pop(a, None)
                neuron[a] = what
            case WordOp.ADD:
                _require(what not in done and neuron.get(a) == items[what][0], f"item {what} is not of r{a}")
                _require(word.get(x) == items[what][1], f"r{x} does not hold the word of item {what}")
                done.add(what)
                wanted[items[what][0]] -= 1
            case WordOp.CLOSE:
                _require(neuron.pop(a, -1) == what and wanted[what] == 0, f"neuron {what} is not complete")
                closed.append(what)
            case _:
                raise InvariantError(f"word code: {op} is no operation")
    _require(sorted(closed) == list(range(neurons)) and not neuron, "a neuron is not closed")
    _require(closed == code.row.tolist(), "neurons are closed in another order")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvariantError(f"word code: {otherwise}")
