"""Counted loops are proved from one execution of their bodies, right ones are accepted, all others are refused."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.errors import InvariantError
from armlet.prove.contract import Contract, Stencil, Tensor
from armlet.toolchain.toolchain import Toolchain
from loop_programs import CONSTANTS, PROGRAMS, Shape, convolution, fir, relu, weighted
from looped import Loaded, Looped, inputs

pytestmark = pytest.mark.usefixtures("each_toolchain")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_right_program_is_accepted_and_right_in_the_emulator(name: str):
    looped = PROGRAMS[name]()
    loaded = Loaded(looped, looped.link())
    assert loaded.prove().problem == ""
    assert loaded.holds_unrolled()
    assert all(loaded.agrees(x) for x in inputs(looped, 6))


def test_more_trips_make_no_more_terms():
    proofs = [Loaded(looped, looped.link()).prove() for looped in (fir(2), fir(20_000))]
    assert [proof.problem for proof in proofs] == ["", ""]
    assert proofs[0].roundings == proofs[1].roundings
    assert proofs[1].steps - proofs[0].steps == 19_998 * 14


def test_millions_of_instructions_are_proved_from_their_code():
    looped = convolution(Shape(rows=16, trips=16, channels=16, outputs=16))
    loaded = Loaded(looped, looped.link())
    proof = loaded.prove()
    assert (proof.problem, proof.steps > 2_000_000) == ("", True)
    assert all(loaded.agrees(x) for x in inputs(looped, 2))


BODY = "  vldr s5, [r0]\n"
HALF = "  movw r3, #0xfff0\n  movt r3, #0x7fff\n  add r0, r3\n"
WRONG = {  # what is put in place of what in three taps, and why it is refused
    "a trip less": ("#16", "#15", r"^never writes y\[15\]"),
    "a trip more": (
        "#16",
        "#17",
        r"^vstr .* at 0x[0-9a-f]+ goes to byte 64 of y, outside it, in trip 16 of the loop at",
    ),
    "no trip": ("#16", "#0", r"^bne .* at 0x[0-9a-f]+ counts from 0 in steps of -1, which never gives zero"),
    "steps that miss zero": ("subs r2, #1", "subs r2, #3", "counts from 16 in steps of -3, which never gives zero"),
    "counting up": ("subs r2, #1", "adds r2, #1", "counts from 16 in steps of 1, which never gives zero"),
    "counting twice": ("subs r2, #1", "sub.w r2, r2, #1\n  subs r2, #1", r"never writes y\[8\]: 8 declared cells"),
    "a stride too long": ("adds r0, #4", "adds r0, #8", "goes to byte 72 of x, outside it, in trip 9"),
    "a stride back": ("adds r0, #4", "subs r0, #4", "goes to byte -4 of x, outside it, in trip 1"),
    "no stride": ("adds r1, #4", "nop", r"writes y\[0\] more than once"),
    "half a word": ("adds r1, #4", "adds r1, #2", "which is not aligned, in trip 1"),
    "a base too far": (BODY, f"  add.w r0, r0, #4\n{BODY}", "outside it"),
    "an address that wraps": (BODY, f"{HALF}{BODY}", "too far from what the loop moves"),
    "an address half round": (BODY, f"  mov.w r3, #0x40000000\n  add r0, r3\n{BODY}", "outside it, in trip 0"),
    "a halo off by one": ("[r0, #8]", "[r0, #12]", "goes to byte 72 of x, outside it, in trip 15"),
    "another input": ("[r0, #8]", "[r0, #4]", r"writes another value than the declared one to y\[0\]"),
    "a write outside": ("  bx lr", "  str r3, [r1]\n  bx lr", "holds nothing"),
    "a word behind": ("  bx lr", "  vstr s1, [r1]\n  bx lr", "goes to byte 64 of y, outside it"),
    "written twice": ("  vstr s5, [r1]", "  vstr s5, [r1]\n  vstr s5, [r1]", r"writes y\[0\] for the second time"),
    "never written": ("  vstr s5, [r1]\n", "", r"never writes y\[0\]: 16 declared cells"),
    "read before written": (
        BODY,
        "  vldr s5, [r1]\n",
        r"vldr s5, \[r1\] at 0x[0-9a-f]+ reads y\[0\] before it is written",
    ),
    "an input overwritten": (BODY, f"{BODY}  vstr s5, [r0]\n", "writes x, which may only be read"),
    "a constant overwritten": (BODY, f"{BODY}  vstr s5, [r12]\n", "outside its memory"),
    "counting data": ("movw r2, #16", "ldr r2, [r0]", "reads r2, which nothing in this trip of the loop at"),
    "flags of data": ("subs r2, #1", "ldr r3, [r0]\n  adds r3, #0", "flags that tell of no counter"),
    "flags of an address": (
        "  adds r1, #4\n  subs r2, #1",
        "  subs r2, #1\n  adds r1, #4",
        "not start at a known number",
    ),
    "flags of before": ("  subs r2, #1\n", "", "flags that tell of a|counts what does not start at a known number"),
    "no flags": ("  subs r2, #1\n  bne 1b", "  bne 1b", "counts what does not start at a known number"),
    "other conditions": ("bne 1b", "bgt 1b", "runs under a condition"),
    "a body skipped": ("  vstr s5", "  bne 2f\n2:\n  vstr s5", "runs under a condition"),
    "a body skipped by bits": ("  vstr s5", "  cbz r2, 2f\n  nop\n2:\n  vstr s5", "runs under a condition"),
    "a condition jumped over": (
        "  vstr s5",
        "  b 5f\n  .inst.n 0xbfe8\n5:\n  adds r3, #1\n  vstr s5",
        "has an IT block",
    ),
    "a condition on data": ("  vstr s5", "  it ne\n  vmovne.f32 s5, s6\n  vstr s5", "has an IT block at 0x"),
    "an endless loop": ("bne 1b", "b 1b", "goes round in a loop"),
    "a loop left": ("  vstr s5, [r1]", "  vstr s5, [r1]\n  b 3f", "leaves the loop at 0x"),
    "a return inside": ("  vstr s5, [r1]", "  vstr s5, [r1]\n  bx lr", "returns out of a loop"),
    "a way in": ("1:\n", "  b 4f\n1:\n", "enters the loop at 0x[0-9a-f]+ in its middle"),
    "a float carried": (
        "vadd.f32 s5, s1, s5",
        "vadd.f32 s1, s1, s5",
        "reads s1, which nothing in this trip of the loop",
    ),
    "a word carried": ("  vstr s5", "  vmov s6, r3\n  vmov r3, s5\n  vstr s5", "reads r3, which nothing in this trip"),
    "carried in memory": (BODY, "  vldr s1, [sp, #-4]\n", "below the stack pointer"),
    "a preserved register": ("  vmul.f32 s5, s5, s2", "  vmov r4, s5\n  vmul.f32 s5, s5, s2", "does not give back r4"),
    "a preserved float": ("  vmul.f32 s5, s5, s2", "  vmov.f32 s16, s5\n  vmul.f32 s5, s5, s2", "not give back s16"),
    "pushing": ("  vstr s5", "  push {r2}\n  vstr s5", "moves the stack pointer in a loop"),
    "moving the stack pointer": ("  vstr s5", "  sub sp, #8\n  vstr s5", "moves the stack pointer in a loop"),
    "another value": (
        "vadd.f32 s5, s5, s7",
        "vsub.f32 s5, s5, s7",
        r"vstr s5, \[r1\] at 0x[0-9a-f]+ writes another value",
    ),
    "an address written": ("  vstr s5, [r1]", "  str r0, [r1]", r"writes what depends on a pointer to y\[0\]"),
    "a register of the caller's": ("  vstr s5, [r1]", "  str r4, [r1]", r"writes what depends on a register to y\[0\]"),
    "left by a loop": ("  bx lr", "  vmov.f32 s0, s5\n  bx lr", "reads s5, which holds what the loop at 0x"),
}


@pytest.fixture(scope="module")
def taps(each_toolchain: Toolchain) -> Looped:
    looped = fir()
    return replace(looped, code=looped.code.replace("  vldr s6", "4:\n  vldr s6").replace("  bx lr", "3:\n  bx lr"))


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_program_is_refused_for_the_right_reason(what: str, taps: Looped):
    old, new, reason = WRONG[what]
    problem = Loaded(taps, taps.link([(old, new)])).prove().problem
    assert re.search(reason, problem), problem
    assert re.search(r" at 0x0800[0-9a-f]{4}|^never writes y|^does not give back", problem), problem


LOOPS = {  # the same of two loops, of loops inside each other, and of constants that are streamed
    "the second too early": ("two loops", "movs r3, #10", "movs r3, #9", r"never writes t\[9\]"),
    "the second reads on": ("two loops", "vldr s7, [r1, #8]", "vldr s7, [r1, #12]", "goes to byte 40 of t, outside it"),
    "rows too few": ("convolution", "movs r6, #4", "movs r6, #3", r"never writes y\[15\]"),
    "columns too few": ("convolution", "movs r7, #5", "movs r7, #4", r"never writes y\[16\]"),
    "columns too many": (
        "convolution",
        "movs r7, #5",
        "movs r7, #6",
        r"writes y\[20\] for the sec|goes to byte \d+ of y",
    ),
    "no way down": (
        "convolution",
        "add r0, #8",
        "nop",
        r"makes y\[5\] of x\[5\], which vldr s3, \[r0\] at 0x[0-9a-f]+ reads, in trip 0 of the .*, trip 1 of",
    ),
    "weights not reset": ("convolution", "mov r3, r12", "nop", "reads r3, which nothing in this trip"),
    "weights reset outside": ("convolution", "2:\n  mov r3, r12", "  mov r3, r12\n2:", "outside it, in trip 1"),
    "a counter not reset": (
        "convolution",
        "1:\n  movs r7, #5",
        "  movs r7, #5\n1:\n  nop",
        "does not start at a known number",
    ),
    "one counter for both": ("convolution", "subs r6, #1", "subs r7, #1", "counts what does not start|no counter"),
    "a weight left out": ("streamed", "  vldmia r12!, {s0-s1}", "  vldmia r12!, {s0}\n  vldmia r12!, {s1}", "^$"),
    "weights one on": ("streamed", "1:\n", "  add r12, #4\n1:\n", "of constants, outside it|another value|of no cell"),
    "weights standing": (
        "streamed",
        "r12!, {s0-s1}",
        "r12, {s0-s1}",
        r"writes another value than the declared one to y",
    ),
    "the stack written": ("streamed", "1:\n", "  sub sp, #8\n1:\n  ldr r4, [sp]\n", "never written"),
}


@pytest.mark.parametrize("what", LOOPS)
def test_a_wrong_nest_is_refused_for_the_right_reason(what: str):
    name, old, new, reason = LOOPS[what]
    looped = PROGRAMS[name]()
    problem = Loaded(looped, looped.link([(old, new)])).prove().problem
    assert re.search(reason, problem), problem


def test_a_program_without_a_loop_is_the_case_of_one_trip():
    code = f"{CONSTANTS}  vldr s0, [r12]\n  vldr s1, [r0]\n  vadd.f32 s1, s1, s0\n  vstr s1, [r1]\n  bx lr\n"

    def stencils(c: Contract) -> list[Stencil]:
        return [Stencil("y", lambda t, o: t.add(o[0], t.constant(0x40000000)), np.arange(1), c.cells("x", [[0]]))]

    looped = Looped(code, {"x": 1, "y": 1}, stencils, lambda x: {"y": x + np.float32(2)}, (2.0,))
    proof = Loaded(looped, looped.link()).prove()
    assert (proof.problem, proof.steps, proof.late) == ("", 7, "")


def test_tensors_may_share_a_piece_of_memory_and_may_not_overlap():
    looped = fir()
    contract = looped.contract
    whole = contract.stencils[0]
    halves = Contract((contract.tensors[0], Tensor("a", 8, False), Tensor("b", 8, False)), ())
    parts = [Stencil("a", whole.value, whole.cells[:8], whole.operands[:, :8])]
    parts += [Stencil("b", whole.value, whole.cells[:8], whole.operands[:, 8:])]
    halves = Contract(halves.tensors, tuple(parts))
    loaded = Loaded(looped, looped.link())
    call = loaded.call()
    for offset, problem in ((32, ""), (28, "b does not lie in y, or lies over another tensor there")):
        places = {"x": ("x", 0), "a": ("y", 0), "b": ("y", offset)}
        assert loaded.prove(halves, replace(call, places=places)).problem == problem
    swapped = replace(call, places={"x": ("x", 0), "a": ("y", 32), "b": ("y", 0)})
    assert "makes a[0] of x[8], which vldr s5, [r0] at" in loaded.prove(halves, swapped).problem


def test_areas_that_overlap_are_no_call():
    looped = fir()
    call = Loaded(looped, looped.link()).call()
    x = next(area for area in call.areas if area.what == "x")
    with pytest.raises(InvariantError, match="x and y overlap"):
        replace(call, areas=tuple(replace(x, what="y") if area.what == "y" else area for area in call.areas))


def test_a_function_with_a_loop_may_be_called_and_a_loop_may_call_nothing():
    looped = relu()
    head = ".global g\n.type g, %function\n.p2align 2\n.thumb_func\ng:\n"
    caller = f"  push {{r4, lr}}\n  bl g\n  pop {{r4, pc}}\n.size f, . - f\n{head}"
    called = replace(looped, code=f"{caller}{looped.code}.size g, . - g\n")
    loaded = Loaded(called, called.link())
    assert loaded.prove().problem == ""
    assert loaded.agrees(inputs(called, 1)[0])
    within = replace(called, code=called.code.replace("  ldr r3", "  bl f\n  ldr r3", 1))
    assert "leaves the loop at" in Loaded(within, within.link()).prove().problem


def test_what_is_declared_must_make_sense():
    x, y = Tensor("x", 4, True), Tensor("y", 4, False)
    value, cells = weighted(0, (1,)), np.arange(4)
    table = cells[None]
    for tensors, stencils in (
        ((x, x), ()),
        ((x, y), (Stencil("x", value, cells, table),)),
        ((x, y), (Stencil("y", value, cells + 1, table),)),
        ((x, y), (Stencil("y", value, cells, table + 6),)),
        ((x, y), (Stencil("y", value, cells, table[:, :2]),)),
        ((x, y), (Stencil("y", value, cells // 2, table),)),
        ((x, y), (Stencil("y", value, cells, table), Stencil("y", value, cells[:1], table[:, :1]))),
    ):
        with pytest.raises(InvariantError):
            Contract(tensors, stencils)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("  nop\n", "takes more than 4,294,967,296 instructions"),
        ("  vldr s0, [r0]\n", "accesses memory more than 16,777,216 times"),
    ],
)
def test_a_program_that_would_take_for_ever_is_refused_at_once(code: str, reason: str):
    most = 0xFFFF if "nop" in code else 4096
    code = f"  movw r2, #{most}\n1:\n  movw r3, #{most}\n2:\n  movw r12, #{most if 'nop' in code else 2}\n3:\n{code}"
    for k, counter in ((3, "r12"), (2, "r3"), (1, "r2")):
        code += f"  subs {counter}, {counter}, #1\n  bne {k}b\n"
    looped = replace(fir(), code=f"{code}  bx lr\n")
    assert reason in Loaded(looped, looped.link()).prove().problem


def test_more_loops_inside_each_other_than_sense_are_refused():
    code = "".join(f"  movs r2, #1\n{k}:\n" for k in range(9)) + "".join(f"  bne {k}b\n" for k in reversed(range(9)))
    looped = replace(fir(), code=f"{code}  bx lr\n")
    assert "is one of more than 8 inside each other" in Loaded(looped, looped.link()).prove().problem


SPILLS = """
  push {r0-r3}
  movs r2, #4
