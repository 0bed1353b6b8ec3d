"""Cycles of the Cortex-M4 with its floating-point unit, and the flash of a typical part that carries it.

Sources: Cortex-M4 Technical Reference Manual (ARM DDI 0439 and its later form 100166), table 3-1 for the processor,
section 3.3.3 for neighbouring loads and stores, table 7-1 and its notes for the floating-point unit; STM32F405/407
reference manual (RM0090), section 3.5, for the flash. Where a manual gives a range the table has the figure that its
comment states.
"""

from collections.abc import Mapping
from types import MappingProxyType

from armlet.isa.timing import CycleTable, Flash, Kind, Timing


def _each(names: str, timing: Timing) -> Mapping[str, Timing]:
    return dict.fromkeys(names.split(), timing)


_INTEGER = (  # table 3-1: move, add, subtract, compare, logical, shift, rotate, count, extend, bit field: 1
    "mov movw movt mvn add addw adc adr sub subw sbc rsb cmp cmn and orr eor orn bic tst teq lsl lsr asr ror rrx clz "
    "rev rev16 revsh rbit sxtb sxth uxtb uxth sxtab sxtah uxtab uxtah sxtb16 uxtb16 sxtab16 uxtab16 ubfx sbfx bfi bfc "
    "ssat usat ssat16 usat16 pkhbt pkhtb sel sadd16 sadd8 ssub16 ssub8 uadd16 uadd8 usub16 usub8 qadd qsub "
    "qadd16 qsub16 qadd8 qsub8 uqadd16 uqsub16 uqadd8 uqsub8 shadd16 shsub16 shadd8 shsub8 "
    "uhadd16 uhsub16 uhadd8 uhsub8"
)
_MULTIPLY = (  # table 3-1 and 3-2: all multiplies, long and dual ones too: 1
    "mul mla mls smull umull smlal umlal umaal smlabb smlabt smlatb smlatt smulbb smulbt smultb smultt smlawb smlawt "
    "smulwb smulwt smlad smladx smlsd smlsdx smuad smuadx smusd smusdx smlald smlaldx smmul smmulr smmla smmlar smmls"
)
_FLOAT = "vadd vsub vmul vnmul vcvt vcvtr vcvtb vcvtt vneg vabs"  # table 7-1: 1; sign changes counted as arithmetic

CORTEX_M4F_CYCLES = CycleTable(
    name="cortex-m4f",
    source="ARM DDI 0439, tables 3-1 and 7-1",
    refill=2,  # table 3-1: P is 1 to 3 by alignment, width and speculation; the middle
    address_wait=1,  # section 3.3.3: no forwarding from data processing to address generation
    timings=MappingProxyType(
        {
            **_each(_INTEGER, Timing(Kind.INTEGER, 1)),
            **_each(_MULTIPLY, Timing(Kind.INTEGER, 1)),
            **_each("sdiv udiv", Timing(Kind.INTEGER, 12, varies=True)),  # table 3-1: 2 to 12 by value; the most
            **_each("ldr ldrb ldrh ldrsb ldrsh", Timing(Kind.LOAD, 2, pairs=True)),  # table 3-1: 2, 1 when paired
            **_each(
                "str strb strh", Timing(Kind.STORE, 1, indexed=1, pairs=True)
            ),  # section 3.3.3: 1 with an immediate
            **_each("ldrd ldm ldmdb pop", Timing(Kind.LOAD, 1, each=1)),  # table 3-1: 1 + N
            **_each("strd stm stmdb push", Timing(Kind.STORE, 1, each=1)),
            **_each("b bl bx blx cbz cbnz", Timing(Kind.BRANCH, 1)),  # 1, and P when taken
            **_each("tbb tbh", Timing(Kind.BRANCH, 2)),  # 2 + P
            **_each("it hint nop", Timing(Kind.SYSTEM, 1)),  # folding of IT is not counted on
            **_each(_FLOAT, Timing(Kind.FLOAT, 1, latency=1)),
            **_each(
                "vmla vmls vnmla vnmls vfma vfms vfnma vfnms",
                Timing(Kind.FLOAT, 3, latency=1, addend_later=1),
            ),
            **_each("vdiv vsqrt", Timing(Kind.FLOAT, 14, latency=1)),
            **_each("vcmp vcmpe", Timing(Kind.COMPARE, 1)),
            **_each("vmrs vmsr fmstat", Timing(Kind.COMPARE, 1)),
            **_each("vmov", Timing(Kind.FLOAT_MOVE, 0, each=1)),  # 1 a word; 2 for a pair of core registers
            **_each("fconsts", Timing(Kind.FLOAT_MOVE, 1)),  # VMOV with an immediate
            **_each("vldr vldmia vldmdb vpop", Timing(Kind.LOAD, 1, each=1)),  # 2 for one, 3 for a double, 1 + N
            **_each("vstr vstmia vstmdb vpush", Timing(Kind.STORE, 1, each=1)),
        }
    ),
)

STM32F407_FLASH = Flash(
    part="STM32F407 at 168 MHz",
    source="RM0090, sections 3.2 and 3.5",
    clock=168_000_000,
    wait_states=5,  # table 10: above 150 MHz at 2.7 to 3.6 V
    line=16,
    instruction_lines=64,
    data_lines=8,
    prefetch=True,
)
