"""The product of this room: a word for each cell, in two blocks.

The input block is the caller's and holds the used inputs; the work block is the program's and holds outputs, partial
sums and values that did not stay in registers. Cells of the work block share a word when their values never live at the
same time.
"""

from dataclasses import dataclass

import numpy as np

from armlet.errors import InvariantError
from armlet.graph.graph import Index
from armlet.network.frozen import frozen
from armlet.schedule.code import Code, Op


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A word number for each cell that the code touches, -1 for the others. Cells are numbered as in `Code`."""

    words: Index  # (cells,) of the input block for inputs, of the work block for the rest
    input_words: int  # size of the input block; with a natural layout it has holes
    work_words: int
    transfers_before: int  # runs of neighbouring words that the batches fall into, at the annealing's start
    transfers: int  # and in this layout
    batches: int  # the least that any layout could reach

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", frozen(self.words, np.int32))

    def check(self, code: Code) -> None:
        """Raise `InvariantError` unless touched cells have words and no two values that live together share one."""
        inputs = code.order.graph.inputs
        theirs = self.words[:inputs]
        _require(bool((theirs >= 0).all() and (theirs < self.input_words).all()), "an input has no word")
        _require(len(np.unique(theirs)) == inputs, "two inputs share a word")
        owner: dict[int, int] = {}
        for op, _, _, cell in code.instructions.tolist():
            if not Op(op).is_move or cell < inputs:
                continue
            word = int(self.words[cell])
            _require(0 <= word < self.work_words, f"cell {cell} has no word")
            if op == Op.STORE:
                owner[word] = cell
            _require(owner.get(word) == cell, f"cell {cell} was overwritten in word {word}")
        for j in range(0 if len(code.kept) else len(code.order.graph.outputs)):
            cell = code.order.graph.nodes + j
            _require(owner.get(int(self.words[cell])) == cell, f"output {j} was overwritten")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvariantError(f"layout: {otherwise}")
