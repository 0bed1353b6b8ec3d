"""The Cortex-M4 without a floating-point unit, as tools know it."""

from dataclasses import replace
from types import MappingProxyType

from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.cortex_m4f_timing import CORTEX_M4F_CYCLES
from armlet.isa.timing import Kind

CORTEX_M4_CORE = replace(
    CORTEX_M4F_CORE,
    name="cortex-m4",
    gnu_flags=("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft"),
    clang_target="thumb-freestanding-eabi",
    clang_cpu="cortex_m4",
    preserved=(*(f"r{i}" for i in range(4, 12)), "sp"),
    scratch=("r2", "r3", "r12"),
    absent=r"[vf]\w+(\..*)?",  # ARM DDI 0403, A7.5: all of the floating-point extension
)
CORTEX_M4_CYCLES = replace(
    CORTEX_M4F_CYCLES,
    name="cortex-m4",
    source="ARM DDI 0439, table 3-1",
    timings=MappingProxyType(
        {
            name: timing
            for name, timing in CORTEX_M4F_CYCLES.timings.items()
            if timing.kind not in (Kind.FLOAT, Kind.FLOAT_MOVE, Kind.COMPARE) and not name.startswith("v")
        }
    ),
)
