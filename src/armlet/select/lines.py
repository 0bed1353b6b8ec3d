"""Lines in the making: many at once, each known by the instruction that it serves, put in order at the end."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from armlet.select.program import LINE


class Lines:
    """Collects lines by instruction. Lines of the same instruction keep the order in which they were added."""

    def __init__(self) -> None:
        self._at: list[NDArray[np.int64]] = []
        self._parts: list[NDArray[np.void]] = []

    def add(self, at: NDArray[np.int64], **fields: ArrayLike) -> None:
        """One line for each instruction in `at`, with these fields of `LINE`; the others are 0."""
        part = np.zeros(len(at), LINE)
        for name, value in fields.items():
            part[name] = value
        self._at.append(at)
        self._parts.append(part)

    def in_order(self) -> NDArray[np.void]:
        """All lines by instruction."""
        return np.concatenate(self._parts)[np.argsort(np.concatenate(self._at), kind="stable")]
