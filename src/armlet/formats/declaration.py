"""What a person says of a network that its arrays cannot: the inputs' domain and shape, activations, kind of outputs.

The same words stand in network.toml, behind --declare, and in Python: low, high, mean, std, shape, output, activation,
layout.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

from numpy.typing import ArrayLike

from armlet.formats.kinds import LayerEntry
from armlet.network.outputs import OutputKind

WORDS = ("low", "high", "mean", "std")  # of the inputs' domain, as `domain_of` takes them


class Layout(Enum):
    """How a file keeps the weights of dense layers."""

    OUTPUTS_FIRST = "outputs-inputs"  # as PyTorch and armlet do
    INPUTS_FIRST = "inputs-outputs"  # as Keras and scikit-learn do


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """Each word is None where nobody said it. Numbers are one for all inputs, or one for each."""

    low: ArrayLike | None = None
    high: ArrayLike | None = None
    mean: ArrayLike | None = None
    std: ArrayLike | None = None
    shape: tuple[int, ...] | None = None
    output: OutputKind | None = None
    activation: tuple[str, ...] | None = None  # of each layer, or one name for all hidden layers
    slope: tuple[float | None, ...] | None = None  # of each layer, where it is leaky_relu
    width: tuple[int | None, ...] | None = None  # of each layer, to be checked
    ends: tuple[int | None, int | None] | None = None  # inputs and outputs, to be checked
    layout: Layout | None = None  # where neither names nor shapes tell it
    layers: tuple[LayerEntry, ...] | None = None  # of each layer, where they are not a chain of dense ones

    def over(self, other: "Declaration") -> "Declaration":
        """This declaration where it says something, `other` where it does not."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(other, **{name: value for name, value in said.items() if value is not None})

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return all(getattr(self, field.name) is None for field in fields(self))

    @property
    def inputs_first(self) -> bool | None:
        """Whether weights stand inputs x outputs; None where nobody said."""
        return None if self.layout is None else self.layout is Layout.INPUTS_FIRST

    @property
    def domain(self) -> Mapping[str, Any]:
        """The words that `domain_of` takes."""
        return {word: getattr(self, word) for word in WORDS}
