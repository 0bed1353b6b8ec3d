"""The proof of programs in integers accepts what is right and refuses every copy that is not, judged by running it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from armlet.errors import ToolchainError
from armlet.integer.formats import INT8, INT16, UINT8
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier, Shift
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.mutate.controls import flip
from armlet.network.activation import Activation
from armlet.prove.integer.prove import prove_integers
from armlet.simulate.decoded import decode_program
from armlet.simulate.machine import MachineError
from assembled_integers import (
    Assembled,
    Layout,
    assembled,
    deletions,
    layer,
    network_of,
    samples,
)

PAIRS = network_of(
    layer([[4, -2, 0, 8], [0, 16, -1, 0]], [100, 8], Shift(np.array([4, 5])), UINT8, Activation.RELU),
    layer([[2, -1], [-1, 4]], [7, -1000]),
)
PAIRS_LAYOUT = Layout({0: 0, 3: 1, 4: 2, 7: 3}, 1, 8, (12, 16), 4, 20)
PAIRS_TEXT = """
push.w {r4, lr}
ldr.w r1, [r0, #0]
ldr.w r2, [r0, #4]
movs.n r3, #100
movs.n r4, #8
add.w r3, r3, r1, lsl #2
sub.w r3, r3, r1, lsr #23
add.w r3, r3, r2, lsr #21
add.w r4, r4, r1, lsr #20
sub.w r4, r4, r2
sbfx r3, r3, #0, #24
usat r3, #8, r3, asr #4
str.w r3, [r0, #8]
sbfx r4, r4, #0, #24
usat r4, #8, r4, asr #5
strb.w r4, [r0, #11]
ldr.w r1, [r0, #8]
movs.n r3, #7
add.w r3, r3, r1, lsl #1
sub.w r3, r3, r1, lsr #24
sbfx r3, r3, #0, #24
str.w r3, [r0, #12]
movw r4, #0xfc18
movt r4, #0xffff
sub.w r4, r4, r1
add.w r4, r4, r1, lsr #22
sbfx r4, r4, #0, #24
str.w r4, [r0, #16]
pop.w {r4, pc}
"""

HALVES = network_of(
    layer([[17, -128, 0], [-3, 127, 5]], [-70, 900], Shift(np.array([3, 6])), INT16, Activation.LEAKY_RELU, slope=3277),
    layer([[100, -77]], [5], Multiplier(np.array([1518500250]), np.array([-9])), INT8),
    stored=INT16,
    ends=(-300, 300),
)
HALVES_LAYOUT = Layout({0: 0, 2: 1, 4: 2}, 2, 8, (12,), 1, 16)
HALVES_CONSTANTS = ".hword 17, -128, -3, 127, 5, 0, 100, -77\n.word 1518500250, -70, 900, 3277"
HALVES_TEXT = """
push.w {r4, r5, r6, r7, r8, lr}
movw r1, #:lower16:C
movt r1, #:upper16:C
ldmia.w r1!, {r2, r3, r4, r5, r6, r7, r8, r12}
ldr.w lr, [r0]
smlabb r7, lr, r2, r7
smlatt r7, lr, r2, r7
smlad r8, lr, r3, r8
ldrsh.w lr, [r0, #4]
mla r8, lr, r4, r8
asr.w r7, r7, #3
asr.w r8, r8, #6
bic.w r2, r7, r7, asr #31
and.w r3, r7, r7, asr #31
mul r3, r3, r12
add.w r2, r2, r3, asr #15
strh.w r2, [r0, #8]
bic.w r2, r8, r8, asr #31
and.w r3, r8, r8, asr #31
mul r3, r3, r12
add.w r2, r2, r3, asr #15
strh.w r2, [r0, #10]
ldr.w r2, [r0, #8]
smulbb r3, r2, r5
smlatt r3, r2, r5, r3
adds.n r3, #5
lsl.w r3, r3, #1
smmulr r3, r3, r6
add.w r3, r3, r3, asr #31
add.w r3, r3, #256
ssat r3, #8, r3, asr #9
strb.w r3, [r0, #12]
pop.w {r4, r5, r6, r7, r8, pc}
"""

SHORT = network_of(layer([[3, -2, 4], [0, 1, 1]], [10, -20], Shift(np.array([2, 1])), UINT8, Activation.RELU))
SHORT_LAYOUT = Layout({0: 0, 3: 1, 4: 2}, 1, 8, (8, 11), 1, 12)
SHORT_TEXT = """
ldr.n r1, [r0, #0]
lsls.n r2, r1, #1
adds.n r2, r2, r1
lsrs.n r3, r1, #23
subs.n r2, r2, r3
ldr.n r3, [r0, #4]
lsls.n r3, r3, #2
adds.n r2, r2, r3
adds.n r2, #10
lsls.n r2, r2, #8
asrs.n r2, r2, #10
asrs.n r3, r2, #31
bics.n r2, r3
movs.n r3, #255
subs.n r2, r3, r2
asrs.n r3, r2, #31
bics.n r2, r3
movs.n r3, #255
subs.n r2, r3, r2
str.n r2, [r0, #8]
lsrs.n r2, r1, #24
ldr.n r3, [r0, #4]
adds.n r2, r2, r3
subs.n r2, #20
asrs.n r2, r2, #1
asrs.n r3, r2, #31
bics.n r2, r3
subs.n r2, #255
asrs.n r3, r2, #31
ands.n r2, r3
adds.n r2, #255
strb.n r2, [r0, #11]
bx lr
"""

CURVE = [int(k) for k in np.rint(127 * np.tanh(np.arange(-128, 128) / 40))]
TABLE = network_of(
    layer([[3, -2]], [10], Shift(np.array([2])), INT8, Activation.TANH, table=np.array(CURVE)),
    layer([[5]], [0]),
)
TABLE_LAYOUT = Layout({0: 0, 4: 1}, 1, 8, (8,), 4, 12)
TABLE_CONSTANTS = ".byte " + ", ".join(map(str, CURVE))
TABLE_TEXT = """
movw r1, #:lower16:C
movt r1, #:upper16:C
ldrb.w r2, [r0]
ldrb.w r3, [r0, #4]
add.w r2, r2, r2, lsl #1
sub.w r2, r2, r3, lsl #1
adds.n r2, #10
ssat r2, #8, r2, asr #2
adds.n r2, #128
ldrsb.w r2, [r1, r2]
add.w r2, r2, r2, lsl #2
str.w r2, [r0, #8]
bx lr
"""

PROGRAMS: Mapping[str, tuple[IntegerNetwork, Layout, str, str]] = {
    "pairs": (PAIRS, PAIRS_LAYOUT, PAIRS_TEXT, ""),
    "halves": (HALVES, HALVES_LAYOUT, HALVES_TEXT, HALVES_CONSTANTS),
    "short": (SHORT, SHORT_LAYOUT, SHORT_TEXT, ""),
    "table": (TABLE, TABLE_LAYOUT, TABLE_TEXT, TABLE_CONSTANTS),
}
_STRIDE = 5  # of the bits that are flipped; tests/kills.py searches further


@pytest.fixture(scope="module", params=PROGRAMS)
def right(request: pytest.FixtureRequest) -> tuple[Assembled, Sequence[str]]:
    network, layout, text, constants = PROGRAMS[request.param]
    lines = text.split("\n")[1:-1]
    return assembled({"right": lines}, network, layout, constants), lines


def test_a_right_program_is_proved(right: tuple[Assembled, Sequence[str]]):
    made, _ = right
    assert made.prove("right").problem == ""
    rows = samples(made.network, 30)
    assert made.run("right", rows) == run_integers(made.network, rows).tolist()


def test_no_program_without_one_of_its_lines_is_proved(right: tuple[Assembled, Sequence[str]]):
    made, lines = right
    copies = deletions(lines)
    constants = next(constants for network, _, _, constants in PROGRAMS.values() if network is made.network)
    wrong = assembled(copies, made.network, made.layout, constants)
    assert {name for name in copies if not wrong.prove(name).problem and not is_right(wrong, name)} == set()
    assert sum(not wrong.prove(name).problem for name in copies) <= 2


def test_no_program_with_another_bit_is_proved_that_computes_something_else(right: tuple[Assembled, Sequence[str]]):
    made, _ = right
    refused = 0
    for name in (".text", ".rodata"):
        section = made.image.section(name)
        for bit in range(0, 8 * section.size, _STRIDE):
            image = flip(made.image, section, section.address + bit // 8, bit % 8)
            try:
                copy = replace(made, image=image, program=decode_program(CORTEX_M4F_CORE, image))
            except ToolchainError:
                continue
            problem = copy.prove("right").problem
            refused += bool(problem)
            assert problem or is_right(copy, "right"), f"{name}, bit {bit}"
    assert refused > 80


def is_right(made: Assembled, entry: str) -> bool:
    """Whether a program gives the declared outputs in the emulator."""
    rows = samples(made.network, 24)
    try:
        return made.run(entry, rows) == run_integers(made.network, rows).tolist()
    except MachineError:
        return False


def problem(text: str, before: str, after: str, network: IntegerNetwork = PAIRS, **other: Any) -> str:
    """What the proof says of the program of pairs with one text changed to another."""
    assert before in text
    made = assembled({"f": text.replace(before, after, 1).split("\n")}, network, PAIRS_LAYOUT)
    call = replace(made.call("f"), **other)
    return prove_integers(made.program, made.image, call, network).problem


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("lsl #2", "lsl #3", "layer 0, neuron 0: its sum takes in 8 times input 0, not 4, last made at 0x080000"),
        ("add.w r3, r3, r1, lsl #1", "", "layer 1, neuron 0: its sum never takes in 2 times neuron 0"),
        ("#100", "#102", "layer 0, neuron 0: its bias, scaling or clamp is another, or its sum may leave its field"),
        ("usat r4, #8", "usat r4, #6", "layer 0, neuron 1: its bias, scaling or clamp is another"),
        ("sbfx r4, r4, #0, #24\nusat", "usat", "layer 0, neuron 1: its sum is never made"),
        ("str.w r4, [r0, #16]", "", "output 1 is never written"),
        ("str.w r3, [r0, #8]", "strb.w r3, [r0, #8]", "40000008, which was never written"),
        ("str.w r4, [r0, #16]", "str.w r4, [r0, #20]", "40000014, outside its memory"),
        ("str.w r3, [r0, #8]", "str.w r3, [r0, #4]", "40000004, outside its memory"),
        ("pop.w {r4, pc}", "pop.w {r3, pc}", "does not give back r4"),
        ("ldr.w r1, [r0, #8]", "ldr.w r1, [r4, #8]", "takes an address that depends on data"),
        ("movs.n r3, #7", "cmp r3, #7\nit eq\nmoveq r3, #7", "runs under a condition"),
        ("movs.n r3, #7", "cbz r3, next\nmovs.n r3, #7\nnext:", "runs under a condition"),
    ],
)
def test_what_is_wrong_is_said_in_words(before: str, after: str, said: str):
    assert said in problem(PAIRS_TEXT, before, after)


def test_bytes_between_inputs_are_not_taken_for_zeros_where_nobody_says_so():
    assert "which was never written" in problem(PAIRS_TEXT, "#100", "#100", zeros=())


def test_a_field_is_left_where_inputs_may_be_larger_than_it_holds():
    """2^14 x is a field of 24 bits with a sign while x is below 512."""
    heavy = network_of(layer([[1 << 14, 0, 0, 0]], [0]), ends=(0, 1000), stored=INT16)
    small = network_of(layer([[1 << 14, 0, 0, 0]], [0]), ends=(0, 511), stored=INT16)
    text = "ldr.w r1, [r0, #0]\nlsl.w r3, r1, #14\nsbfx r3, r3, #0, #24\nstr.w r3, [r0, #12]\nbx lr"
    layout = replace(PAIRS_LAYOUT, inputs={0: 0}, input_bytes=4, outputs=(12,))
    for network, sound in ((heavy, False), (small, True)):
        made = assembled({"f": text.split("\n")}, network, layout)
        assert (made.prove("f").problem == "") == sound
        assert is_right(made, "f") == sound


def test_zeros_that_the_next_call_counts_on_stay_zeros():
    network = network_of(layer([[1]], [0]))
    text = "ldr.w r1, [r0]\nstr.w r1, [r0, #4]\nstrb.w r1, [r0, #1]\nmovs r1, #0\nstrb.w r1, [r0, #2]\nbx lr"
    made = assembled({"f": text.split("\n")}, network, Layout({0: 0}, 1, 4, (4,), 4, 8))
    call = made.call("f", 0x4000_0000)
    own = tuple(tuple(replace(region, writable=True) for region in piece) for piece in call.pieces)
    found = prove_integers(made.program, made.image, replace(call, pieces=own), network).problem
    assert found == "leaves something at 0x40000001, which must stay zero"
    assert "40000001, outside its memory" in made.prove("f").problem
