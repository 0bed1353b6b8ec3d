"""A build in single precision with windows in the emulator: NAME_run with C arrays, NAME_core through the drivers.

Before each call all memory that the program must write before it reads holds NaNs. Arrays and blocks lie between guards
that must come through unchanged, as C arrays of inputs must; in the block the program may write where it likes.
"""

import numpy as np
from numpy.typing import NDArray

from armlet.build import names
from armlet.build.floats.read import FloatBuild
from armlet.build.tensors.arrays import array_order, array_places
from armlet.isa.core import Memory
from armlet.network.frozen import F32
from armlet.simulate.entries import Call, Entries
from armlet.simulate.integer.guarded import Guarded
from armlet.simulate.machine import STACK, MachineError
from armlet.simulate.runner import INPUT_ARRAY, OUTPUT_ARRAY, MemoryRegion, linked_regions
from armlet.toolchain.image import Image

BLOCK = "block"  # the area that NAME_core is given
OWN_BLOCK = "input block of its own"  # and that of NAME_run
_WORD = 4


class FloatRunner(Entries[FloatBuild, F32]):
    """One build, loaded. Both entries take inputs and give outputs in the network's own order."""

    def __init__(self, build: FloatBuild, image: Image) -> None:
        super().__init__(build, image)
        self._guarded = Guarded(self.machine)
        network = build.network
        shapes = network.shapes
        self._inputs = self._guarded.reserve(network.inputs * _WORD, _WORD)
        self._outputs = self._guarded.reserve(network.outputs * _WORD, _WORD)
        self._block = self._guarded.reserve(build.inputs.block, _WORD)
        self._order, self._results = array_order(shapes[0]), array_places(shapes[-1])
        self.arrays = array_places(shapes[0]), array_places(shapes[-1])

    def areas(self, entry: str) -> tuple[MemoryRegion, ...]:
        """What a call of `entry` may touch: its caller's memory, its own block, constants and stack."""
        memory = self.build.manifest.memory
        stack = Memory(STACK.end - memory.stack, memory.stack)
        found = [*linked_regions(self.image, self.build.name), MemoryRegion("stack", stack, True)]
        if self.is_run(entry):
            arrays = MemoryRegion(INPUT_ARRAY, self._inputs, False), MemoryRegion(OUTPUT_ARRAY, self._outputs, True)
            return (*found, *arrays)
        own = [area for area in found if area.what != OWN_BLOCK]
        return (*own, MemoryRegion(BLOCK, self._block, True))

    def _through_arrays(self, x: F32, call: Call) -> F32:
        self._poison()
        given = np.asarray(x, np.float32)[self._order].tobytes()
        self.machine.write(self._inputs.base, given)
        self.machine.poison(self._outputs.base, self._outputs.size)
        entry = names.run_symbol(self.build.name)
        call(entry, (self._inputs.base, self._outputs.base))
        if self.machine.read(self._inputs.base, self._inputs.size) != given:
            raise MachineError("the inputs are changed, and may only be read")
        self._guarded.check()
        return self.machine.read_floats(self._outputs.base, self.build.network.outputs)[self._results]

    def _through_drivers(self, x: F32, call: Call) -> F32:
        self._poison()
        block = self._block
        self.machine.poison(block.base, block.size)
        words = np.frombuffer(self.machine.read(block.base, block.size), np.float32).copy()
        words[_words(self.build.inputs.offsets)] = x
        self.machine.write_floats(block.base, words)
        call(names.core_symbol(self.build.name), (block.base,))
        self._guarded.check()
        return self.machine.read_floats(block.base, block.size // _WORD)[_words(self.build.outputs.offsets)]


def _words(offsets: list[int]) -> NDArray[np.int64]:
    return np.array(offsets, np.int64) // _WORD
