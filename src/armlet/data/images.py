"""Labelled grey images as a source gives them, of any size: what every source reader returns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from armlet.data.table import I64
from armlet.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Grey images and the class of each."""

    pixels: NDArray[Any]  # (images, height, width), not below 0
    labels: I64  # (images,)

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or 0 in self.pixels.shape or len(self.pixels) != len(self.labels):
            raise InputError("images", f"have shape {self.pixels.shape} and {len(self.labels)} labels")

    def take(self, rows: I64) -> "Images":
        return Images(self.pixels[rows], self.labels[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Images to train with and to test with; `white` is the value of a pixel as bright as can be."""

    name: str
    train: Images
    test: Images
    white: float


def as_pixels(table: NDArray[Any], path: Path, name: str) -> NDArray[Any]:
    """`table` as (images, height, width): rows of square images, planes, or planes of one channel.

    Raises `InputError` that names `path` and the place.
    """
    if table.ndim == 4 and 1 in (table.shape[1], table.shape[3]):
        table = table.squeeze(3 if table.shape[3] == 1 else 1)
    if table.ndim == 2:
        side = round(table.shape[1] ** 0.5)
        if side * side != table.shape[1]:
            raise InputError(path, f"{name} has {table.shape[1]} pixels an image, not a square", "give square images")
        table = table.reshape(len(table), side, side)
    if table.ndim != 3 or 0 in table.shape:
        raise InputError(path, f"{name} has shape {table.shape}", "give grey images, (images, height, width)")
    wrong = ~np.isfinite(table) | (table < 0)
    if wrong.any():
        row, y, x = np.argwhere(wrong)[0]
        problem = f"{name}: image {row + 1}, pixel {y}, {x} is {table[row, y, x]}"
        raise InputError(path, problem, "give finite values, none below 0")
    return table


def white_of(*tables: NDArray[Any]) -> float:
    """255 for bytes; otherwise 1, or the largest value where that is above 1."""
    if all(table.dtype == np.uint8 for table in tables):
        return 255.0
    return max(1.0, *(float(table.max()) for table in tables))
