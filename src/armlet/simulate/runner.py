"""A build in the emulator, called as firmware calls it: NAME_run with C arrays, NAME_core through the driver files.

Before each call everything that the program may only write first is filled with NaNs, so that a value which it never
got shows in the outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from armlet.build import names
from armlet.build.driver import Driver
from armlet.build.read import Build
from armlet.isa.core import Memory
from armlet.network.frozen import F32
from armlet.simulate.entries import Call, Entries
from armlet.simulate.machine import STACK
from armlet.toolchain.image import Image

INPUT_ARRAY, OUTPUT_ARRAY = "input array", "output array"  # the areas that NAME_run is given
GUARD = 64  # bytes before and after a caller's array that must stay as they are


@dataclass(frozen=True, slots=True)
class MemoryRegion:
    """Memory that a call may touch."""

    what: str
    memory: Memory
    writable: bool
    content: bytes = b""  # of constants


class Runner(Entries[Build, F32]):
    """One build, loaded. Both entries take one input vector and give the outputs in natural order."""

    def __init__(self, build: Build, image: Image) -> None:
        super().__init__(build, image)
        self._inputs = self.machine.reserve(self.build.word * build.network.inputs + 2 * GUARD) + GUARD
        self._outputs = self.machine.reserve(self.build.word * build.network.outputs + 2 * GUARD) + GUARD
        self._block = self.machine.reserve(_span(build.inputs, build.word) + 2 * GUARD) + GUARD

    def arguments(self, entry: str) -> tuple[int, ...]:
        """What a call of `entry` passes."""
        return (self._inputs, self._outputs) if self.is_run(entry) else (self._block,)

    def places(self, entry: str) -> Mapping[int, int]:
        """For each address that the caller fills, the number of the input that goes there."""
        if self.is_run(entry):
            return {self._inputs + self.build.word * i: i for i in range(self.build.network.inputs)}
        return {self._block + v.offset: v.index for v in self.build.inputs.values if v.offset is not None}

    def results(self, entry: str) -> tuple[int | str, ...]:
        """The address of each output after a call of `entry`, or the register that holds it."""
        if self.is_run(entry):
            return tuple(self._outputs + self.build.word * j for j in range(self.build.network.outputs))
        return tuple(
            value.register or self.image.address(self.build.outputs.base) + (value.offset or 0)
            for value in self.build.outputs.values
        )

    def areas(self, entry: str) -> tuple[MemoryRegion, ...]:
        """What a call of `entry` may touch: its caller's arrays, its own variables, constants and stack."""
        network, memory = self.build.network, self.build.manifest.memory
        stack = Memory(STACK.end - memory.stack, memory.stack)
        found = [*linked_regions(self.image, self.build.name), MemoryRegion("stack", stack, True)]
        if self.is_run(entry):
            found.append(MemoryRegion(INPUT_ARRAY, Memory(self._inputs, self.build.word * network.inputs), False))
            found.append(MemoryRegion(OUTPUT_ARRAY, Memory(self._outputs, self.build.word * network.outputs), True))
        else:
            found.append(
                MemoryRegion(
                    "input block",
                    Memory(self._block, max(self.build.word, _span(self.build.inputs, self.build.word))),
                    False,
                )
            )
        return tuple(found)

    def _through_arrays(self, x: F32, call: Call) -> F32:
        self._poison()
        count = self.build.network.outputs
        self.machine.poison(self._outputs, self.build.word * count)
        self.machine.write_floats(self._inputs, x)
        call(names.run_symbol(self.build.name), (self._inputs, self._outputs))
        return self.machine.read_floats(self._outputs, count)

    def _through_drivers(self, x: F32, call: Call) -> F32:
        self._poison()
        words = np.full(max(1, _span(self.build.inputs, self.build.word) // self.build.word), np.nan, np.float32)
        for value in self.build.inputs.values:
            if value.place == "memory" and value.offset is not None:
                words[value.offset // self.build.word] = x[value.index]
        self.machine.write_floats(self._block, words)
        call(names.core_symbol(self.build.name), (self._block,))
        return self._left(names.core_symbol(self.build.name))

    def _left(self, entry: str) -> F32:
        """The outputs where a call of `entry` has left them."""
        bits = [
            self.machine.register(place).to_bytes(self.build.word, "little")
            if isinstance(place, str)
            else self.machine.read(place, self.build.word)
            for place in self.results(entry)
        ]
        return np.frombuffer(b"".join(bits), "<f4").astype(np.float32)


def linked_regions(image: Image, name: str) -> list[MemoryRegion]:
    """The pieces that a program has of its own, each as far as its symbol says."""
    kinds = {"constants": (names.constants_symbol(name), False), "variables": (names.work_symbol(name), True)}
    kinds |= {"input block of its own": (names.block_symbol(name), True)}
    found: list[MemoryRegion] = []
    for what, (symbol, writable) in kinds.items():
        if size := image.sizes.get(symbol, 0):
            memory = Memory(image.address(symbol), size)
            found.append(MemoryRegion(what, memory, writable, b"" if writable else image.bytes_at(memory)))
    return found


def _span(driver: Driver, word: int) -> int:
    """Bytes from the driver's base to the end of its last value."""
    return max((value.offset + word for value in driver.values if value.offset is not None), default=0)
