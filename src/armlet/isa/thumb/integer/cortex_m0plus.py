"""Arm Cortex-M0+ for integer programs, with the multiplier of one cycle and with the small one of 32.

Sources: Armv6-M Architecture Reference Manual (DDI 0419), A6.7, for encodings and what their fields hold; Cortex-M0+
Technical Reference Manual (DDI 0484), table 3-1, for the cycles. Every instruction is short. Only MOV and ADD without
flags reach r8 to lr.
"""

from dataclasses import replace
from types import MappingProxyType

from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.integer_target import IntegerTarget, IntegerTemplate
from armlet.isa.thumb.integer.cortex_m0plus_core import (
    CORTEX_M0PLUS_CORE,
    CORTEX_M0PLUS_CYCLES,
    SMALL_MULTIPLY_CORE,
    SMALL_MULTIPLY_CYCLES,
    STM32G0B1_FLASH,
)

_IMM3 = range(8)  # A6.7.2, ADD T1
_IMM8 = range(256)  # A6.7.2, ADD T2
_LEFT = range(1, 32)  # A6.7.35, LSL T1: by nothing is MOVS
_RIGHT = range(1, 33)  # A6.7.37, LSR T1


def _short(
    text: str, low: str, numbers: range = range(0), shifts: range = range(0), cycles: int = 1, each: int = 0
) -> IntegerTemplate:
    return IntegerTemplate(text, 2, cycles, each, numbers=numbers, shifts=shifts, low=frozenset(low.split()))


def _moves(name: str, numbers: range) -> IntegerTemplate:
    """LDR (A6.7.26), STR (A6.7.59) and their kin: five bits of offset, in their own width."""
    return _short(name + ".n {d}, [{a}, #{number}]", "d a", numbers, cycles=2)


def _indexed(name: str) -> IntegerTemplate:
    """LDRB, LDRSB and LDRSH from the sum of two registers: A6.7.30, A6.7.33 and A6.7.34."""
    return _short(name + ".n {d}, [{a}, {b}]", "d a b", cycles=2)


_WORDS, _HALVES, _BYTES = range(0, 128, 4), range(0, 64, 2), range(32)
_TEMPLATES = {
    Op.LOAD: _moves("ldr", _WORDS),
    Op.LOAD_BYTE: _moves("ldrb", _BYTES),
    Op.LOAD_UNSIGNED_HALF: _moves("ldrh", _HALVES),
    Op.LOAD_HALF_AT: _indexed("ldrsh"),
    Op.LOAD_BYTE_AT: _indexed("ldrb"),
    Op.LOAD_SIGNED_BYTE_AT: _indexed("ldrsb"),
    Op.LOAD_MULTIPLE: _short("ldmia {a}!, {{{list}}}", "list a", each=1),
    Op.STORE: _moves("str", _WORDS),
    Op.STORE_HALF: _moves("strh", _HALVES),
    Op.STORE_BYTE: _moves("strb", _BYTES),
    Op.MOVE: _short("mov.n {d}, {a}", ""),
    Op.SMALL_CONSTANT: _short("movs.n {d}, #{number}", "d", _IMM8),
    Op.ADD: _short("adds.n {d}, {a}, {b}", "d a b"),
    Op.ADD_TO: _short("add.n {d}, {a}", ""),
    Op.SUBTRACT: _short("subs.n {d}, {a}, {b}", "d a b"),
    Op.NEGATE: _short("rsbs.n {d}, {a}, #0", "d a"),
    Op.ADD_NUMBER: _short("adds.n {d}, {a}, #{number}", "d a", _IMM3),
    Op.SUBTRACT_NUMBER: _short("subs.n {d}, {a}, #{number}", "d a", _IMM3),
    Op.ADD_SMALL: _short("adds.n {d}, #{number}", "d", _IMM8),
    Op.SUBTRACT_SMALL: _short("subs.n {d}, #{number}", "d", _IMM8),
    Op.LEFT: _short("lsls.n {d}, {a}, #{by}", "d a", shifts=_LEFT),
    Op.RIGHT: _short("lsrs.n {d}, {a}, #{by}", "d a", shifts=_RIGHT),
    Op.RIGHT_SIGNED: _short("asrs.n {d}, {a}, #{by}", "d a", shifts=_RIGHT),
    Op.AND_TO: _short("ands.n {d}, {a}", "d a"),
    Op.OR_TO: _short("orrs.n {d}, {a}", "d a"),
    Op.CLEAR_TO: _short("bics.n {d}, {a}", "d a"),
    Op.UNSIGNED_BYTE: _short("uxtb.n {d}, {a}", "d a"),
    Op.SIGNED_BYTE: _short("sxtb.n {d}, {a}", "d a"),
    Op.UNSIGNED_HALF: _short("uxth.n {d}, {a}", "d a"),
    Op.SIGNED_HALF: _short("sxth.n {d}, {a}", "d a"),
    Op.MULTIPLY_TO: _short("muls.n {d}, {a}, {d}", "d a"),
    Op.ADDRESS: IntegerTemplate(  # in bytes, since there is no MOVW, and a literal would have to lie near
        "movs.n {d}, #:upper8_15:{symbol}\n"
        "lsls.n {d}, {d}, #8\n"
        "adds.n {d}, #:upper0_7:{symbol}\n"
        "lsls.n {d}, {d}, #8\n"
        "adds.n {d}, #:lower8_15:{symbol}\n"
        "lsls.n {d}, {d}, #8\n"
        "adds.n {d}, #:lower0_7:{symbol}",
        14,
        7,
        low=frozenset("d"),
    ),
}
_TEMPLATES[Op.REPEAT] = IntegerTemplate("subs.n {d}, #1\nbne.n {label}", 4, 2, low=frozenset("d"))
_ENTER = """\
push.n {{r4, r5, r6, r7, lr}}
mov.n r4, r8
mov.n r5, r9
mov.n r6, r10
mov.n r7, r11
push.n {{r4, r5, r6, r7}}"""
_LEAVE = """\
pop.n {{r4, r5, r6, r7}}
mov.n r8, r4
mov.n r9, r5
mov.n r10, r6
mov.n r11, r7
pop.n {{r4, r5, r6, r7, pc}}"""

CORTEX_M0PLUS = IntegerTarget(
    name="cortex-m0plus",
    title="Arm Cortex-M0+ with the single-cycle multiplier",
    core=CORTEX_M0PLUS_CORE,
    cycles=CORTEX_M0PLUS_CYCLES,
    flash=STM32G0B1_FLASH,
    comment="@",
    header=(".syntax unified", ".thumb"),
    base=0,
    free=(*range(1, 13), 14),
    preserved=(*range(4, 12), 14),
    link=14,
    enter=_ENTER,
    leave=_LEAVE,
    call="bl {symbol}",
    names=(*(f"r{i}" for i in range(13)), "sp", "lr", "pc"),
    templates=MappingProxyType(_TEMPLATES),
    enter_low="push.n {{{saved}}}",
    leave_low="pop.n {{{restored}}}",
)
CORTEX_M0PLUS_SMALL_MULTIPLY = replace(
    CORTEX_M0PLUS,
    name="cortex-m0plus-small-multiply",
    title="Arm Cortex-M0+ with the multiplier of 32 cycles",
    core=SMALL_MULTIPLY_CORE,
    cycles=SMALL_MULTIPLY_CYCLES,
    templates=MappingProxyType({**_TEMPLATES, Op.MULTIPLY_TO: replace(_TEMPLATES[Op.MULTIPLY_TO], cycles=32)}),
)
