"""Arm Cortex-M4 with its single-precision floating-point unit.

Sources: Armv7-M Architecture Reference Manual (DDI 0403), A7.7 for the encodings and reaches of VLDR, VLDM, LDR, STM,
ADD; Cortex-M4 Technical Reference Manual (DDI 0439), tables 3-1 and 7-1, for the cycles; Procedure Call Standard (IHI
0042), 6.1.2, for who keeps which register.
"""

from types import MappingProxyType

from armlet.arithmetic.float32 import FLOAT32, FLOAT32_FUSED
from armlet.isa.operation import Operation
from armlet.isa.target import RegisterPartition, Roles, Target, Template
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.cortex_m4f_timing import CORTEX_M4F_CYCLES, STM32F407_FLASH
from armlet.isa.thumb.modified_immediate import EIGHT_BITS

_VLDR = range(-1020, 1024, 4)  # ARM DDI 0403, A7.7.233: imm8 words, and a sign
_IMM12 = range(4096)  # A7.7.43, T3, and A7.7.161, T2
_IMM8 = range(256)  # A7.7.3, T2
_WORD = range(1 << 32)  # A7.7.3, T3: of these, the modified immediates that assemblers take

_TEMPLATES = {
    Operation.LOAD_CONSTANTS: Template("vldmia {base}!, {{{list}}}", 4, 1, 1),
    Operation.LOAD: Template("vldr {d}, [{base}, #{offset}]", 4, 2, numbers=_VLDR),
    Operation.LOAD_PAIR: Template("vldr {pair}, [{base}, #{offset}]", 4, 3, numbers=_VLDR),
    Operation.LOAD_MULTIPLE: Template("vldmia {base}!, {{{list}}}", 4, 1, 1),
    Operation.STORE: Template("vstr {d}, [{base}, #{offset}]", 4, 2, numbers=_VLDR),
    Operation.STORE_MULTIPLE: Template("vstmia {base}!, {{{list}}}", 4, 1, 1),
    Operation.MULTIPLY: Template("vmul.f32 {d}, {a}, {b}", 4, 1, latency=1),
    Operation.ADD: Template("vadd.f32 {d}, {a}, {b}", 4, 1, latency=1),
    Operation.SUBTRACT: Template("vsub.f32 {d}, {a}, {b}", 4, 1, latency=1),
    Operation.FUSED: Template("vfma.f32 {d}, {a}, {b}", 4, 3, latency=1),
    Operation.DIVIDE: Template("vdiv.f32 {d}, {a}, {b}", 4, 14, latency=1),
    Operation.COPY: Template("vmov.f32 {d}, {a}", 4, 1),
    Operation.NEGATE: Template("vneg.f32 {d}, {a}", 4, 1, latency=1),
    Operation.IMMEDIATE: Template("vmov.f32 {d}, #{number}", 4, 1),
    Operation.TO_GPR: Template("vmov {core}, {a}", 4, 1),
    Operation.CLAMP: Template("bic.w {core}, {core}, {core}, asr #31", 4, 1),
    Operation.CLAMP_ABOVE: Template("and.w {core}, {core}, {core}, asr #31", 4, 1),
    Operation.MAGNITUDE: Template("bic.w {core}, {other}, #0x80000000", 4, 1),
    Operation.SIGNED: Template("bfi {core}, {other}, #0, #31", 4, 1),
    Operation.BITS_UP: Template("add.w {core}, {core}, #{addend}", 4, 1, numbers=_WORD),
    Operation.BITS_DOWN: Template("sub.w {core}, {core}, #{addend}", 4, 1, numbers=_WORD),
    Operation.FROM_GPR: Template("vmov {d}, {core}", 4, 1),
    Operation.GPR_STORE: Template("str.w {core}, [{base}, #{offset}]", 4, 1, pairs=True, numbers=_IMM12),
    Operation.GPR_STORE_MULTIPLE: Template("stmia.w {base}!, {{{cores}}}", 4, 1, 1),
    Operation.STEP_UP: Template("adds.n {base}, #{offset}", 2, 1, latency=1, numbers=_IMM8),
    Operation.STEP_DOWN: Template("subs.n {base}, #{offset}", 2, 1, latency=1, numbers=_IMM8),
    Operation.LEA: Template("addw {pointer}, {base}, #{offset}", 4, 1, latency=1, numbers=_IMM12),
    Operation.LEA_FAR: Template(
        "movw {pointer}, #{low}\nmovt {pointer}, #{high}\nadd.w {pointer}, {pointer}, {base}", 12, 3, latency=1
    ),
    Operation.ADDRESS: Template(
        "movw {pointer}, #:lower16:{symbol}\nmovt {pointer}, #:upper16:{symbol}", 8, 2, latency=1
    ),
    Operation.GPR_LOAD: Template("ldr.w {core}, [{base}, #{offset}]", 4, 2, pairs=True, numbers=_IMM12),
    Operation.SAVE: Template("push.w {{{cores}}}", 4, 1, 1),
    Operation.SAVE_FLOATS: Template("vpush {{{list}}}", 4, 1, 1),
    Operation.RESTORE: Template("pop.w {{{cores}}}", 4, 1, 1),
    Operation.RESTORE_FLOATS: Template("vpop {{{list}}}", 4, 1, 1),
    Operation.RETURN: Template("bx lr", 2, 3),
    Operation.RUN_ENTER: Template("push.w {{r1, r4, r5, r6, r7, r8, r9, r10, r11, lr}}", 4, 11),
    Operation.RUN_OUTPUT: Template("ldr.w {pointer}, [sp]", 4, 2, pairs=True),
    Operation.RUN_LEAVE: Template("pop.w {{r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}}", 4, 13),
    Operation.CALL: Template("bl {symbol}", 4, 3),
}
_ROLES = Roles(
    inputs="r0",
    pool="r1",
    inputs_cursor="r2",
    work="r12",
    work_cursor="r3",
    scratch=("r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11"),
)

CORTEX_M4F = Target(
    name="cortex-m4f",
    title="Arm Cortex-M4 with FPv4-SP",
    core=CORTEX_M4F_CORE,
    cycles=CORTEX_M4F_CYCLES,
    flash=STM32F407_FLASH,
    comment="@",
    header=(".syntax unified", ".thumb", ".fpu fpv4-sp-d16"),
    floats=tuple(f"s{i}" for i in range(32)),
    preserved_floats=16,
    partitions=(
        RegisterPartition(24, 8),
        RegisterPartition(20, 12),
        RegisterPartition(26, 6),
        RegisterPartition(28, 4),
        RegisterPartition(16, 16),
        RegisterPartition(11, 5),
        RegisterPartition(8, 8),
    ),
    batch=8,
    roles=_ROLES,
    float_reach=1020,  # VLDR, VSTR: imm8 words
    core_reach=4095,  # STR (immediate), T3: imm12
    point_reach=4095,  # ADD (immediate), T4: imm12
    step_reach=252,  # ADD (immediate), T2: imm8, whole words
    arithmetics=(FLOAT32, FLOAT32_FUSED),
    immediates=EIGHT_BITS,
    templates=MappingProxyType(_TEMPLATES),
)
