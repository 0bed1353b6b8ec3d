"""Writes lines of an integer program as text: templates filled in, labels where loops go back to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter

import numpy as np
from numpy.typing import NDArray

from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import IntegerLines, are_short

COLUMN = 42  # where comments begin
LABEL = ".L"  # of NAME_core's lines
_REGISTERS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Lines that take the address of `symbol`; labels are numbered from 1 on."""

    target: IntegerTarget
    lines: IntegerLines
    symbol: str
    label: str = LABEL

    def show(self, comments: Mapping[int, str]) -> list[str]:
        """The text of each line, with what stands behind some; written for all lines of one operation at once."""
        texts = np.empty(len(self.lines), object)
        labelled = self._labelled()
        for at, text in self._forms():
            parts = list(Formatter().parse("  " + text.replace("\n", "\n  ")))
            template = "".join(literal.replace("%", "%%") + ("%s" if hole else "") for literal, hole, _, _ in parts)
            holes = [self._column(at, hole, labelled) for _, hole, _, _ in parts if hole]
            texts[at] = [template % row for row in zip(*holes)] if holes else template
        for at, comment in comments.items():
            first, end, rest = texts[at].partition("\n")  # of two instructions the first is commented
            texts[at] = f"{first:<{COLUMN}}{comment}{end}{rest}"
        for at, label in labelled.items():
            texts[at] = f"{label}:\n{texts[at]}"
        return texts.tolist()

    def _forms(self) -> Iterator[tuple[NDArray[np.int64], str]]:
        """The numbers of all lines of one form, and its text."""
        ops, short = self.lines["op"], are_short(self.target, self.lines)
        for op in np.unique(ops).tolist():
            template = self.target.templates[IntegerOperation(op)]
            yield np.flatnonzero((ops == op) & ~short), template.text
            if template.short:
                yield np.flatnonzero((ops == op) & short), template.short.text

    def _labelled(self) -> Mapping[int, str]:
        """The lines that are gone back to, and their labels."""
        tops = np.unique(_targets(self.lines, np.arange(len(self.lines)))).tolist()
        return {at: f"{self.label}{number}" for number, at in enumerate(tops, 1)}

    def _column(self, at: NDArray[np.int64], hole: str, labelled: Mapping[int, str]) -> list[str] | list[int]:
        """What an operand is written as, for each line."""
        registers, lines = self.target.names, self.lines[at]
        match hole:
            case "d" | "e" | "a" | "b":
                return [registers[k] for k in lines[hole].tolist()]
            case "list":
                bits = lines["list"].tolist()
                return [", ".join(registers[k] for k in range(_REGISTERS) if each >> k & 1) for each in bits]
            case "symbol":
                return [self.symbol] * len(lines)
            case "label":
                return [labelled[line] for line in _targets(lines, at).tolist()]
            case _:
                return lines[hole].tolist()


def label_of(number: int) -> str:
    """The name of a line of NAME_core that is gone back to, from 1 on."""
    return f"{LABEL}{number}"


def _targets(lines: IntegerLines, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the REPEATs among lines go back to, which stand at these numbers."""
    repeats = np.isin(lines["op"], (IntegerOperation.REPEAT, IntegerOperation.REPEAT_UNTIL))
    return numbers[repeats] - lines["number"][repeats]
