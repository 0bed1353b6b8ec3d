"""What a program with loops must compute: tensors, and for each cell that it makes the stencil that gives its value.

A stencil is one function of some cells, and a table that says for each cell it makes which cells those are. A row of
the table may take a number in place of a cell: a weight that differs from row to row. Where the tensors lie in memory
is a matter of the call (`Call`), not of what is computed.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.float32 import FLOAT32
from armlet.errors import InvariantError
from armlet.isa.semantics import RefusalError, Term, TermAlgebra
from armlet.network.frozen import frozen
from armlet.simulate.runner import MemoryRegion

I64: TypeAlias = NDArray[np.int64]
Value: TypeAlias = Callable[[TermAlgebra, Sequence[Term]], Term]

_NUMBER = 1 << 40  # with a word's bits in the low half: that word, in place of a cell


@dataclass(frozen=True, slots=True)
class Tensor:
    """Words of one kind in one piece, numbered from 0."""

    name: str
    words: int
    given: bool  # filled by the caller and never written, or made by the program


@dataclass(frozen=True, slots=True, eq=False)
class Stencil:
    """Cells of one tensor that are the same function of other cells."""

    tensor: str
    value: Value  # of the operands, in the order of the table
    cells: I64  # (n,) index into the tensor
    operands: I64  # (k, n) numbers of cells, as `Contract.cells` gives them, or of words, as `numbers` does

    def __post_init__(self) -> None:
        for name in ("cells", "operands"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """All tensors and all stencils. Each cell that a stencil makes is written once; others are never touched."""

    tensors: tuple[Tensor, ...]
    stencils: tuple[Stencil, ...]
    arithmetic: Arithmetic = FLOAT32  # of all values
    filled: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # cells that the caller fills, too
    left: tuple[str, ...] | None = None  # tensors that the caller finds; None: all that are made

    def __post_init__(self) -> None:
        kinds = {tensor.name: tensor for tensor in self.tensors}
        if len(kinds) != len(self.tensors):
            raise InvariantError("two tensors have one name")
        object.__setattr__(self, "filled", frozen(self.filled, np.int64))
        made = np.zeros(self.size, bool)
        made[self.filled] = True
        for stencil in self.stencils:
            tensor, count = kinds[stencil.tensor], len(stencil.cells)
            if tensor.given or np.any(stencil.cells < 0) or np.any(stencil.cells >= tensor.words):
                raise InvariantError(f"a stencil makes cells that {tensor.name} does not have, or that are given")
            taken = stencil.operands[stencil.operands < _NUMBER]
            if stencil.operands.shape[1:] != (count,) or np.any(taken < 0) or np.any(taken >= self.size):
                raise InvariantError(f"a stencil of {tensor.name} takes cells that no tensor has")
            cells = self.cells(tensor.name, stencil.cells)
            if made[cells].any() or len(np.unique(cells)) != count:
                raise InvariantError(f"a cell of {tensor.name} is declared twice, or is given")
            made[cells] = True

    @property
    def given(self) -> NDArray[np.bool_]:
        """(cells,) whether the caller fills it."""
        found = np.repeat([tensor.given for tensor in self.tensors], [tensor.words for tensor in self.tensors])
        found[self.filled] = True
        return found

    @property
    def size(self) -> int:
        """Cells of all tensors."""
        return sum(tensor.words for tensor in self.tensors)

    def cells(self, name: str, index: ArrayLike) -> I64:
        """The numbers of cells of one tensor, given by their index in it."""
        first = 0
        for tensor in self.tensors:
            if tensor.name == name:
                return np.asarray(index, np.int64) + first
            first += tensor.words
        raise InvariantError(f"there is no tensor {name}")

    def tell(self, cell: int) -> str:
        """A cell in words."""
        for tensor in self.tensors:
            first = int(self.cells(tensor.name, 0))
            if first <= cell < first + tensor.words:
                return f"{tensor.name}[{cell - first}]"
        return f"the word {known_word(cell) or 0:#010x}"


def numbers(values: ArrayLike) -> I64:
    """Operands that are float32 numbers, to the bit."""
    return np.asarray(values, np.float32).view(np.uint32).astype(np.int64) + _NUMBER


def words(content: bytes) -> I64:
    """Operands that are the words of a piece of constants."""
    return np.frombuffer(content, "<u4", len(content) // 4).astype(np.int64) + _NUMBER


def known_word(operand: int) -> int | None:
    """The bits of an operand that is a number."""
    return operand - _NUMBER if operand >= _NUMBER else None


@dataclass(frozen=True, slots=True)
class Call:
    """How firmware calls an entry: the memory that it may touch, what it passes, and where the tensors lie."""

    areas: tuple[
        MemoryRegion, ...
    ]  # apart from each other, one is the stack; those that the linker places at their addresses
    arguments: Mapping[str, str]  # register to the area whose start it holds
    places: Mapping[str, tuple[str, int]]  # tensor to its area, and bytes from there
    preserved: tuple[str, ...]  # registers that come back unchanged
    phases: tuple[tuple[int, int], ...] = ()  # from an address of code on, the phase of what runs there
    lives: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # first and last phase of a tensor, if not all

    def __post_init__(self) -> None:
        areas = sorted(self.areas, key=lambda area: area.memory.base)
        for one, other in pairwise(areas):
            if one.memory.end > other.memory.base:
                raise InvariantError(f"{one.what} and {other.what} overlap")

    def phase(self, at: int) -> int:
        """That of the code at an address. It is a hint: what a word holds is seen by who wrote it last."""
        number = bisect_right(self.phases, (at, _NUMBER)) - 1
        return self.phases[number][1] if number >= 0 else 0

    def is_there(self, tensor: str, phase: int) -> bool:
        """Whether a tensor has its place in a phase."""
        first, last = self.lives.get(tensor, (phase, phase))
        return first <= phase <= last

    def cells_of(self, contract: Contract, area: MemoryRegion, phase: int) -> I64:
        """The cell in each word of an area in a phase, -1 in words that no tensor has; empty where none lies there.

        Raises `RefusalError` where a tensor leaves the area or lies over another one.
        """
        inside = [tensor for tensor in contract.tensors if self.places[tensor.name][0] == area.what]
        found = np.full(area.memory.size // 4 if inside else 0, -1, np.int64)
        for tensor in inside:
            if not self.is_there(tensor.name, phase):
                continue
            offset = self.places[tensor.name][1]
            piece = slice(offset // 4, offset // 4 + tensor.words)
            if offset % 4 or offset < 0 or piece.stop > len(found) or np.any(found[piece] >= 0):
                raise RefusalError(f"{tensor.name} does not lie in {area.what}, or lies over another tensor there")
            found[piece] = contract.cells(tensor.name, np.arange(tensor.words))
        return found
