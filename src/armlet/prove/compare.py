"""What a body writes is what the contract says of the cells it writes: compared once, on terms, for all trips.

A word that is read from a tensor is the declared value of its cell: the caller filled it, or it was written before,
once, and what was written there is compared here too. So an operand of a stencil is the word that the body reads at the
same cells in all trips, and the term that the body writes, told in operands, must be the term of the stencil.
"""

from dataclasses import dataclass

import numpy as np

from armlet.isa.semantics import RefusalError, Term
from armlet.prove.contract import I64, Contract, Stencil, known_word
from armlet.prove.instances import Instances
from armlet.prove.substitute import parts, substitute
from armlet.prove.summary import Access

MOST_WORK = 1 << 31  # parts of what is written, each times its trips and _PART
_PART = 64  # what a part costs on terms, in trips


def compare(instances: Instances, contract: Contract) -> None:
    """Raise `RefusalError` where an instruction writes anything but the declared value of a cell."""
    makes, row = np.full((2, contract.size), -1, np.int64)
    for number, stencil in enumerate(contract.stencils):
        cells = contract.cells(stencil.tensor, stencil.cells)
        makes[cells], row[cells] = number, np.arange(len(cells))
    work = 0
    for access in instances.summary.accesses:
        if access.stores:
            cells = instances.cells(access, access.repeat)
            for number in np.unique(makes[cells]).tolist():
                trips = np.flatnonzero(makes[cells] == number)
                work += len(parts(instances.summary.terms, access.term)) * (_PART + len(cells))
                if work > MOST_WORK:
                    raise instances.refusal(access, "writes a value that is too large to compare in all trips", 0)
                made = _Made(instances, contract, access, cells, trips)
                made.compare(contract.stencils[number], row[cells[trips]])


@dataclass(slots=True)
class _Made:
    """What one instruction writes in those of its trips that make cells of one stencil."""

    instances: Instances
    contract: Contract
    access: Access
    cells: I64  # in all trips
    trips: I64

    def compare(self, stencil: Stencil, rows: I64) -> None:
        """With the rows of the stencil that it makes."""
        terms, leaves = self.instances.summary.terms, dict[bytes, Term]()
        columns = [column[rows] for column in stencil.operands]
        operands = [leaves.setdefault(column.tobytes(), self._operand(j, column)) for j, column in enumerate(columns)]
        written = substitute(terms, self.access.term, lambda term: self._leaf(term, columns, leaves))
        if written != stencil.value(terms, operands):
            raise self._refusal("writes another value than the declared one to", 0)

    def _refusal(self, before: str, index: int, behind: str = "") -> RefusalError:
        """What is wrong in the trip of this index, in words around the cell that it makes."""
        trip = int(self.trips[index])
        cell = self.contract.tell(int(self.cells[trip]))
        return self.instances.refusal(self.access, f"{before} {cell}{behind}", trip)

    def _operand(self, number: int, column: I64) -> Term:
        word = self._word(column)
        return self.instances.summary.terms.unknown("operand", number) if word is None else word

    def _word(self, column: I64) -> Term | None:
        """The constant that a column of operands is, where all are the same known word."""
        bits = known_word(int(column[0]))
        return None if bits is None or np.any(column != column[0]) else self.instances.summary.terms.constant(bits)

    def _leaf(self, term: Term, columns: list[I64], leaves: dict[bytes, Term]) -> Term:
        """A constant as it is; a word that was read as the operand that stands for the same cells."""
        instances = self.instances
        kind, number, *_ = instances.summary.terms.keys[term]
        if kind == "constant":
            return term
        read = instances.summary.accesses[number] if kind == "read" else None
        if read is None or read.repeat not in instances.around(self.access.repeat):
            raise self._refusal(f"writes what depends on a {kind} to", 0)
        column = instances.cells(read, self.access.repeat)[self.trips]
        found = self._word(column)
        found = leaves.get(column.tobytes()) if found is None else found
        if found is None:
            index = max((int(np.argmax(other != column)) for other in columns), default=0)
            source = f"{self.contract.tell(int(column[index]))}, which {read.text} at {read.at:#010x} reads,"
            raise self._refusal("makes", index, f" of {source}")
        return found
