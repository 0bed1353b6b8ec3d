"""What a network's outputs are for."""

from enum import Enum


class OutputKind(Enum):
    """What the outputs are for; where nobody says, the sparsifier has a rule (docs/mathematics.md, section 2)."""

    SCORES = "scores"  # of classes: the largest is the answer
    VALUES = "values"  # each is a quantity of its own
