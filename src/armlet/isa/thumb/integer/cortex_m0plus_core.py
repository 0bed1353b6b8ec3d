"""The Cortex-M0+ as tools know it, its cycles, and the flash of a typical part that carries it.

Sources: Armv6-M Architecture Reference Manual (DDI 0419), A6.7, for what it has: the short instructions of Thumb
without those of Thumb-2, and six long ones; Cortex-M0+ Technical Reference Manual (DDI 0484), table 3-1, for the
cycles; STM32G0x1 reference manual (RM0444), chapter 3, for the flash.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from armlet.isa.core import Core, Memory
from armlet.isa.thumb.thumb import THUMB
from armlet.isa.timing import CycleTable, Flash, Kind, Timing

CORTEX_M0PLUS_CORE = Core(
    name="cortex-m0plus",
    instruction_set=THUMB,
    gnu_flags=("-mcpu=cortex-m0plus", "-mthumb", "-mfloat-abi=soft"),
    clang_target="thumb-freestanding-eabi",
    clang_cpu="cortex_m0plus",
    emulator_model="ARM_CORTEX_M0",  # the same instructions
    flash=Memory(0x0800_0000, 512 << 10),
    ram=Memory(0x2000_0000, 144 << 10),
    preserved=(*(f"r{i}" for i in range(4, 12)), "sp"),
    scratch=("r2", "r3", "r12"),
    absent=r"cbn?z|it[te]{0,3}|[vf]\w+(\..*)?",  # the short ones of Thumb-2
    wide=r"bl|dmb|dsb|isb|mrs|msr|udf\.w",
)
SMALL_MULTIPLY_CORE = replace(
    CORTEX_M0PLUS_CORE,
    name="cortex-m0plus-small-multiply",
    gnu_flags=("-mcpu=cortex-m0plus.small-multiply", "-mthumb", "-mfloat-abi=soft"),
)


def _each(names: str, timing: Timing) -> Mapping[str, Timing]:
    return dict.fromkeys(names.split(), timing)


_ARITHMETIC = "mov add adc sub sbc rsb mul cmp cmn and eor orr bic mvn tst lsl lsr asr ror adr"
_EXTEND = "sxtb sxth uxtb uxth rev rev16 revsh"
_TIMINGS = {
    **_each(f"{_ARITHMETIC} {_EXTEND}", Timing(Kind.INTEGER, 1)),  # to the program counter: 2, with the refill
    **_each("ldr ldrb ldrh ldrsb ldrsh", Timing(Kind.LOAD, 2)),  # 1 from the single-cycle port, which has no memory
    **_each("str strb strh", Timing(Kind.STORE, 2)),
    **_each("ldm", Timing(Kind.LOAD, 1, each=1)),
    **_each("pop", Timing(Kind.LOAD, 1, each=1, taken=1)),  # 3 + N to the program counter, which N counts
    **_each("stm push", Timing(Kind.STORE, 1, each=1)),
    **_each("b bx blx", Timing(Kind.BRANCH, 1)),  # 2 when taken
    **_each("bl", Timing(Kind.BRANCH, 2)),  # 3 with the refill
    **_each("nop hint", Timing(Kind.SYSTEM, 1)),
}
CORTEX_M0PLUS_CYCLES = CycleTable(
    name="cortex-m0plus",
    source="ARM DDI 0484, table 3-1",
    refill=1,
    address_wait=0,
    timings=MappingProxyType(_TIMINGS),
)
SMALL_MULTIPLY_CYCLES = replace(
    CORTEX_M0PLUS_CYCLES,
    name="cortex-m0plus-small-multiply",
    timings=MappingProxyType({**_TIMINGS, "mul": Timing(Kind.INTEGER, 32)}),
)

STM32G0B1_FLASH = Flash(
    part="STM32G0B1 at 64 MHz",
    source="RM0444, sections 3.3.4 and 3.3.5",
    clock=64_000_000,
    wait_states=2,  # above 48 MHz in range 1
    line=8,
    instruction_lines=2,
    data_lines=0,
    prefetch=True,
)