1:
  ldr r3, [sp]
  vldr s0, [r3]
  vmov r3, s0
  str r3, [sp, #8]
  ldr r3, [sp, #8]
  vmov s1, r3
  vstmia r1!, {s1}
  subs r2, #1
  bne 1b
  add sp, #16
  bx lr
"""


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("", "", "^$"),  # a pointer of before the loop, and a word that is written and read in one trip
        ("  str r3, [sp, #8]\n  ldr r3, [sp, #8]", "  ldr r3, [sp, #8]\n  str r3, [sp, #8]", "carried between trips"),
        ("  str r3, [sp, #8]", "  str r3, [sp]", "str r3, .* at 0x[0-9a-f]+ writes .*, which the loop reads before"),
        ("  add sp, #16", "  ldr r3, [sp, #8]\n  add sp, #16", "which holds what a loop left there"),
        ("  add sp, #16", "  add sp, #12", "does not give back sp"),
        ("  str r3, [sp, #8]", "  str r3, [sp, #16]", "outside its memory"),
        (
            "1:",
            "  mov r12, sp\n1:\n  add r12, r12, #4\n  ldr r3, [r12]",
            "holds no tensor by an address that a loop moves",
        ),
    ],
)
def test_words_of_the_stack_do_not_carry_values_from_trip_to_trip(old: str, new: str, reason: str):
    def stencils(c: Contract) -> list[Stencil]:
        return [Stencil("y", lambda t, o: o[0], np.arange(4), c.cells("x", [[0, 0, 0, 0]]))]

    code = SPILLS.replace("{r0-r3}", "{r0, r1, r4, r5}")
    looped = Looped(code, {"x": 1, "y": 4}, stencils, lambda x: {"y": np.repeat(x, 4)})
    loaded = Loaded(looped, looped.link([(old, new)]))
    assert re.search(reason, loaded.prove().problem), loaded.prove().problem
    assert reason != "^$" or loaded.agrees(np.array([3], np.float32))


SHAPES = st.builds(
    Shape,
    rows=st.integers(1, 4),
    trips=st.integers(1, 4),
    positions=st.integers(1, 2),
    height=st.integers(1, 3),
    width=st.integers(1, 3),
    channels=st.integers(1, 2),
    outputs=st.integers(1, 2),
    stride=st.integers(1, 2),
    slack=st.integers(0, 2),
    relu=st.booleans(),
    seed=st.integers(0, 99),
)


@settings(max_examples=20)
@given(SHAPES, st.data())
def test_any_convolution_is_accepted_and_none_with_another_number_in_it(shape: Shape, data: st.DataObject):
    looped = convolution(shape)
    loaded = Loaded(looped, looped.link())
    assert loaded.prove().problem == ""
    assert loaded.holds_unrolled()
    assert all(loaded.agrees(x) for x in inputs(looped, 2, shape.seed))
    found = data.draw(st.sampled_from(list(re.finditer(r"(mov\w r\d, #|\[r\d, #)(\d+)", looped.code))))
    step = 1 if found[1].startswith("mov") else 4
    other = int(found[2]) + data.draw(st.sampled_from((step, -step) if int(found[2]) else (step,)))
    wrong = replace(looped, code=f"{looped.code[: found.start(2)]}{other}{looped.code[found.end(2) :]}")
    assert Loaded(wrong, wrong.link()).prove().problem
