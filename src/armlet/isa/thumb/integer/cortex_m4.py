"""Arm Cortex-M4 for integer programs, with and without a floating-point unit, which they do not use.

Sources: Armv7-M Architecture Reference Manual (DDI 0403), A7.7, for encodings and what their fields hold; Cortex-M4
Technical Reference Manual (DDI 0439), table 3-1, for the cycles. Every text gives the length of its encoding, so that
assemblers have no choice. Short forms set flags, which no line reads but the second half of REPEAT, behind its first.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.integer_target import IntegerTarget, IntegerTemplate
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.cortex_m4f_timing import CORTEX_M4F_CYCLES, STM32F407_FLASH
from armlet.isa.thumb.integer.cortex_m4_core import CORTEX_M4_CORE, CORTEX_M4_CYCLES

_IMM12 = range(4096)  # A7.7.43, LDR T3, and A7.7.3, ADD T4
_IMM16 = range(1 << 16)  # A7.7.76, MOV T3
_IMM3 = range(8)  # A7.7.3, ADD T1
_IMM8 = range(256)  # A7.7.3, ADD T2
_WORD = range(1 << 32)  # A5.3.2: of these, the modified immediates
_LEFT = range(32)  # A7.4.2: LSL by nothing is no shift
_RIGHT = range(1, 33)
_BYTES = range(8, 32, 8)  # A7.7.183, UXTAB: by nothing is no rotation
_CLAMPED = range(1, 32)  # A7.7.152, SSAT, and A7.7.213, USAT


def _reach(text: str, cycles: int, near: range) -> IntegerTemplate:
    """A load or store; `near` are the offsets of its short form, where it has one."""
    wide = IntegerTemplate(text + ".w {d}, [{a}, #{number}]", 4, cycles, pairs=True, numbers=_IMM12)
    short = replace(wide, text=text + ".n {d}, [{a}, #{number}]", size=2, numbers=near, low=frozenset("da"))
    return replace(wide, short=short) if near else wide


def _stack(text: str, cycles: int) -> IntegerTemplate:
    """A load or store of a word of the stack: A7.7.43, T2, and A7.7.161, T2, are its short forms."""
    wide = IntegerTemplate(text + ".w {d}, [sp, #{number}]", 4, cycles, pairs=True, numbers=range(0, 4096, 4))
    short = replace(wide, text=text + ".n {d}, [sp, #{number}]", size=2, numbers=range(0, 1024, 4), low=frozenset("d"))
    return replace(wide, short=short)


def _wide(
    text: str, numbers: range = range(0), shifts: range = range(0), short: IntegerTemplate | None = None
) -> IntegerTemplate:
    return IntegerTemplate(text, 4, 1, numbers=numbers, shifts=shifts, short=short)


def _short(text: str, low: str = "", numbers: range = range(0), shifts: range = range(0)) -> IntegerTemplate:
    return IntegerTemplate(text, 2, 1, numbers=numbers, shifts=shifts, low=frozenset(low.split()))


def _shifted(name: str) -> IntegerTemplate:
    return _short(name + ".n {d}, {a}, #{by}", "d a", shifts=_RIGHT if name != "lsls" else range(1, 32))


_LIST = IntegerTemplate("ldmia.n {a}!, {{{list}}}", 2, 1, 1, low=frozenset(("a", "list")))  # A7.7.41, T1
_MEMORY: Mapping[Op, IntegerTemplate] = {
    Op.LOAD: _reach("ldr", 2, range(0, 128, 4)),  # A7.7.43, T1
    Op.LOAD_HALF: _reach("ldrsh", 2, range(0)),
    Op.LOAD_BYTE: _reach("ldrb", 2, range(32)),
    Op.LOAD_SIGNED_BYTE: _reach("ldrsb", 2, range(0)),
    Op.LOAD_ENTRY: IntegerTemplate("ldr.w {d}, [{a}, {b}, lsl #2]", 4, 2, pairs=True),  # A7.7.45, T2
    Op.LOAD_MULTIPLE: IntegerTemplate("ldmia.w {a}!, {{{list}}}", 4, 1, 1, short=_LIST),
    Op.LOAD_MULTIPLE_HERE: IntegerTemplate("ldmia.w {a}, {{{list}}}", 4, 1, 1),
    Op.LOAD_PAIR: IntegerTemplate("ldrd {d}, {b}, [{a}, #{number}]", 4, 3, numbers=range(0, 1024, 4)),  # A7.7.50
    Op.LOAD_STACK: _stack("ldr", 2),
    Op.LOAD_STACK_PAIR: IntegerTemplate("ldrd {d}, {b}, [sp, #{number}]", 4, 3, numbers=range(0, 1024, 4)),
    Op.STORE_STACK: _stack("str", 1),
    Op.STORE: _reach("str", 1, range(0, 128, 4)),
    Op.STORE_HALF: _reach("strh", 1, range(0, 64, 2)),
    Op.STORE_BYTE: _reach("strb", 1, range(32)),
}
_CONSTANTS: Mapping[Op, IntegerTemplate] = {
    Op.MOVE: _short("mov.n {d}, {a}"),
    Op.CONSTANT: _wide("movw {d}, #{number}", _IMM16, short=_short("movs.n {d}, #{number}", "d", _IMM8)),
    Op.SMALL_CONSTANT: _short("movs.n {d}, #{number}", "d", _IMM8),
    Op.CONSTANT_HIGH: _wide("movt {d}, #{number}", _IMM16),
    Op.NOT_CONSTANT: _wide("mvn.w {d}, #{number}", _WORD),
    Op.ADDRESS: IntegerTemplate("movw {d}, #:lower16:{symbol}\nmovt {d}, #:upper16:{symbol}", 8, 2),
}
_SUMS: Mapping[Op, IntegerTemplate] = {
    Op.ADD: _wide("add.w {d}, {a}, {b}", short=_short("adds.n {d}, {a}, {b}", "d a b")),
    Op.ADD_TO: _short("add.n {d}, {a}"),
    Op.ADD_LOW_BYTE: _wide("uxtab {d}, {a}, {b}"),
    Op.ADD_BYTE: _wide("uxtab {d}, {a}, {b}, ror #{by}", shifts=_BYTES),
    Op.ADD_LEFT: _wide("add.w {d}, {a}, {b}, lsl #{by}", shifts=_LEFT),
    Op.ADD_RIGHT: _wide("add.w {d}, {a}, {b}, lsr #{by}", shifts=_RIGHT),
    Op.SUBTRACT: _wide("sub.w {d}, {a}, {b}", short=_short("subs.n {d}, {a}, {b}", "d a b")),
    Op.SUBTRACT_LEFT: _wide("sub.w {d}, {a}, {b}, lsl #{by}", shifts=_LEFT),
    Op.SUBTRACT_RIGHT: _wide("sub.w {d}, {a}, {b}, lsr #{by}", shifts=_RIGHT),
    Op.REVERSE_SUBTRACT_LEFT: _wide("rsb.w {d}, {a}, {b}, lsl #{by}", shifts=_LEFT),
    Op.ADD_SIGN: _wide("add.w {d}, {a}, {a}, asr #31"),
    Op.NEGATE: _wide("rsb.w {d}, {a}, #0", short=_short("rsbs.n {d}, {a}, #0", "d a")),
    Op.ADD_NUMBER: _wide("addw {d}, {a}, #{number}", _IMM12, short=_short("adds.n {d}, {a}, #{number}", "d a", _IMM3)),
    Op.SUBTRACT_NUMBER: _wide(
        "subw {d}, {a}, #{number}", _IMM12, short=_short("subs.n {d}, {a}, #{number}", "d a", _IMM3)
    ),
    Op.LESS_NUMBER: _wide("sub.w {d}, {a}, #{number}", _WORD),
    Op.MORE_NUMBER: _wide("add.w {d}, {a}, #{number}", _WORD),
    Op.ADD_SIGNED_RIGHT: _wide("add.w {d}, {a}, {b}, asr #{by}", shifts=_RIGHT),
    Op.NUMBER_LESS: _wide("rsb.w {d}, {a}, #{number}", _WORD),
    Op.ADD_SMALL: _short("adds.n {d}, #{number}", "d", _IMM8),
    Op.SUBTRACT_SMALL: _short("subs.n {d}, #{number}", "d", _IMM8),
}
_BITS: Mapping[Op, IntegerTemplate] = {
    Op.LEFT: _wide("lsl.w {d}, {a}, #{by}", shifts=_LEFT, short=_shifted("lsls")),
    Op.RIGHT: _wide("lsr.w {d}, {a}, #{by}", shifts=_RIGHT, short=_shifted("lsrs")),
    Op.RIGHT_SIGNED: _wide("asr.w {d}, {a}, #{by}", shifts=_RIGHT, short=_shifted("asrs")),
    Op.NOT_LEFT: _wide("mvn.w {d}, {a}, lsl #{by}", shifts=_LEFT),
    Op.NOT_RIGHT: _wide("mvn.w {d}, {a}, lsr #{by}", shifts=_RIGHT),
    Op.AND: _wide("and.w {d}, {a}, {b}"),
    Op.AND_TO: _short("ands.n {d}, {a}", "d a"),
    Op.OR_TO: _short("orrs.n {d}, {a}", "d a"),
    Op.OR_LEFT: _wide("orr.w {d}, {a}, {b}, lsl #{by}", shifts=_LEFT),
    Op.OR_RIGHT: _wide("orr.w {d}, {a}, {b}, lsr #{by}", shifts=_RIGHT),
    Op.OR_NUMBER: _wide("orr.w {d}, {a}, #{number}", _WORD),
    Op.FLIP: _wide("eor.w {d}, {a}, #{number}", _WORD),
    Op.CLEAR: _wide("bic.w {d}, {a}, {b}"),
    Op.CLEAR_TO: _short("bics.n {d}, {a}", "d a"),
    Op.POSITIVE: _wide("bic.w {d}, {a}, {a}, asr #31"),
    Op.NEGATIVE: _wide("and.w {d}, {a}, {a}, asr #31"),
    Op.CLEAR_BY_SIGN: _wide("bic.w {d}, {a}, {b}, asr #31"),
    Op.SIGNED_FIELD: _wide("sbfx {d}, {a}, #0, #{by}", shifts=_RIGHT),
    Op.UNSIGNED_FIELD: _wide("ubfx {d}, {a}, #0, #{by}", shifts=_RIGHT),
    Op.UNSIGNED_BYTE: _wide("uxtb.w {d}, {a}", short=_short("uxtb.n {d}, {a}", "d a")),
    Op.SIGNED_BYTE: _wide("sxtb.w {d}, {a}", short=_short("sxtb.n {d}, {a}", "d a")),
    Op.UNSIGNED_HALF: _wide("uxth.w {d}, {a}", short=_short("uxth.n {d}, {a}", "d a")),
    Op.SIGNED_HALF: _wide("sxth.w {d}, {a}", short=_short("sxth.n {d}, {a}", "d a")),
    Op.ODD_BYTES: _wide("sxtb16 {d}, {a}, ror #8"),
    Op.SATURATE: _wide("usat {d}, #{number}, {a}", _LEFT),
    Op.SATURATE_SIGNED: _wide("ssat {d}, #{number}, {a}", _RIGHT),
    Op.CLAMP: _wide("usat {d}, #{number}, {a}, asr #{by}", _LEFT, _CLAMPED),
    Op.CLAMP_SIGNED: _wide("ssat {d}, #{number}, {a}, asr #{by}", _RIGHT, _CLAMPED),
}
_PRODUCTS: Mapping[Op, IntegerTemplate] = {
    Op.MULTIPLY: _wide("mul {d}, {a}, {b}"),
    Op.MULTIPLY_HIGH: _wide("smmulr {d}, {a}, {b}"),
    Op.MULTIPLY_UPPER: _wide("smmul {d}, {a}, {b}"),
    Op.MULTIPLY_TO: _short("muls.n {d}, {a}, {d}", "d a"),
    Op.MULTIPLY_ADD: _wide("mla {d}, {a}, {b}, {d}"),
    Op.MULTIPLY_LOW_LOW: _wide("smlabb {d}, {a}, {b}, {d}"),
    Op.MULTIPLY_HIGH_LOW: _wide("smlatb {d}, {a}, {b}, {d}"),
    Op.MULTIPLY_LOW_HIGH: _wide("smlabt {d}, {a}, {b}, {d}"),
    Op.MULTIPLY_HIGH_HIGH: _wide("smlatt {d}, {a}, {b}, {d}"),
    Op.MULTIPLY_BOTH: _wide("smlad {d}, {a}, {b}, {d}"),
    Op.MULTIPLY_LONG: _wide("smlal {d}, {e}, {a}, {b}"),
    Op.MULTIPLY_UPPER_ADD: _wide("smmla {d}, {a}, {b}, {e}"),
    Op.MULTIPLY_HIGH_ADD: _wide("smmlar {d}, {a}, {b}, {e}"),
}
_CONTROL: Mapping[Op, IntegerTemplate] = {
    Op.REPEAT_UNTIL: IntegerTemplate("cmp.n {a}, {b}\nbne.w {label}", 6, 2),  # as below
    Op.REPEAT: IntegerTemplate("subs.n {d}, #1\nbne.w {label}", 6, 2, low=frozenset("d")),  # taken: the refill too
}

CORTEX_M4 = IntegerTarget(
    name="cortex-m4",
    title="Arm Cortex-M4",
    core=CORTEX_M4_CORE,
    cycles=CORTEX_M4_CYCLES,
    flash=STM32F407_FLASH,
    comment="@",
    header=(".syntax unified", ".thumb"),
    base=0,
    free=(*range(1, 13), 14),
    preserved=(*range(4, 12), 14),
    link=14,
    enter="push.w {{{saved}}}",
    leave="pop.w {{{restored}}}",
    call="bl {symbol}",
    names=(*(f"r{i}" for i in range(13)), "sp", "lr", "pc"),
    templates=MappingProxyType({**_MEMORY, **_CONSTANTS, **_SUMS, **_BITS, **_PRODUCTS, **_CONTROL}),
)
CORTEX_M4F_INTEGER = replace(
    CORTEX_M4,
    name="cortex-m4f",
    title="Arm Cortex-M4 with FPv4-SP",
    core=CORTEX_M4F_CORE,
    cycles=CORTEX_M4F_CYCLES,
    header=(".syntax unified", ".thumb", ".fpu fpv4-sp-d16"),
)
