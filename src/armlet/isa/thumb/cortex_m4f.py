"""Arm Cortex-M4 with its single-precision floating-point unit.

Sources: Armv7-M Architecture Reference Manual (DDI 0403), A7.7 for the encodings and reaches of VLDR, VLDM, LDR, STM,
ADD; Cortex-M4 Technical Reference Manual (DDI 0439), tables 3-1 and 7-1, for the cycles; Procedure Call Standard (IHI
0042), 6.1.2, for who keeps which register.
"""

from types import MappingProxyType

from armlet.arithmetic.float32 import FLOAT32, FLOAT32_FUSED
from armlet.isa.target import Form, Op, Roles, Split, Target
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.cortex_m4f_timing import CORTEX_M4F_CYCLES, STM32F407_FLASH
from armlet.isa.thumb.modified_immediate import EIGHT_BITS

_VLDR = range(-1020, 1024, 4)  # ARM DDI 0403, A7.7.233: imm8 words, and a sign
_IMM12 = range(4096)  # A7.7.43, T3, and A7.7.161, T2
_IMM8 = range(256)  # A7.7.3, T2
_WORD = range(1 << 32)  # A7.7.3, T3: of these, the modified immediates that assemblers take

_FORMS = {
    Op.STREAM: Form("vldmia {base}!, {{{list}}}", 4, 1, 1),
    Op.LOAD: Form("vldr {d}, [{base}, #{offset}]", 4, 2, offsets=_VLDR),
    Op.LOAD_PAIR: Form("vldr {pair}, [{base}, #{offset}]", 4, 3, offsets=_VLDR),
    Op.LOAD_LIST: Form("vldmia {base}!, {{{list}}}", 4, 1, 1),
    Op.STORE: Form("vstr {d}, [{base}, #{offset}]", 4, 2, offsets=_VLDR),
    Op.STORE_LIST: Form("vstmia {base}!, {{{list}}}", 4, 1, 1),
    Op.MULTIPLY: Form("vmul.f32 {d}, {a}, {b}", 4, 1, late=True),
    Op.ADD: Form("vadd.f32 {d}, {a}, {b}", 4, 1, late=True),
    Op.SUBTRACT: Form("vsub.f32 {d}, {a}, {b}", 4, 1, late=True),
    Op.FUSED: Form("vfma.f32 {d}, {a}, {b}", 4, 3, late=True),
    Op.DIVIDE: Form("vdiv.f32 {d}, {a}, {b}", 4, 14, late=True),
    Op.COPY: Form("vmov.f32 {d}, {a}", 4, 1),
    Op.NEGATE: Form("vneg.f32 {d}, {a}", 4, 1, late=True),
    Op.IMMEDIATE: Form("vmov.f32 {d}, #{number}", 4, 1),
    Op.TO_CORE: Form("vmov {core}, {a}", 4, 1),
    Op.CLAMP: Form("bic.w {core}, {core}, {core}, asr #31", 4, 1),
    Op.CLAMP_ABOVE: Form("and.w {core}, {core}, {core}, asr #31", 4, 1),
    Op.MAGNITUDE: Form("bic.w {core}, {other}, #0x80000000", 4, 1),
    Op.SIGNED: Form("bfi {core}, {other}, #0, #31", 4, 1),
    Op.BITS_UP: Form("add.w {core}, {core}, #{offset}", 4, 1, offsets=_WORD),
    Op.BITS_DOWN: Form("sub.w {core}, {core}, #{offset}", 4, 1, offsets=_WORD),
    Op.FROM_CORE: Form("vmov {d}, {core}", 4, 1),
    Op.CORE_STORE: Form("str.w {core}, [{base}, #{offset}]", 4, 1, pairs=True, offsets=_IMM12),
    Op.CORE_STORE_LIST: Form("stmia.w {base}!, {{{cores}}}", 4, 1, 1),
    Op.STEP_UP: Form("adds.n {base}, #{offset}", 2, 1, late=True, offsets=_IMM8),
    Op.STEP_DOWN: Form("subs.n {base}, #{offset}", 2, 1, late=True, offsets=_IMM8),
    Op.POINT: Form("addw {pointer}, {base}, #{offset}", 4, 1, late=True, offsets=_IMM12),
    Op.POINT_FAR: Form(
        "movw {pointer}, #{low}\nmovt {pointer}, #{high}\nadd.w {pointer}, {pointer}, {base}", 12, 3, late=True
    ),
    Op.ADDRESS: Form("movw {pointer}, #:lower16:{symbol}\nmovt {pointer}, #:upper16:{symbol}", 8, 2, late=True),
    Op.CORE_LOAD: Form("ldr.w {core}, [{base}, #{offset}]", 4, 2, pairs=True, offsets=_IMM12),
    Op.SAVE: Form("push.w {{{cores}}}", 4, 1, 1),
    Op.SAVE_FLOATS: Form("vpush {{{list}}}", 4, 1, 1),
    Op.RESTORE: Form("pop.w {{{cores}}}", 4, 1, 1),
    Op.RESTORE_FLOATS: Form("vpop {{{list}}}", 4, 1, 1),
    Op.RETURN: Form("bx lr", 2, 3),
    Op.RUN_ENTER: Form("push.w {{r1, r4, r5, r6, r7, r8, r9, r10, r11, lr}}", 4, 11),
    Op.RUN_OUTPUT: Form("ldr.w {pointer}, [sp]", 4, 2, pairs=True),
    Op.RUN_LEAVE: Form("pop.w {{r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}}", 4, 13),
    Op.CALL: Form("bl {symbol}", 4, 3),
}
_ROLES = Roles(
    inputs="r0",
    pool="r1",
    inputs_walk="r2",
    work="r12",
    work_walk="r3",
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
    splits=(Split(24, 8), Split(20, 12), Split(26, 6), Split(28, 4), Split(16, 16), Split(11, 5), Split(8, 8)),
    batch=8,
    roles=_ROLES,
    float_reach=1020,  # VLDR, VSTR: imm8 words
    core_reach=4095,  # STR (immediate), T3: imm12
    point_reach=4095,  # ADD (immediate), T4: imm12
    step_reach=252,  # ADD (immediate), T2: imm8, whole words
    arithmetics=(FLOAT32, FLOAT32_FUSED),
    immediates=EIGHT_BITS,
    forms=MappingProxyType(_FORMS),
)
