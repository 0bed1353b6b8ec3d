"""Programs on tensors of two values a word, written by a small generator: what the proof of tensors is tried on.

A generator of tests that knows the machine model and nothing of the compiler: layers one after the other, each a loop
over rows and positions for each group of channels, borders by constants, rows of the other lane by loops.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from armlet.integer.formats import I64
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerConv, IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.isa.core import Memory
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.prove.prove import Proof
from armlet.prove.tensors.contract import PlacedValues, TensorCall, TensorContract
from armlet.prove.tensors.prove import prove_tensors
from armlet.simulate.decoded import DecodedProgram, decode_program
from armlet.simulate.machine import STACK, Machine, MachineError
from armlet.simulate.runner import MemoryRegion
from armlet.toolchain.image import Image
from assembled_integers import linked

FIELD = 1 << 23
SAVED = "{r4, r5, r6, r7, r8, r9, r10, r11, lr}"
STACK_BYTES = 36 + 32


@dataclass(frozen=True)
class Lanes:
    """Where the words of a tensor lie in the block."""

    shape: tuple[int, int, int]
    split: int
    start: int = 0
    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    @property
    def pitch(self) -> int:
        return self.shape[2] + self.left + self.right

    @property
    def row(self) -> int:
        return self.shape[0] * self.pitch

    @property
    def size(self) -> int:
        return 4 * (self.top + self.split + self.bottom) * self.row

    def at(self, row: int, channel: int, column: int) -> int:
        return self.start + 4 * (((row + self.top) * self.shape[0] + channel) * self.pitch + column + self.left)

    def placed(self, value: int, base: int) -> PlacedValues:
        channel, row, column = np.indices(self.shape).reshape(3, -1)
        upper = row >= self.split
        word = np.array([self.at(int(y), int(c), int(x)) for c, y, x in zip(channel, row - self.split * upper, column)])
        return PlacedValues(value, np.arange(len(word)), base + word + 3 * upper, np.where(upper, 0, 128))


@dataclass
class Writer:
    """Lines and constants of a program."""

    lines: list[str] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    labels: int = 0

    def add(self, text: str) -> None:
        self.lines += [line.strip() for line in text.strip().split("\n")]

    def label(self) -> str:
        self.labels += 1
        self.add(f"L{self.labels}:")
        return f"L{self.labels}"

    def number(self, register: str, value: int) -> None:
        value &= 0xFFFF_FFFF
        self.add(f"movw {register}, #{value & 0xFFFF}")
        if value >> 16:
            self.add(f"movt {register}, #{value >> 16}")

    def place(self, register: str, offset: int) -> None:
        self.add(f"ldr {register}, [sp, #0]")
        self.move(register, offset)

    def move(self, register: str, by: int) -> None:
        while by:
            step = max(-4095, min(4095, by))
            self.add(f"{'addw' if step > 0 else 'subw'} {register}, {register}, #{abs(step)}")
            by -= step


def border_word(value: int) -> int:
    return (value + 128 & 255) | (value & 255) << 24


def write_border(w: Writer, lanes: Lanes, border: int) -> None:
    """Columns by constants, rows beyond a lane from the other one or by constants."""
    height = lanes.shape[1]
    w.number("r12", border_word(border))
    beside = [*range(-lanes.left, 0), *range(lanes.shape[2], lanes.shape[2] + lanes.right)]
    if beside:
        w.place("r0", lanes.at(0, 0, -lanes.left))
        w.number("r2", lanes.split * lanes.shape[0])
        top = w.label()
        for x in beside:
            w.add(f"str r12, [r0, #{4 * (x + lanes.left)}]")
        w.move("r0", 4 * lanes.pitch)
        w.add(f"subs r2, #1\nbne.w {top}")
    for row in (*range(-lanes.top, 0), *range(lanes.split, lanes.split + lanes.bottom)):
        sources = [y if 0 <= y < height else None for y in (row, row + lanes.split)]
        w.place("r0", lanes.at(row, 0, -lanes.left))
        for register, y in zip(("r4", "r5"), sources):
            if y is not None:
                w.place(register, lanes.at(y % lanes.split, 0, -lanes.left))
        w.number("r2", lanes.row)
        top = w.label()
        low, high = sources
        if low is None:
            w.number("r6", border + 128 & 255)
        else:
            w.add("ldrb r6, [r4, #3]\neor r6, r6, #0x80\nadds r4, #4")  # a row of the other lane
            assert low >= lanes.split
        if high is None:
            w.number("r7", border & 255)
        else:
            w.add("ldrb r7, [r5]\neor r7, r7, #0x80\nadds r5, #4")
            assert high < lanes.split
        w.add(f"orr r6, r6, r7, lsl #24\nstr r6, [r0], #4\nsubs r2, #1\nbne.w {top}")


def write_scaled(
    w: Writer, body: IntegerDense, channel: int, register: str, factor: str, start: str, lifted: bool
) -> None:
    clamp = "usat" if lifted else "ssat"
    if isinstance(body.requantisation, Multiplier):
        w.add(f"smmla {register}, {register}, {factor}, {start}")
        shift = -int(body.requantisation.exponent[channel]) - 1
    else:
        assert isinstance(body.requantisation, Shift)
        shift = int(body.requantisation.shift[channel])
    w.add(f"{clamp} {register}, #8, {register}" + (f", asr #{shift}" if shift else ""))


def write_conv(w: Writer, layer: IntegerConv, taken: Lanes, made: Lanes, across: int = 1, together: int = 1) -> None:
    """Groups of `together` channels, `across` words a trip."""
    outputs = len(layer.body.bias)
    for first in range(0, outputs, together):
        _write_group(w, layer, taken, made, across, range(first, min(first + together, outputs)))


def _write_group(w: Writer, layer: IntegerConv, taken: Lanes, made: Lanes, across: int, group: range) -> None:
    body, (down, step) = layer.body, layer.stride
    assert made.shape[2] % across == 0
    table = 4 * len(w.words)
    for channel in group:
        bias = int(body.bias[channel])
        below = bias - 128 * int(body.weight[channel].astype(int).sum())
        factor = start = lifted = 0
        if isinstance(body.requantisation, Multiplier):
            shift = -int(body.requantisation.exponent[channel]) - 1
            factor = int(body.requantisation.multiplier[channel])
            start = (1 << shift - 1) + (body.zero << shift)
            lifted = start + (128 << shift)
        else:
            assert isinstance(body.requantisation, Shift)
            shift = int(body.requantisation.shift[channel])
            below, bias = below + (body.zero + 128 << shift), bias + (body.zero << shift)
        sums = below + FIELD + (bias << 24)
        w.words += [x & 0xFFFF_FFFF for x in (sums, sums >> 32, factor, lifted, start)]
    w.add("movw r1, #:lower16:C\nmovt r1, #:upper16:C")
    w.move("r1", table)
    w.add("str r1, [sp, #4]")
    w.place("r0", made.at(0, group[0], 0))
    w.add("str r0, [sp, #8]")
    w.place("r0", taken.at(-layer.padding[0], 0, -layer.padding[1]))
    w.number("r2", made.split)
    rows = w.label()
    w.add("str r2, [sp, #12]\nmov r2, r0")
    w.move("r2", 4 * made.shape[2] * step)
    w.add("str r2, [sp, #16]")
    columns = w.label()
    _write_body(w, layer, taken, made, across, group)
    w.add(f"ldr r2, [sp, #16]\ncmp r0, r2\nbne.w {columns}")
    w.move("r0", 4 * (down * taken.row - step * made.shape[2]))
    w.add("ldr r1, [sp, #8]")
    w.move("r1", 4 * (made.row - made.shape[2]))
    w.add(f"str r1, [sp, #8]\nldr r2, [sp, #12]\nsubs r2, #1\nbne.w {rows}")


def _write_body(w: Writer, layer: IntegerConv, taken: Lanes, made: Lanes, across: int, group: range) -> None:
    registers = iter(("r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr"))
    pairs = [[(next(registers), next(registers)) for _ in range(across)] for _ in group]
    w.add("ldr r1, [sp, #4]")
    for j, row in enumerate(pairs):
        w.add(f"ldrd {row[0][0]}, {row[0][1]}, [r1, #{20 * j}]")
        for low, high in row[1:]:
            w.add(f"mov {low}, {row[0][0]}\nmov {high}, {row[0][1]}")
    groups = len(layer.body.bias) // layer.groups
    base = 0
    for j, channel in enumerate(group):
        weight = layer.weight[channel]
        for c, y, x in np.argwhere(weight).tolist():
            value, source = int(weight[c, y, x]), c + channel // groups * weight.shape[0]
            w.add(f"movs r1, #{value}" if value > 0 else f"mvn r1, #{-value - 1}")
            for q, (low, high) in enumerate(pairs[j]):
                column = x * layer.dilation[1] + q * layer.stride[1]
                offset = 4 * ((y * layer.dilation[0] * taken.shape[0] + source) * taken.pitch + column)
                if not 0 <= offset - base <= 4095:
                    w.move("r0", offset - base)
                    base = offset
                w.add(f"ldr r2, [r0, #{offset - base}]\nsmlal {low}, {high}, r1, r2")
    w.move("r0", 4 * across * layer.stride[1] - base)
    w.add("ldr r1, [sp, #4]\nldr r2, [sp, #8]")
    for j, (channel, row) in enumerate(zip(group, pairs)):
        w.add(f"ldrd r3, r4, [r1, #{20 * j + 8}]\n")
        for q, (low, high) in enumerate(row):
            w.add(f"ubfx r5, {low}, #0, #24\nsub.w r5, r5, #0x800000")
            w.add(f"lsl {high}, {high}, #8\norr {high}, {high}, {low}, lsr #24")
            write_scaled(w, layer.body, channel, "r5", "r3", "r4", lifted=True)
            w.add(f"ldr {low}, [r1, #{20 * j + 16}]")
            write_scaled(w, layer.body, channel, high, "r3", low, lifted=False)
            w.add(f"orr r5, r5, {high}, lsl #24\nstr r5, [r2, #{4 * (j * made.pitch + q)}]")
    w.add(f"adds r2, #{4 * across}\nstr r2, [sp, #8]")


@dataclass(frozen=True)
class TensorProgram:
    """A function f of a block: where tensors lie in it, the input's first."""

    network: IntegerNetwork
    lanes: tuple[Lanes, ...]
    lines: tuple[str, ...]
    words: tuple[int, ...]
    size: int

    def link(self, copies: Mapping[str, Sequence[str]] | None = None) -> Image:
        """An image of the function f, or of copies of it by name."""
        constants = ".word " + ", ".join(str(word) for word in self.words or (0,))
        bodies = {name: [_own(line, name) for line in lines] for name, lines in (copies or {"f": self.lines}).items()}
        return linked(bodies, constants)

    def call(self, image: Image, block: int = 0x2800_0040, entry: str = "f") -> TensorCall:
        table = Memory(image.symbols["C"], image.sizes["C"])
        regions = (
            MemoryRegion("block", Memory(block, self.size), True),
            MemoryRegion("stack", Memory(STACK.end - STACK_BYTES, STACK_BYTES), True),
            MemoryRegion("constants", table, False, image.bytes_at(table)),
        )
        return TensorCall(entry, tuple((region,) for region in regions), (block,), preserved())

    def contract(self, block: int = 0x2800_0040) -> TensorContract:
        placed = [lanes.placed(k, block) for k, lanes in enumerate(self.lanes)]
        return TensorContract(self.network, (placed[0],), placed[-1], tuple(placed[1:]), self.zeros(block))

    def zeros(self, block: int) -> tuple[Memory, ...]:
        """Between the lanes of the input."""
        filled = {*self.lanes[0].placed(0, block).addresses.tolist()}
        return tuple(Memory(at + 1, 2) for at in sorted(filled) if at + 3 in filled)

    def prove(self, image: Image, entry: str = "f", program: DecodedProgram | None = None) -> Proof:
        program = program or decode_program(CORTEX_M4F_CORE, image)
        return prove_tensors(program, image, self.call(image, entry=entry), self.contract())

    def run(self, image: Image, rows: I64, entry: str = "f") -> list[list[int]]:
        """What the emulator leaves as outputs. Raises `MachineError`."""
        machine = Machine(CORTEX_M4F_CORE, image)
        block, found = machine.reserve(self.size + 128) + 64, list[list[int]]()
        contract = self.contract(block)
        given, outputs = contract.inputs[0], contract.outputs
        for row in rows:
            machine.write(block - 64, b"\xa5" * (self.size + 128))
            for zero in contract.zeros:
                machine.write(zero.base, bytes(zero.size))
            for at, more, q in zip(given.addresses.tolist(), given.added.tolist(), row[given.cells].tolist()):
                machine.write(at, bytes([q + more & 255]))
            machine.call(entry, (block,), seconds=2)
            if machine.read(block - 64, 64) + machine.read(block + self.size, 64) != b"\xa5" * 128:
                raise MachineError("writes beside the block")
            left = zip(outputs.addresses.tolist(), outputs.added.tolist())
            found.append([(machine.read(at, 1)[0] - more + 128) % 256 - 128 for at, more in left])
        return found

    def is_right(self, image: Image, entry: str = "f", count: int = 6) -> bool:
        """Whether the emulator gives what the network declares."""
        rows = samples(self.network, count)
        try:
            return self.run(image, rows, entry) == run_integers(self.network, rows).tolist()
        except MachineError:
            return False


def preserved() -> tuple[str, ...]:
    return tuple(name for name in CORTEX_M4F_CORE.preserved if not name.startswith("s") or name == "sp")


def samples(network: IntegerNetwork, count: int) -> I64:
    """Random inputs, the first ones at their ends."""
    rng = np.random.default_rng(5)
    low, high = network.input_ends
    rows = [low, high, *(np.where(rng.random(len(low)) < 0.5, low, high) for _ in range(count // 2))]
    return np.stack([*rows, *(rng.integers(low, high + 1) for _ in range(count - len(rows)))])


def framed(w: Writer) -> tuple[str, ...]:
    """All lines of a function."""
    begin = (f"push.w {SAVED}", "sub sp, #32", "str r0, [sp, #0]")
    return (*begin, *w.lines, "add sp, #32", f"pop.w {SAVED.replace('lr', 'pc')}")


def _own(line: str, name: str) -> str:
    """A line whose labels are those of one function."""
    return re.sub(r"\bL(\d+)\b", rf".L{name}_\1", line)
