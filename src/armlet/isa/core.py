"""Describes a core to the tools: how to ask for it by name, where its memories lie, what a call must preserve."""

import re
from dataclasses import dataclass
from enum import Enum

from armlet.errors import TargetError


class InstructionSet(Enum):
    """How the bytes of a program are to be read."""

    THUMB = "thumb"


# Bytes; the emulator takes programs that no part could hold, and the report says what they need.
LARGEST_FLASH = 64 << 20
LARGEST_RAM = 64 << 20


@dataclass(frozen=True, slots=True)
class Memory:
    """A closed piece of the address space; sizes are what tools assume where a user gives no part."""

    base: int
    size: int  # bytes

    @property
    def end(self) -> int:
        return self.base + self.size

    def holds(self, address: int, size: int) -> bool:
        """Whether all of `size` bytes from `address` lie inside."""
        return self.base <= address and address + size <= self.end


@dataclass(frozen=True, slots=True)
class Core:
    """One core as assemblers, compilers, emulators and decoders name it."""

    name: str
    instruction_set: InstructionSet
    gnu_flags: tuple[str, ...]  # of GNU as and gcc
    clang_target: str  # zig's and clang's --target
    clang_cpu: str  # zig's -mcpu, features after a plus
    emulator_model: str  # Unicorn's constant UC_CPU_<this>
    flash: Memory
    ram: Memory
    preserved: tuple[str, ...]  # registers that a call gives back unchanged
    scratch: tuple[str, ...]  # registers that a call may destroy
    absent: str = "(?!)"  # mnemonics that tools know by these names and the core does not have, as an expression

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9-]+", self.name):
            raise TargetError(f"core name {self.name!r} is not lower case, digits and hyphens")
        if shared := set(self.preserved) & set(self.scratch):
            raise TargetError(f"{self.name}: {sorted(shared)} are both preserved and scratch")
        for what, memory in (("flash", self.flash), ("ram", self.ram)):
            if memory.size <= 0 or memory.base < 0 or memory.end > 1 << 32 or memory.base % 4096:
                raise TargetError(f"{self.name}: {what} at {memory.base:#x} of {memory.size} bytes is no 32-bit memory")
        if self.flash.base < self.ram.end and self.ram.base < self.flash.end:
            raise TargetError(f"{self.name}: flash and ram overlap")


# AAPCS32 (IHI 0042), sections 6.1.1 and 6.1.2: r4-r11, sp and s16-s31 survive a call.
CORTEX_M4F_CORE = Core(
    name="cortex-m4f",
    instruction_set=InstructionSet.THUMB,
    gnu_flags=("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    clang_target="thumb-freestanding-eabihf",
    clang_cpu="cortex_m4+vfp4d16sp",  # plain cortex_m4 is soft float there
    emulator_model="ARM_CORTEX_M4",
    flash=Memory(0x0800_0000, 1 << 20),
    ram=Memory(0x2000_0000, 128 << 10),
    preserved=(*(f"r{i}" for i in range(4, 12)), "sp", *(f"s{i}" for i in range(16, 32))),
    scratch=("r2", "r3", "r12", *(f"s{i}" for i in range(16))),
    # ARM DDI 0403, A6.5 and A7.5: FPv4-SP computes in single precision, and lacks what FPv5 adds.
    absent=r"v\w+\.(f64.*|\w+\.f64)|v(maxnm|minnm|sel|rint|cvt[anpm])\w*(\..*)?",
)
