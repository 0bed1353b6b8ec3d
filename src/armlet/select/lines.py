"""Collects lines, many at once, each with the instruction that it serves, and puts them in order at the end."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.select.program import LINE, Line, LineArray


class Lines:
    """Collects lines by instruction. Lines of the same instruction keep the order in which they were added."""

    def __init__(self) -> None:
        self._at: list[NDArray[np.int64]] = []
        self._parts: list[LineArray] = []

    def add(self, at: NDArray[np.int64], **columns: ArrayLike) -> None:
        """One line for each instruction in `at`, with these columns; the others are as `Line` has them."""
        part = np.full(len(at), np.array(Line(0), LINE), LINE)
        for name, value in columns.items():
            part[name] = value
        self._at.append(at)
        self._parts.append(part)

    def extend(self, at: Sequence[int], lines: Sequence[Line]) -> None:
        """These lines, each for the instruction in `at`."""
        self._at.append(np.array(at, np.int64))
        self._parts.append(np.array(lines, LINE))

    def in_order(self) -> LineArray:
        """All lines by instruction."""
        return np.concatenate(self._parts)[np.argsort(np.concatenate(self._at), kind="stable")]
