"""A build for tensors in the emulator: NAME_run with C arrays, NAME_core through the driver files.

Before each call all memory that the program must write before it reads holds a pattern. Arrays and blocks lie at
addresses of no more alignment than they need, between guards that must come through unchanged, as C arrays of inputs
must; in the block the program may write where it likes.
"""

import numpy as np

from armlet.build import names
from armlet.build.tensors.arrays import array_order, array_places
from armlet.build.tensors.driver import TensorDriver
from armlet.build.tensors.read import TensorBuild
from armlet.integer.formats import I64
from armlet.isa.core import Memory
from armlet.simulate.entries import Call, Entries
from armlet.simulate.integer.guarded import Guarded
from armlet.simulate.machine import STACK, MachineError
from armlet.simulate.runner import INPUT_ARRAY, OUTPUT_ARRAY, MemoryRegion, linked_regions
from armlet.toolchain.image import Image

_WORD = 4
_BYTE = 0xFF


class TensorRunner(Entries[TensorBuild, I64]):
    """One build, loaded. Both entries take stored inputs and give stored outputs in the network's own order."""

    def __init__(self, build: TensorBuild, image: Image) -> None:
        super().__init__(build, image)
        self._guarded = Guarded(self.machine)
        network = build.network
        size, stored = network.input_format.bytes, build.stored.bytes
        self._inputs = self._guarded.reserve(network.inputs * size, size)
        self._outputs = self._guarded.reserve(network.results * stored, stored)
        self._block = self._guarded.reserve(build.inputs.block, _WORD)
        self._array, self._results = array_order(network.shape), array_places(network.result_shape)

    def arguments(self, entry: str) -> tuple[int, ...]:
        """What a call of `entry` passes."""
        return (self._inputs.base, self._outputs.base) if self.is_run(entry) else (self._block.base,)

    def block(self, entry: str) -> int:
        """The address of the block in which `entry` works."""
        own = names.block_symbol(self.build.name)
        return self.image.address(own) if self.is_run(entry) else self._block.base

    def places(self, entry: str) -> tuple[tuple[I64, I64], I64]:
        """In the network's order: addresses of inputs and what their bytes have more, and addresses of outputs."""
        network = self.build.network
        if self.is_run(entry):
            inputs = self._inputs.base + network.input_format.bytes * array_places(network.shape)
            return (inputs, np.zeros_like(inputs)), self._outputs.base + self.build.stored.bytes * self._results
        offsets, lifts = _fields(self.build.inputs)
        return (self._block.base + offsets, lifts), self._block.base + _fields(self.build.outputs)[0]

    def zeros(self, entry: str) -> tuple[Memory, ...]:
        """Bytes that are zero at a call of `entry`: those of an input's word that hold none."""
        if self.is_run(entry):
            return ()
        offsets = _fields(self.build.inputs)[0]
        words = np.unique(offsets // _WORD)
        others = np.setdiff1d((words[:, None] * _WORD + np.arange(_WORD)).ravel(), offsets)
        begins = np.flatnonzero(np.diff(others, prepend=-_WORD) != 1)
        sizes = np.diff(begins, append=len(others)).tolist()
        return tuple(Memory(self._block.base + at, size) for at, size in zip(others[begins].tolist(), sizes))

    def areas(self, entry: str) -> tuple[MemoryRegion, ...]:
        """What a call of `entry` may touch: its caller's memory, its own block, constants and stack."""
        memory = self.build.manifest.memory
        stack = Memory(STACK.end - memory.stack, memory.stack)
        found = [*linked_regions(self.image, self.build.name), MemoryRegion("stack", stack, True)]
        if self.is_run(entry):
            arrays = MemoryRegion(INPUT_ARRAY, self._inputs, False), MemoryRegion(OUTPUT_ARRAY, self._outputs, True)
            return (*found, *arrays)
        return (*found, MemoryRegion("block", self._block, True))

    def _through_arrays(self, x: I64, call: Call) -> I64:
        self._poison()
        given = self._checked(x)[self._array].astype(self.build.network.input_format.dtype).tobytes()
        self.machine.write(self._inputs.base, given)
        self.machine.poison(self._outputs.base, self._outputs.size)
        call(names.run_symbol(self.build.name), self.arguments(names.run_symbol(self.build.name)))
        if self.machine.read(self._inputs.base, self._inputs.size) != given:
            raise MachineError("the inputs are changed, and may only be read")
        self._guarded.check()
        left = np.frombuffer(self.machine.read(self._outputs.base, self._outputs.size), self.build.stored.dtype)
        return left.astype(np.int64)[self._results]

    def _through_drivers(self, x: I64, call: Call) -> I64:
        self._poison()
        block = self._block
        self.machine.poison(block.base, block.size)
        self.machine.write(
            block.base, filled(self.build.inputs, self._checked(x), self.machine.read(block.base, block.size))
        )
        call(names.core_symbol(self.build.name), (block.base,))
        self._guarded.check()
        return left_outputs(self.build, self.machine.read(block.base, block.size))

    def _checked(self, x: I64) -> I64:
        format = self.build.network.input_format
        if len(x) and (x.min() < format.low or x.max() > format.high):
            raise MachineError(f"inputs from {x.min()} to {x.max()} are not {format.name}")
        return x


def filled(driver: TensorDriver, x: I64, block: bytes) -> bytes:
    """A block with stored inputs (inputs,): each in its byte, zeros in the rest of its word, all else as it is."""
    content = np.frombuffer(block, np.uint8).copy()
    offsets, lifts = _fields(driver)
    content.reshape(-1, _WORD)[offsets // _WORD] = 0
    content[offsets] = (x + lifts) & _BYTE
    return content.tobytes()


def left_outputs(build: TensorBuild, block: bytes) -> I64:
    """The stored outputs (outputs,) out of the block that a call has left."""
    size = build.outputs.bytes
    places = _fields(build.outputs)[0][:, None] + np.arange(size)
    fields = np.frombuffer(block, np.uint8)[places]
    return np.ascontiguousarray(fields).view(build.stored.dtype)[:, 0].astype(np.int64)


def _fields(driver: TensorDriver) -> tuple[I64, I64]:
    """Offsets and lifts of all values."""
    offsets, lifts = ([getattr(value, name) for value in driver.values] for name in ("offset", "lift"))
    return np.array(offsets, np.int64), np.array(lifts, np.int64)
