"""All that the selection of one layer must know: its numbers, its code, and where its words and values lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.integer.bounds import LayerBounds
from armlet.integer.network import IntegerLayer
from armlet.integer.requantise import Shift
from armlet.pack.layer_code import LayerCode
from armlet.select.integer.places import FieldPlace


@dataclass(frozen=True, slots=True, eq=False)
class LayerTask:
    """One layer, to be written for a machine."""

    number: int
    layer: IntegerLayer
    bounds: LayerBounds
    code: LayerCode
    words: NDArray[np.int64]  # (words,) offsets in the block
    stores: dict[int, FieldPlace]  # by neuron: where its value goes; of outputs, the word is the place itself
    is_last: bool
    high: int  # bits from the low to the high field of its sources' words
    stored_high: int  # and of the words that its values go to

    @property
    def shift(self) -> NDArray[np.int64]:
        """By how many bits sums are scaled down, (neurons,)."""
        by = self.layer.requantisation
        return by.shift if isinstance(by, Shift) else np.zeros(self.layer.neurons, np.int64)

    @property
    def bias(self) -> NDArray[np.int64]:
        """Biases with what the zero point adds after scaling, exactly: (sum >> s) + z = (sum + z 2^s) >> s."""
        return self.layer.bias.astype(np.int64) + (self.layer.zero << self.shift)

    def weights(self, item: int) -> tuple[tuple[int, int, int], ...]:
        """The connections of an item: field (0 low, 1 high), source, weight."""
        neuron, word = self.code.items[item].tolist()
        pairs = enumerate(self.code.words[word].tolist())
        found = ((field, source, int(self.layer.weight[neuron, source])) for field, source in pairs if source >= 0)
        return tuple(each for each in found if each[2])
