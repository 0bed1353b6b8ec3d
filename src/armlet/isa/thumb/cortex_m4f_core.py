"""The Cortex-M4F as tools know it: names, memories, and what a call preserves."""

from armlet.isa.core import Core, Memory
from armlet.isa.thumb.thumb import THUMB

# AAPCS32 (IHI 0042), sections 6.1.1 and 6.1.2: r4-r11, sp and s16-s31 survive a call.
CORTEX_M4F_CORE = Core(
    name="cortex-m4f",
    instruction_set=THUMB,
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
