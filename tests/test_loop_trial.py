"""The loop prover stands trial: each bit of small programs turned, each instruction deleted, mutants of all kinds.

A mutant is refused, or it is right: its trips executed one by one on terms leave the declared ones, and the emulator
gives what numpy gives, to the bit, for all inputs that are tried.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from armlet.isa.instruction_set import Decoder
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE as CORE
from armlet.mutate.fields import turned
from armlet.mutate.mutants import Change, changed, mutants
from armlet.mutate.trial import Outcome
from armlet.simulate.decoded import decode_program
from armlet.simulate.machine import MachineError
from armlet.toolchain.image import Image
from loop_programs import PROGRAMS, fir
from looped import FLOATS, Loaded, Looped, inputs

pytestmark = pytest.mark.usefixtures("each_toolchain")

# At least so many mutants are refused by proof.
PROVED = {
    "three taps": 740,
    "backwards": 790,
    "relu": 430,
    "two loops": 940,
    "streamed": 600,
    "small convolution": 900,
}


def every_bit(image: Image) -> Iterator[tuple[str, Image]]:
    for name in (".text", ".rodata"):
        section = image.section(name)
        for bit in range(8 * section.size):
            content = turned(section.content[bit // 8 : bit // 8 + 1], (bit % 8,))
            change = Change(section.address + bit // 8, content, f"bit {bit % 8} turned")
            yield f"{change.text} at {change.address:#010x}", changed(image, change)


def every_deletion(image: Image) -> Iterator[tuple[str, Image]]:
    program = decode_program(CORE, image)
    for slot in np.flatnonzero(program.form_at >= 0).tolist():
        form, at = program.forms[program.form_at[slot]], program.base + 2 * slot
        content = CORE.instruction_set.nothing[form.size]
        yield f"{form.text} at {at:#010x} deleted", changed(image, Change(at, content, ""))


def every_kind(image: Image, count: int) -> Iterator[tuple[str, Image]]:
    for mutant in mutants(CORE, image, count, 3):
        yield f"{mutant.change.text} at {mutant.change.address:#010x}", mutant.image


def judge(looped: Looped, image: Image, decoder: Decoder, tried: list[FLOATS]) -> Outcome:
    loaded = Loaded(looped, image, decoder)
    if problem := loaded.prove().problem:
        return Outcome.DECODING if "instruction of" in problem or "a list that" in problem else Outcome.PROOF
    try:
        right = loaded.holds_unrolled() and all(loaded.agrees(x, 0.5) for x in tried)
        return Outcome.EQUIVALENT if right else Outcome.SURVIVED
    except MachineError as fault:
        return Outcome.SURVIVED if "does not return" in str(fault) else Outcome.MACHINE


@pytest.mark.parametrize("name", PROVED)
def test_every_mutant_of_a_loop_is_refused_or_right(name: str):
    looped = PROGRAMS[name]()
    image, decoder, tried = looped.link(), CORE.decoder(), inputs(looped, 12)
    assert judge(looped, image, decoder, tried) is Outcome.EQUIVALENT
    fates: Counter[Outcome] = Counter()
    missed: list[str] = []
    for made in (every_bit(image), every_deletion(image), every_kind(image, 150)):
        for what, mutant in made:
            fate = judge(looped, mutant, decoder, tried)
            fates[fate] += 1
            missed += [what] * (fate is Outcome.SURVIVED)
    assert missed == []
    assert fates[Outcome.PROOF] >= PROVED[name]
    assert fates[Outcome.MACHINE] <= 8  # encodings that the architecture leaves unpredictable
    assert fates[Outcome.EQUIVALENT] <= 60  # commuted factors, independent neighbours, registers that nothing reads


FLAGS = """
  adds r3, #0
  subs r3, #0
  movs r3, #0
  movs.w r3, #0
  mov.w r3, #0
  movw r3, #0
  sub.w r3, r3, #0
  subw r3, r3, #0
  subs.w r3, r3, #0
  bics r3, r3, r3, asr #31
  bic r3, r3, r3, asr #31
  ands r3, r3, r3, asr #31
  and r3, r3, r3, asr #31
  bfi r3, r3, #0, #31
  ldr r3, [r0]
  vmov s0, r3
  vadd.f32 s0, s0, s0
  add r3, sp, #4
  mov r3, r3
  nop
"""


def test_the_decoder_knows_which_instructions_set_flags():
    """Each gives zero where the flags said that something is not."""
    lines = FLAGS.strip().splitlines()
    after = "  ite eq\n  moveq r2, #1\n  movne r2, #0\n  str r2, [r1], #4\n"
    code = "".join(f"  movs r3, #1\n  mov.w r3, #0\n{line}\n{after}" for line in lines)
    looped = Looped(f"{code}  bx lr\n", {"x": 1, "y": len(lines)}, fir().stencils, fir().reference)
    loaded = Loaded(looped, looped.link())
    sets = loaded.run(np.zeros(1, np.float32))["y"].view(np.uint32)
    program = decode_program(CORE, loaded.image)
    forms = [program.forms[number] for number in program.form_at if number >= 0]
    assert [form.flags for form in forms[2::7]] == (sets == 1).tolist()
