"""The two pseudodrivers of a build for tensors: the byte of each input in the words of the block, and the outputs'."""

from typing import Literal

import msgspec
import numpy as np

from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.select.tensors.rows import PlacedTensor

FORMAT = 3


class TensorValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One input or output, in the network's own order: channel by channel, row by row."""

    index: int
    offset: int
    lift: int = 0  # the field holds so much more than the value


class TensorDriver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A driver file. `base` is the register that holds the block's address when NAME_core is called.

    Each value has `bytes` bytes at its offset, little-endian, modulo 2^8 in one byte. Before each call all inputs are
    written, and the other bytes of each word that holds an input are zero; all else in the block may hold anything, and
    after the call only the outputs are there.
    """

    format: int
    name: str
    direction: Literal["input", "output"]
    dtype: str
    base: str
    block: int  # bytes; at an address that 4 divides
    shape: list[int]  # channels, height, width; or the number of values
    bytes: int  # of each value
    values: list[TensorValue]


def tensor_drivers(
    network: IntegerNetwork, target: IntegerTarget, name: str, given: PlacedTensor, outputs: int, block: int
) -> tuple[TensorDriver, TensorDriver]:
    """The drivers of inputs that lie as `given` says, and of outputs that lie in a row."""
    layout, base = given.layout, target.names[target.base]
    places, lifts = (given.start + layout.places).ravel().tolist(), np.ravel(layout.lifts).tolist()
    inputs = [TensorValue(i, at, lift) for i, (at, lift) in enumerate(zip(places, lifts))]
    taken, stored = network.input_format, network.result_format
    left = [TensorValue(j, outputs + j * stored.bytes) for j in range(network.results)]
    return (
        TensorDriver(FORMAT, name, "input", taken.name, base, block, list(network.shape), taken.bytes, inputs),
        TensorDriver(FORMAT, name, "output", stored.name, base, block, list(network.result_shape), stored.bytes, left),
    )
