"""A build in integers in the emulator: NAME_run with C arrays, NAME_core through the driver files.

Before each call all memory that the program must write before it reads holds a pattern. Arrays and blocks lie at
addresses of no more alignment than they need, between guards that must come through unchanged, as inputs must.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from armlet.build import names
from armlet.build.integer.driver import IntegerDriver
from armlet.build.integer.read import IntegerBuild
from armlet.integer.formats import I64, IntegerFormat
from armlet.isa.core import Memory
from armlet.simulate.entries import Call, Entries
from armlet.simulate.integer.guarded import Guarded
from armlet.simulate.machine import STACK, MachineError
from armlet.simulate.runner import INPUT_ARRAY, OUTPUT_ARRAY, MemoryRegion, linked_regions
from armlet.toolchain.image import Image

_WORD = 4


class IntegerRunner(Entries[IntegerBuild, I64]):
    """One build, loaded. Both entries take one vector of stored inputs and give the stored outputs in order."""

    def __init__(self, build: IntegerBuild, image: Image) -> None:
        super().__init__(build, image)
        network = build.network
        self._guarded = Guarded(self.machine)
        size, stored = network.input_format.bytes, build.stored.bytes
        self._inputs = self._guarded.reserve(network.inputs * size, size).base
        self._outputs = self._guarded.reserve(network.results * stored, stored).base
        self._block = self._guarded.reserve(build.inputs.block, _WORD).base

    def arguments(self, entry: str) -> tuple[int, ...]:
        """What a call of `entry` passes."""
        return (self._inputs, self._outputs) if self.is_run(entry) else (self._block,)

    def places(self, entry: str) -> Mapping[int, tuple[int, int]]:
        """For each address that the caller fills, the number of the input that goes there, and its bytes."""
        if self.is_run(entry):
            size = self.build.network.input_format.bytes
            return {self._inputs + size * i: (i, size) for i in range(self.build.network.inputs)}
        values = self.build.inputs.values
        return {self._block + v.offset: (v.index, v.bytes or 0) for v in values if v.offset is not None}

    def results(self, entry: str) -> tuple[tuple[int, int], ...]:
        """The address of each output after a call of `entry`, and its bytes."""
        if self.is_run(entry):
            size = self.build.stored.bytes
            return tuple((self._outputs + size * j, size) for j in range(self.build.network.results))
        return tuple((self._block + (v.offset or 0), v.bytes or 0) for v in self.build.outputs.values)

    def areas(self, entry: str) -> tuple[MemoryRegion, ...]:
        """What a call of `entry` may touch: its caller's memory, its own block, constants and stack."""
        build, memory = self.build, self.build.manifest.memory
        stack = Memory(STACK.end - memory.stack, memory.stack)
        found = [*linked_regions(self.image, build.name), MemoryRegion("stack", stack, True)]
        if self.is_run(entry):
            arrays = self._arrays()
            found += [MemoryRegion(INPUT_ARRAY, arrays[0], False), MemoryRegion(OUTPUT_ARRAY, arrays[1], True)]
            return tuple(found)
        inputs, whole = build.inputs.inputs, build.inputs.block
        parts = (
            ("inputs", Memory(self._block, inputs), False),
            ("block", Memory(self._block + inputs, whole - inputs), True),
        )
        return (*found, *(MemoryRegion(*part) for part in parts if part[1].size))

    def _arrays(self) -> tuple[Memory, Memory]:
        network, stored = self.build.network, self.build.stored
        inputs = Memory(self._inputs, network.inputs * network.input_format.bytes)
        return inputs, Memory(self._outputs, network.results * stored.bytes)

    def _through_arrays(self, x: I64, call: Call) -> I64:
        self._poison()
        inputs, outputs = self._arrays()
        given = self._check_range(x).astype(self.build.network.input_format.dtype).tobytes()
        self.machine.write(inputs.base, given)
        self.machine.poison(outputs.base, outputs.size)
        call(names.run_symbol(self.build.name), self.arguments(names.run_symbol(self.build.name)))
        self._check_kept(inputs, given)
        left = self.machine.read(outputs.base, outputs.size)
        return np.frombuffer(left, self.build.stored.dtype).astype(np.int64)

    def _through_drivers(self, x: I64, call: Call) -> I64:
        self._poison()
        inputs, block = self.build.inputs, Memory(self._block, self.build.inputs.block)
        given = fill_block(inputs, self._check_range(x))
        self.machine.poison(block.base, block.size)
        self.machine.write(block.base, given)
        call(names.core_symbol(self.build.name), (block.base,))
        self._check_kept(Memory(block.base, len(given)), given)
        return read_block(self.build.outputs, self.build.stored, self.machine.read(block.base, block.size))

    def _check_range(self, x: I64) -> I64:
        format = self.build.network.input_format
        if len(x) and (x.min() < format.low or x.max() > format.high):
            raise MachineError(f"inputs from {x.min()} to {x.max()} are not {format.name}")
        return x

    def _check_kept(self, inputs: Memory, given: bytes) -> None:
        """Inputs, and the guards around every piece of the caller's, hold what they held."""
        if self.machine.read(inputs.base, inputs.size) != given:
            raise MachineError("the inputs are changed, and may only be read")
        self._guarded.check()


def fill_block(driver: IntegerDriver, x: I64) -> bytes:
    """The inputs' part of the block for stored inputs (inputs,): each in its field, its sign kept, zeros elsewhere."""
    content = np.zeros(driver.inputs, np.uint8)
    for value in driver.values:
        if value.offset is not None and value.bytes:
            bits = int(x[value.index]) & ((1 << 8 * value.bytes) - 1)
            content[value.offset : value.offset + value.bytes] = [*bits.to_bytes(value.bytes, "little")]
    return content.tobytes()


def read_block(driver: IntegerDriver, stored: IntegerFormat, block: bytes) -> NDArray[np.int64]:
    """The stored outputs (outputs,) out of the block that a call has left."""
    fields = (block[v.offset or 0 : (v.offset or 0) + (v.bytes or 0)] for v in driver.values)
    return np.array([int.from_bytes(field, "little", signed=stored.low < 0) for field in fields], np.int64)
