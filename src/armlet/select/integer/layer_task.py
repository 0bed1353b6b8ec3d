"""All that the selection of one layer must know: its numbers, its code, and where its words and values lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.integer.bounds import LayerBounds
from armlet.integer.formats import INT32, IntegerFormat
from armlet.integer.layers import IntegerDense
from armlet.integer.requantise import Shift, requantise
from armlet.network.activation import Activation
from armlet.pack.layer_code import LayerCode
from armlet.select.integer.places import FieldPlace


@dataclass(frozen=True, slots=True, eq=False)
class LayerTask:
    """One layer, to be written for a machine."""

    number: int
    layer: IntegerDense
    bounds: LayerBounds
    code: LayerCode
    words: NDArray[np.int64]  # (words,) offsets in the block
    stores: dict[int, FieldPlace]  # by neuron: where its value goes; of outputs, the word is the place itself
    source: IntegerFormat  # of its sources
    high: int  # bits from the low to the high field of its sources' words; 0 where they lie one after the other
    stored_high: int  # and of the words that its values go to
    stored_bytes: int  # of a value that has no field of a word, but a place of its own

    @property
    def shift(self) -> NDArray[np.int64]:
        """By how many bits sums are scaled down, (neurons,)."""
        by = self.layer.requantisation
        return by.shift if isinstance(by, Shift) else np.zeros(self.layer.neurons, np.int64)

    @property
    def clamps_alone(self) -> bool:
        """Whether the clamp is the whole activation, so that the zero point may be added before the last shift."""
        return self.layer.activation in (Activation.LINEAR, Activation.RELU, Activation.RELU6)

    @property
    def folds_zero(self) -> bool:
        """Whether the zero point is in the bias: sums with it must fit 32 bits, too."""
        if not (isinstance(self.layer.requantisation, Shift) and self.clamps_alone):
            return False
        added = self.layer.zero << self.shift
        low, high = self.bounds.sum_low + added, self.bounds.sum_high + added
        return bool((low >= INT32.low).all() and (high <= INT32.high).all())

    @property
    def added(self) -> NDArray[np.int64]:
        """What the zero point adds to sums, exactly: (sum >> s) + z = (sum + z 2^s) >> s; (neurons,)."""
        return (self.layer.zero if self.folds_zero else 0) << self.shift

    @property
    def bias(self) -> NDArray[np.int64]:
        """What sums begin with, (neurons,)."""
        return self.layer.bias.astype(np.int64) + self.added

    @property
    def scaled_low(self) -> NDArray[np.int64]:
        """The least scaled sum of each neuron."""
        by = self.layer.requantisation
        return self.bounds.sum_low if by is None else requantise(by, self.bounds.sum_low)

    def weights(self, item: int) -> tuple[tuple[int, int, int], ...]:
        """The connections of an item: field (0 low, 1 high), source, weight."""
        neuron, word = self.code.items[item].tolist()
        pairs = enumerate(self.code.words[word].tolist())
        found = ((field, source, int(self.layer.weight[neuron, source])) for field, source in pairs if source >= 0)
        return tuple(each for each in found if each[2])
