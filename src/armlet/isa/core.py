"""Describes a core to the tools: how to ask for it by name, where its memories lie, what a call must preserve."""

import re
from dataclasses import dataclass

from armlet.errors import TargetError
from armlet.isa.instruction_set import Decoder, InstructionSet

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
    word: int = 4  # bytes of a core register
    absent: str = "(?!)"  # mnemonics that tools know by these names and the core does not have, as an expression
    wide: str = ".*"  # mnemonics of the instructions of four bytes that it has, as an expression

    def lacks(self, mnemonic: str, size: int) -> bool:
        """Whether an instruction that tools know, of so many bytes, is none of this core."""
        return bool(re.fullmatch(self.absent, mnemonic)) or (size > 2 and not re.fullmatch(self.wide, mnemonic))

    def decoder(self) -> Decoder:
        """A fresh decoder of its code; one that is kept knows what it has met."""
        return self.instruction_set.reading.decoder(self)

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
