"""Programs in integers as assembly text, linked, run in the emulator and proved: for tests of the proof."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from armlet.integer.formats import I64, INT32, UINT8, IntegerFormat
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Requantisation
from armlet.isa.core import Core, Memory
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.thumb import THUMB
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.prove.integer.call import InputField, IntegerCall
from armlet.prove.integer.prove import prove_integers
from armlet.prove.prove import Proof
from armlet.simulate.decoded import DecodedProgram, decode_program
from armlet.simulate.machine import STACK, Machine
from armlet.simulate.runner import MemoryRegion
from armlet.toolchain.image import Image, read_image
from armlet.toolchain.toolchain import find_toolchain

_STACK = Memory(STACK.end - 64, 64)


@dataclass(frozen=True)
class Layout:
    """Where a program finds inputs and leaves outputs in its block."""

    inputs: Mapping[int, int]  # index by offset
    input_bytes: int
    span: int
    outputs: tuple[int, ...]  # offsets
    output_bytes: int
    size: int


@dataclass(frozen=True)
class Assembled:
    """Several functions in one image, each a program for the same network."""

    image: Image
    program: DecodedProgram
    network: IntegerNetwork
    layout: Layout

    def prove(self, entry: str) -> Proof:
        """What the proof says of one function."""
        return prove_integers(self.program, self.image, self.call(entry), self.network)

    def call(self, entry: str, block: int = 0x4000_0000) -> IntegerCall:
        """How each of them is called."""
        layout, core = self.layout, CORTEX_M4F_CORE
        inside = MemoryRegion("inputs", Memory(block, layout.span), False)
        values = MemoryRegion("block", Memory(block + layout.span, layout.size - layout.span), True)
        pieces = [(inside, values), (MemoryRegion("stack", _STACK, True),)]
        if "C" in self.image.symbols:
            memory = Memory(self.image.symbols["C"], self.image.sizes["C"])
            pieces.append((MemoryRegion("constants", memory, False, self.image.bytes_at(memory)),))
        return IntegerCall(
            entry,
            tuple(pieces),
            (block,),
            tuple(name for name in core.preserved if not name.startswith("s") or name == "sp"),
            {block + offset: InputField(index, layout.input_bytes) for offset, index in layout.inputs.items()},
            (Memory(block, layout.span),),
            tuple(block + offset for offset in layout.outputs),
            layout.output_bytes,
        )

    def run(self, entry: str, stored: I64) -> list[list[int]]:
        """The outputs for each row of inputs, in the emulator. Raises `MachineError`."""
        layout, machine = self.layout, Machine(CORTEX_M4F_CORE, self.image)
        block = machine.reserve(layout.size)
        signed = self.network.result_format.low < 0
        found: list[list[int]] = []
        for row in stored.tolist():
            machine.write(block, bytes(layout.span) + b"\xa5" * (layout.size - layout.span))
            for offset, index in layout.inputs.items():
                machine.write(block + offset, (row[index] & 0xFFFF_FFFF).to_bytes(4, "little")[: layout.input_bytes])
            machine.call(entry, (block,), seconds=1)
            read = (machine.read(block + offset, layout.output_bytes) for offset in layout.outputs)
            found.append([int.from_bytes(content, "little", signed=signed) for content in read])
        return found


def assembled(
    bodies: Mapping[str, Sequence[str]], network: IntegerNetwork, layout: Layout, constants: str = ""
) -> Assembled:
    """One function for each body. Raises `ToolchainError`."""
    image = linked(bodies, constants)
    return Assembled(image, decode_program(CORTEX_M4F_CORE, image), network, layout)


def linked(bodies: Mapping[str, Sequence[str]], constants: str, core: Core = CORTEX_M4F_CORE) -> Image:
    """The image of functions, and of constants C if there are any."""
    text = ".syntax unified\n.thumb\n.text\n"
    for name, lines in bodies.items():
        body = "\n".join(lines)
        text += f".p2align 2\n.global {name}\n.type {name}, %function\n{name}:\n{body}\n.size {name}, . - {name}\n"
    if constants:
        text += f'.section .rodata, "a"\n.p2align 2\n.global C\n.type C, %object\nC:\n{constants}\n.size C, . - C\n'
    tools = find_toolchain()
    return read_image(tools.link([tools.assemble(text, core)], core, next(iter(bodies))), THUMB)


def deletions(lines: Sequence[str]) -> dict[str, list[str]]:
    """The body without each of its lines."""
    return {f"without{k}": [*lines[:k], *lines[k + 1 :]] for k in range(len(lines))}


def layer(
    weight: Sequence[Sequence[int]],
    bias: Sequence[int],
    requantisation: Requantisation | None = None,
    stored: IntegerFormat = INT32,
    activation: Activation = Activation.LINEAR,
    low: int | None = None,
    **more: Any,
) -> IntegerDense:
    """A layer that clamps to its format, or from `low` on."""
    neurons = len(bias)
    ends = np.full(neurons, stored.low if low is None else low), np.full(neurons, stored.high)
    return IntegerDense(np.array(weight), np.array(bias), requantisation, activation, stored, *ends, **more)


def network_of(
    *layers: IntegerDense, stored: IntegerFormat = UINT8, ends: tuple[int, int] = (0, 255)
) -> IntegerNetwork:
    """A network whose inputs lie in one interval, at a scale of 1."""
    inputs, outputs = layers[0].inputs, layers[-1].neurons
    domain = InputDomain.uniform(inputs, *ends)
    scales, zeros = (np.ones(inputs), np.ones(outputs)), (np.zeros(inputs, int), np.zeros(outputs, int))
    return IntegerNetwork(layers, domain, (inputs,), stored, scales[0], zeros[0], scales[1], zeros[1])


def samples(network: IntegerNetwork, number: int) -> I64:
    """Stored inputs, both ends first, then ends and others by turns."""
    low, high = network.input_ends
    rng = np.random.default_rng(3)
    rows = [low, high]
    for k in range(number - 2):
        rows.append(rng.integers(low, high + 1) if k % 2 else np.where(rng.random(len(low)) < 0.5, low, high))
    return np.stack(rows)
