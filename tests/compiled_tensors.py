"""Compiled programs on tensors, linked, run in the emulator and proved: for tests of the proof."""

from collections.abc import Mapping, Sequence

import numpy as np

from armlet.build.integer.lines import Listing
from armlet.integer.formats import I64
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.isa.core import Memory
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.integer.cortex_m4 import CORTEX_M4
from armlet.prove.prove import Proof
from armlet.prove.tensors.contract import PlacedValues, TensorCall, TensorContract
from armlet.prove.tensors.prove import prove_tensors
from armlet.prove.tensors.values import given_value
from armlet.select.integer.select import Optimize
from armlet.select.tensors.bodies.convolution import Shape
from armlet.select.tensors.choose import choose_tensors
from armlet.select.tensors.frame import STACK_BYTES
from armlet.select.tensors.program import TensorProgram
from armlet.select.tensors.select import select_tensors
from armlet.simulate.decoded import DecodedProgram, decode_program
from armlet.simulate.machine import STACK, Machine, MachineError
from armlet.simulate.runner import MemoryRegion
from armlet.toolchain.image import Image
from assembled_integers import linked
from tensor_programs import preserved, samples

BLOCK = 0x2800_0040
FRAME = -(-STACK_BYTES // 8) * 8 + 4
SAVED = "{r4, r5, r6, r7, r8, r9, r10, r11, lr}"


class CompiledTensors:
    """A network's program as a function f of a block."""

    def __init__(self, network: IntegerNetwork, shapes: Sequence[Shape] | None = None) -> None:
        self.network = network
        self.program = select_tensors(network, CORTEX_M4, shapes or fast_shapes(network))
        begin, end = (f"push.w {SAVED}", f"sub sp, #{FRAME}"), f"pop.w {SAVED.replace('lr', 'pc')}"
        self.lines = [*begin, *_lines(self.program), f"add sp, #{FRAME}", end]
        content = self.program.constants.tobytes()
        words = np.frombuffer(content + bytes(-len(content) % 4), "<u4").tolist() or [0]
        self.constants = ".word " + ", ".join(map(str, words))
        self.stack = Memory(STACK.end - 36 - FRAME, 36 + FRAME)

    def link(self, copies: Mapping[str, Sequence[str]] | None = None) -> Image:
        bodies = {name: [_own(line, name) for line in lines] for name, lines in (copies or {"f": self.lines}).items()}
        return linked(bodies, self.constants)

    def placed(self, value: int, base: int) -> PlacedValues:
        tensor = self.program.values[value]
        assert tensor is not None
        places, lifts = tensor.layout.places.ravel(), tensor.layout.lifts.ravel()
        return PlacedValues(value, np.arange(len(places)), base + tensor.start + places, lifts)

    def contract(self, base: int = BLOCK) -> TensorContract:
        program, network = self.program, self.network
        given = self.placed(0, base)
        hints = tuple(self.placed(k, base) for k, tensor in enumerate(program.values) if tensor is not None and k)
        count, size = network.outputs, network.formats[-1].bytes
        at = base + program.outputs + size * np.arange(count)
        filled = {*given.addresses.tolist()}
        zeros = tuple(Memory(a + 1, 2 if a + 3 in filled else 3) for a in sorted(filled) if a % 4 == 0)
        outputs = PlacedValues(len(network.layers), np.arange(count), at, np.zeros(count, int))
        if network.argmax is not None:
            hints, zero = (*hints, outputs), np.zeros(1, int)
            outputs = PlacedValues(given_value(network), zero, at[:1], zero)
        return TensorContract(network, (given,), outputs, hints, zeros)

    def call(self, image: Image, entry: str = "f") -> TensorCall:
        table = Memory(image.symbols["C"], image.sizes["C"])
        regions = (
            MemoryRegion("block", Memory(BLOCK, self.program.size), True),
            MemoryRegion("stack", self.stack, True),
            MemoryRegion("constants", table, False, image.bytes_at(table)),
        )
        return TensorCall(entry, tuple((region,) for region in regions), (BLOCK,), preserved())

    def prove(self, image: Image, entry: str = "f", program: DecodedProgram | None = None) -> Proof:
        program = program or decode_program(CORTEX_M4F_CORE, image)
        return prove_tensors(program, image, self.call(image, entry), self.contract())

    def run(self, image: Image, rows: I64, entry: str = "f") -> list[list[int]]:
        """What the emulator leaves as outputs. Raises `MachineError`."""
        machine, size = Machine(CORTEX_M4F_CORE, image), self.network.result_format.bytes
        base, found = machine.reserve(self.program.size + 128) + 64, list[list[int]]()
        contract = self.contract(base)
        given = contract.inputs[0]
        for row in rows:
            machine.write(base - 64, b"\xa5" * (self.program.size + 128))
            for zero in contract.zeros:
                machine.write(zero.base, bytes(zero.size))
            for at, more, q in zip(given.addresses.tolist(), given.added.tolist(), row[given.cells].tolist()):
                machine.write(at, bytes([q + more & 255]))
            machine.call(entry, (base,), seconds=5)
            left = [machine.read(at, size) for at in contract.outputs.addresses.tolist()]
            found.append([int.from_bytes(content, "little", signed=True) for content in left])
        return found

    def is_right(self, image: Image, entry: str = "f", count: int = 6) -> bool:
        rows = samples(self.network, count)
        try:
            return self.run(image, rows, entry) == run_integers(self.network, rows).tolist()
        except MachineError:
            return False


def fast_shapes(network: IntegerNetwork) -> tuple[Shape, ...]:
    """Of the bodies of the fastest program."""
    return choose_tensors(network, CORTEX_M4, Optimize.SPEED, None).shapes


def _lines(program: TensorProgram) -> list[str]:
    texts = Listing(program.target, program.lines, "C").show({})
    return [line.strip() for text in texts for line in text.split("\n")]


def _own(line: str, name: str) -> str:
    return line.replace(".L", f".L{name}_")


def deleted(lines: Sequence[str]) -> dict[str, list[str]]:
    """The program without each of its instructions."""
    return {f"without{k}": [*lines[:k], *lines[k + 1 :]] for k, line in enumerate(lines) if not line.endswith(":")}
