"""Thumb-2 in 32-bit ARM ELF files, with the registers of FPv4."""

from types import MappingProxyType

from armlet.isa.instruction_set import Corruption, Emulator, InstructionSet

THUMB = InstructionSet(
    name="Thumb",
    elf_machine="ARM",
    elf_class=32,
    elf_flags=MappingProxyType({0xFF00_0000: 0x0500_0000}),  # EABI version 5 (IHI 0044, section 5.2)
    word=4,
    code_mark="$t",  # IHI 0044, section 5.5.5
    data_mark="$d",
    code_bit=1,
    function_directives=(".thumb_func",),
    emulator=Emulator(
        constants="unicorn.arm_const",
        architecture="UC_ARCH_ARM",
        mode="UC_MODE_THUMB",  # MCLASS would ignore the model
        model="UC_CPU_",
        register="UC_ARM_REG_",
        counter="pc",
        link="lr",
        cleared=("fpscr",),
    ),
    registers=frozenset([*(f"r{k}" for k in range(13)), "sp", "lr", *(f"s{k}" for k in range(32))]),
    nothing=MappingProxyType({2: b"\x00\xbf", 4: b"\xaf\xf3\x00\x80"}),
    padding=(b"", b"\x00\xbf", b"\x00\x00", b"\xc0\x46"),  # NOP, nothing, and MOV r8, r8 before Thumb-2
    leaves=frozenset(["bl", "bx", "pop"]),
    frame=frozenset(["push", "vpush", "pop", "vpop", "bx"]),
    # DDI 0403, A6.5: D, the lowest bit of Sd, in the first halfword; A6.4.1: the highest bit of imm4H there.
    destination=Corruption(6, frozenset(["vmul", "vadd", "vsub", "vfma", "vldmia", "vldr", "vstr", "vstmia"])),
    held_exponent=Corruption(0, frozenset(["fconsts"])),
    package="armlet.isa.thumb",
)
