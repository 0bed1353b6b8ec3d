"""Copies of a program with one fault each, which must fail: else nothing that was looked at is proof."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.isa.core import Core
from armlet.mutate.mutants import mutants
from armlet.simulate.entries import Entries
from armlet.simulate.machine import MachineError
from armlet.toolchain.image import Image
from armlet.verify.claims import bits
from armlet.verify.findings import Findings

_CONTROLS = 16  # wrong copies
_PROVED_CONTROLS = 4  # that are left to the proof, where runs refuse none


def chosen_rows(count: int, most: int) -> NDArray[np.int64]:
    """Up to `most` of so many rows, the first and the last among them, evenly spread."""
    return np.unique(np.linspace(0, count - 1, most).astype(int))


def first_wrong(load: Callable[[], Entries[Any, Any]], inputs: NDArray[Any], expected: NDArray[Any]) -> str:
    """Which entry of what is loaded gives another output for an input, or faults, in words; empty where none does."""
    try:
        for entry, call in load().entries.items():
            if any((bits(call(x)) != bits(y)).any() for x, y in zip(inputs, expected)):
                return f"{entry} gives other outputs"
    except MachineError as fault:
        return str(fault)
    return ""


def check_controls(
    core: Core,
    image: Image,
    first_wrong: Callable[[Image], str],
    found: Findings,
    is_refused: Callable[[Image], bool] | None = None,
) -> None:
    """Run copies of an image; where no output depends on what is wrong in any, let the proof look at some."""
    copies = [mutant.image for mutant in mutants(core, image, _CONTROLS, 0)]
    refused = sum(bool(first_wrong(copy)) for copy in copies)
    if not refused and is_refused is not None:  # outputs that hardly depend on anything tell little
        refused = sum(is_refused(copy) for copy in copies[:_PROVED_CONTROLS])
    problem = "" if refused else f"none of {len(copies)} failed: nothing here is proof"
    rest = "" if refused == len(copies) else "; the others change no output that was looked at"
    found.add("copies with one fault fail", problem, f"{refused} of {len(copies)}{rest}")
