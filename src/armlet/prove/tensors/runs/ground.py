"""What all runs of a call stand on, and why a run is executed once more."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from armlet.integer.forms.words import Word
from armlet.prove.tensors.contents import Contents, Kinds, Piece
from armlet.prove.tensors.runs.passage import Access
from armlet.simulate.decoded import DecodedProgram
from armlet.toolchain.image import Image


class InexactError(Exception):
    """A run does with symbols what is known of exact numbers alone."""

    def __init__(self, symbols: Collection[int]) -> None:
        super().__init__()
        self.symbols = frozenset(symbols)


class ApartError(Exception):
    """A byte is in this trip what it cannot be together with other trips."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What all runs stand on."""

    program: DecodedProgram
    image: Image
    contents: Contents
    kinds: Kinds
    stack: int  # number of its piece
    linked: Mapping[int, int]  # address of each piece of the image, and its number
    targets: Collection[int]  # where branches lead

    def piece(self, number: int) -> Piece | None:
        """A piece of memory; None for code, numbers and what only the caller knows."""
        return self.contents.pieces[number - 1] if 1 <= number <= len(self.contents.pieces) else None


@dataclass(slots=True, eq=False)
class Stored:
    """What a store left: each byte as a form."""

    access: Access
    symbol_number: int
    bytes: tuple[Word, ...]
    word: Word
    phase: int
