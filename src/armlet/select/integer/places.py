"""Where the words of each layer lie in the block: inputs first, then two areas that the layers between use in turn.

The values of a layer are dead once the next layer is computed, so its area serves the layer after that. Outputs are
written while the last layer's sources are read, and so lie in the other area.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armlet.integer.network import IntegerNetwork
from armlet.pack.layer_code import LayerCode
from armlet.pack.word_orders import WordOrder
from armlet.select.integer.program import BlockLayout

WORD = 4  # bytes
_HALF = 2


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where a source lies: the offset of its word in the block, and whether it has the high field."""

    word: int  # bytes
    high: bool


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Offsets of the words of each layer's sources, and of the outputs."""

    words: tuple[NDArray[np.int64], ...]  # for each layer, (words,) bytes from the start of the block
    outputs: NDArray[np.int64]  # (outputs,)
    span: int  # bytes of the inputs' part
    size: int  # bytes of the block

    def fields(self, codes: Sequence[LayerCode], layer: int) -> dict[int, FieldPlace]:
        """The place of each source of a layer that somebody takes."""
        found: dict[int, FieldPlace] = {}
        for offset, pair in zip(self.words[layer].tolist(), codes[layer].words.tolist()):
            for high, source in enumerate(pair):
                if source >= 0:
                    found[source] = FieldPlace(offset, bool(high))
        return found


def place_words(
    network: IntegerNetwork,
    codes: Sequence[LayerCode],
    sizes: Sequence[int],
    orders: Sequence[WordOrder],
    outputs: NDArray[np.int32],
) -> Places:
    """The words of each layer in an order of its own.

    `sizes` are the bytes of a word; `outputs` in the order of places.
    """
    spans = [size * len(code.words) for code, size in zip(codes, sizes)]
    stored = output_bytes(network)
    taken = [*spans[1:], stored * network.outputs]  # by what layer 0, 1, ... writes
    areas = [max(taken[0::2], default=0), max(taken[1::2], default=0)]
    begin = [_aligned(spans[0]), _aligned(spans[0]) + _aligned(areas[0])]
    begins = [0, *(begin[i % 2] for i in range(len(codes) - 1))]
    each = zip(begins, codes, sizes, orders)
    words = [first + word_offsets(order(code), size) for first, code, size, order in each]
    places = np.empty(network.outputs, np.int64)
    places[outputs] = begin[(len(codes) - 1) % 2] + stored * np.arange(network.outputs)
    return Places(tuple(words), places, _aligned(spans[0]), begin[1] + _aligned(areas[1]))


def block_layout(network: IntegerNetwork, codes: Sequence[LayerCode], places: Places, high: int) -> BlockLayout:
    """The block as drivers see it; the high field of a word begins `high` bytes into it."""
    inputs = np.full(network.inputs, -1)
    for source, place in places.fields(codes, 0).items():
        inputs[source] = place.word + high * place.high
    given = places.outputs if network.argmax is None else [places.outputs.min()]  # the number lies over an output
    outputs = np.array(given, np.int32)
    own = network.input_format
    sizes = {0: own.bytes, _HALF: _HALF if own.low < 0 else own.bytes, WORD: WORD}  # 24 bits hold unsigned bytes
    taken = sizes.get(high, 1)
    return BlockLayout(inputs, taken, places.span, outputs, network.result_format.bytes, places.size)


def output_bytes(network: IntegerNetwork) -> int:
    """Of each output where the last layer stores it: whole words where all of them are compared then."""
    return network.dense[-1].stored.bytes if network.argmax is None else WORD


def word_offsets(order: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Where the words of a layer's sources lie from the first of them on, by their numbers."""
    offsets = np.empty(len(order), np.int64)
    offsets[order] = size * np.arange(len(order))
    return offsets


def _aligned(size: int) -> int:
    return size + -size % WORD
