"""Programs with loops, written by hand or by a small generator: what they must compute, proved and run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from armlet.errors import ToolchainError
from armlet.isa.core import Memory
from armlet.isa.instruction_set import Decoder
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE as CORE
from armlet.prove.contract import Call, Contract, Stencil, Tensor
from armlet.prove.loops import prove_loops
from armlet.prove.prove import Proof
from armlet.simulate.decoded import decode_program
from armlet.simulate.machine import STACK, Machine
from armlet.simulate.runner import MemoryRegion
from armlet.toolchain.image import Image, read_image
from armlet.toolchain.toolchain import find_toolchain
from unrolled import holds_unrolled

HEAD = ".syntax unified\n.thumb\n.fpu fpv4-sp-d16\n.text\n.global f\n.type f, %function\n.p2align 2\n.thumb_func\nf:\n"
FLOATS = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Looped:
    """A function f of arrays: r0 the first tensor, r1 the second and so on; `constants` is a symbol of its own."""

    code: str
    tensors: Mapping[str, int]  # words; the first is given, the others are made
    stencils: Callable[[Contract], Sequence[Stencil]]  # of a contract without any
    reference: Callable[[FLOATS], Mapping[str, FLOATS]]
    constants: Sequence[float] = ()
    stack: int = 128

    @property
    def contract(self) -> Contract:
        given = next(iter(self.tensors))
        bare = Contract(tuple(Tensor(name, words, name == given) for name, words in self.tensors.items()), ())
        return Contract(bare.tensors, tuple(self.stencils(bare)))

    def link(self, replacing: Sequence[tuple[str, str]] = ()) -> Image:
        code = self.code
        for old, new in replacing:
            assert old in code, old
            code = code.replace(old, new, 1)
        bits = np.array(self.constants, np.float32).view(np.uint32).tolist()
        words = "".join(f"  .word {word:#x}\n" for word in bits)
        size = "" if ".size f" in code else ".size f, . - f\n"
        end = f"{size}.section .rodata\n.global k\n.type k, %object\n.p2align 2\nk:\n{words}.size k, . - k\n"
        tools = find_toolchain()
        return read_image(tools.link([tools.assemble(f"{HEAD}{code}\n{end}", CORE)], CORE, "f"), CORE.instruction_set)


@dataclass(slots=True)
class Loaded:
    """A linked program in the emulator, with its arrays."""

    looped: Looped
    image: Image
    decoder: Decoder = field(default_factory=lambda: CORE.decoder())
    machine: Machine = field(init=False)
    arrays: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.machine = Machine(CORE, self.image)
        self.arrays = {name: self.machine.reserve(4 * words + 128) + 64 for name, words in self.looped.tensors.items()}

    def call(self) -> Call:
        areas = [MemoryRegion("stack", Memory(STACK.end - self.looped.stack, self.looped.stack), True)]
        given = next(iter(self.looped.tensors))
        areas += [MemoryRegion(n, Memory(self.arrays[n], 4 * w), n != given) for n, w in self.looped.tensors.items()]
        if self.looped.constants:
            memory = Memory(self.image.address("k"), self.image.sizes["k"])
            areas.append(MemoryRegion("constants", memory, False, self.image.bytes_at(memory)))
        arguments = {f"r{i}": name for i, name in enumerate(self.looped.tensors)}
        places = {name: (name, 0) for name in self.looped.tensors}
        return Call(tuple(areas), arguments, places, CORE.preserved)

    def prove(self, contract: Contract | None = None, call: Call | None = None) -> Proof:
        try:
            program = decode_program(CORE, self.image, self.decoder)
        except ToolchainError as refused:
            return Proof(str(refused), 0, 0)
        return prove_loops(program, self.image, "f", call or self.call(), contract or self.looped.contract)

    def holds_unrolled(self) -> bool:
        """What the plain way says of a program that decodes."""
        program = decode_program(CORE, self.image, self.decoder)
        return holds_unrolled(program, self.image, "f", self.call(), self.looped.contract)

    def run(self, x: FLOATS, seconds: float = 10) -> dict[str, FLOATS]:
        """What the emulator leaves in each tensor. Raises `MachineError`."""
        for name, words in self.looped.tensors.items():
            self.machine.poison(self.arrays[name] - 64, 4 * words + 128)
        given, *made = self.looped.tensors
        self.machine.write_floats(self.arrays[given], x)
        self.machine.call("f", tuple(self.arrays.values()), seconds)
        assert self.machine.read_floats(self.arrays[given], len(x)).tobytes() == x.tobytes()
        return {name: self.machine.read_floats(self.arrays[name], self.looped.tensors[name]) for name in made}

    def agrees(self, x: FLOATS, seconds: float = 10) -> bool:
        """Whether the emulator leaves what the reference gives, to the bit."""
        wanted, left = self.looped.reference(x), self.run(x, seconds)
        return all(wanted[name].tobytes() == left[name].tobytes() for name in left)


def inputs(looped: Looped, count: int, seed: int = 0) -> list[FLOATS]:
    """Normal numbers, zeros of both signs, denormals and large ones."""
    rng = np.random.default_rng(seed)
    words = next(iter(looped.tensors.values()))
    special = np.array([0.0, -0.0, 1e-45, -1e-40, 1e30, -1.0, 1.0], np.float32)
    found = [rng.standard_normal(words).astype(np.float32) for _ in range(count)]
    for k in range(1, count, 3):
        found[k] = np.where(rng.random(words) < 0.5, rng.choice(special, words), found[k])
    return found
