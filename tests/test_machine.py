"""The machine that judges: tools, image, emulator and the trace that all figures come from."""

import struct
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import unicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.arithmetic.float32 import FLOAT32, FLOAT32_FUSED
from armlet.errors import TargetError, ToolchainError
from armlet.isa.core import Memory
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.thumb import THUMB
from armlet.simulate.decoded import decode_program
from armlet.simulate.machine import STACK, Machine, MachineError
from armlet.simulate.trace import REGIONS, Region
from armlet.simulate.watch import trace_call
from armlet.simulate.watchdog import Watchdog
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import find_toolchain
from emulated import HEAD, machine


@pytest.fixture(scope="module")
def adders() -> Machine:
    """Entry f: out = a + b * c, separate roundings; the words lie at r0, the result goes to r1."""
    return machine(
        "vldmia r0, {s0-s2}\nvmul.f32 s3, s1, s2\nvadd.f32 s3, s0, s3\nvfma.f32 s0, s1, s2\n"
        "vstr s3, [r1]\nvstr s0, [r1, #4]\nbx lr\n"
    )


WORDS = st.integers(0, (1 << 32) - 1) | st.sampled_from(
    [0, 1, 0x80000000, 0x80000001, 0x007FFFFF, 0x7F7FFFFF, 0x3F800000]
)


@settings(max_examples=200, deadline=None)
@given(st.tuples(WORDS, WORDS, WORDS))
def test_the_emulated_unit_computes_as_the_float32_contract_says(adders: Machine, words: tuple[int, int, int]):
    a, b, c = np.array(words, np.uint32).view(np.float32).reshape(3, 1)
    place = 0x2800_0000
    adders.write(place, struct.pack("<3I", *words))
    adders.call("f", (place, place + 64))
    for at, how in ((0, FLOAT32), (4, FLOAT32_FUSED)):
        wanted = how.accumulate(how.numbers, a, b, c)
        found = adders.read_floats(place + 64 + at, 1)
        assert np.array_equal(np.isnan(wanted), np.isnan(found))
        if not np.isnan(wanted[0]):
            assert wanted.tobytes() == found.tobytes(), (a, b, c, how)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("movs r0, #0\nldr r0, [r0]\nbx lr\n", "faults at"),
        ("movw r0, #0\nmovt r0, #0x0800\nstr r0, [r0]\nbx lr\n", "faults at"),
        ("movs r4, #0\nbx lr\n", "without giving back r4"),
        ("vmov.f32 s16, #1.0\nbx lr\n", "without giving back s16"),
        ("sub sp, #8\nbx lr\n", "without giving back sp"),
        ("b f\n", "does not return"),
        ("movs r0, #0\nbx r0\n", "f "),
    ],
)
def test_a_program_that_misbehaves_is_caught_and_named(body: str, says: str):
    with pytest.raises(MachineError, match=says):
        machine(body).call("f", seconds=0.3)


def test_the_stack_has_nothing_mapped_below_it():
    with pytest.raises(MachineError, match="faults"):
        machine(f"sub sp, #{STACK.size}\npush {{r0}}\nbx lr\n").call("f")


CONDITIONAL = """\
mov r2, #20
1: vldr s0, [r0]
vcmp.f32 s0, #0
vmrs APSR_nzcv, fpscr
itte gt
vldrgt s1, [r0, #4]
vmovgt.f32 s2, s1
vstrle s0, [r1]
add r0, #4
subs r2, #1
bne 1b
push {r4-r7}
vpush {d8-d9}
vpop {d8-d9}
ldrd r4, r5, [sp]
pop {r4-r7}
bx lr
"""


def _every_instruction(body: str, arguments: tuple[int, ...], inputs: np.ndarray) -> list[int]:
    """The slow way: one hook an instruction. It does not see those that their condition skips."""
    plain, seen = machine(body), []
    plain.write_floats(arguments[0], inputs)
    plain.unicorn.hook_add(unicorn.UC_HOOK_CODE, lambda _, address, __, ___: seen.append(address))
    plain.call("f", arguments)
    return [address for address in seen if address < 0x1000_0000]


def test_the_trace_by_blocks_is_the_trace_by_instructions():
    inputs = np.random.default_rng(3).standard_normal(64).astype(np.float32)
    arguments = (0x2800_0000, 0x2800_1000)
    watched = machine(CONDITIONAL)
    watched.write_floats(arguments[0], inputs)
    trace = trace_call(watched, "f", arguments)
    slow = _every_instruction(CONDITIONAL, arguments, inputs)
    conditional = {"vldrgt", "vmovgt.f32", "vstrle"}
    always = np.array([form.text.split()[0] not in conditional for form in trace.forms])[trace.form]
    skipping = {address for address, fixed in zip(trace.address.tolist(), always) if not fixed}
    assert trace.address[always].tolist() == [address for address in slow if address not in skipping]
    positive = int((inputs[:20] > 0).sum())
    assert 0 < positive < 20
    assert int(trace.skipped.sum()) == 20  # each pass skips either the load or the store
    assert trace.moves(Region.ACTIVATION, store=True) == 20 - positive
    assert trace.moves(Region.ACTIVATION, store=False) == 20 + positive
    assert (trace.moves(Region.STACK, store=True), trace.moves(Region.STACK, store=False)) == (8, 10)
    assert trace.stack_bytes == 32


BLOCKS = [
    "it gt\nvldrgt s1, [r0, #4]",
    "itt le\nvldrle s1, [r0]\nstrle r2, [r1]",
    "ite gt\nldrgt r3, [r0]\nvstrle s0, [r1]",
]
BLOCKS += ["itete mi\nvldrmi s0, [r0]\nvldrpl s1, [r0, #4]\nldrmi r3, [r0]\nmovpl r3, #9", "it ne\nvmovne.f32 s2, s1"]


@pytest.mark.parametrize("block", BLOCKS)
def test_watching_changes_nothing(block: str):
    """Unicorn's own hooks disturb IT blocks; ours must not."""
    loop = f"1: vldr s0, [r0]\nvcmp.f32 s0, #0\nvmrs APSR_nzcv, fpscr\n{block}\nadd r0, #4\nsubs r2, #1\nbne 1b\n"
    body = f"mov r2, #9\nmov r3, #0\n{loop}push {{r4-r7}}\nvpush {{d8-d9}}\nvpop {{d8-d9}}\npop {{r4-r7}}\nbx lr\n"
    left: list[tuple[object, ...]] = []
    for watched in (False, True):
        core = machine(body)
        core.write_floats(0x2800_0000, [1, -1, 0, -0.0, 2, 3, -4, -5, 6, 7])
        if watched:
            trace_call(core, "f", (0x2800_0000, 0x2800_1000))
        else:
            core.call("f", (0x2800_0000, 0x2800_1000))
        registers = [core.register(name) for name in ("r0", "r1", "r2", "r3", "s0", "s1", "s2")]
        left.append((registers, core.read(0x2800_0000, 8192)))
    assert left[0] == left[1]


def test_each_access_belongs_to_the_instruction_that_makes_it():
    body = "vldmia r0!, {s0-s3}\nvadd.f32 s0, s0, s1\nstr r2, [r1]\nldrb r3, [r0]\nvstmia r1!, {s0-s1}\nbx lr\n"
    trace = trace_call(machine(body), "f", (0x2800_0000, 0x2800_1000))
    owners = [trace.forms[form].name for form in trace.form[trace.access_step]]
    assert owners == ["vldmia"] * 4 + ["str", "ldrb"] + ["vstmia"] * 2
    assert trace.access_store.tolist() == [False] * 4 + [True, False, True, True]
    assert trace.access_size.tolist() == [4, 4, 4, 4, 4, 1, 4, 4]
    assert {REGIONS[region] for region in trace.access_region} == {Region.ACTIVATION}


def test_literals_between_instructions_are_not_decoded():
    text = machine("ldr r0, 1f\nb 2f\n.p2align 2\n1: .word 0xFFFFFFFF\n.word 0xDEADBEEF\n2: bx lr\n")
    names = [form.name for form in decode_program(text.core, text.image).forms]
    assert [name for name in names if name != "hint"] == ["ldr", "b", "bx"]  # GNU as fills the last word with NOP


@pytest.mark.parametrize("line", ["vadd.f64 d0, d0, d1", "vmaxnm.f32 s0, s1, s2", "not an instruction", "ldr r0, [r1"])
def test_the_assembler_refuses_what_the_core_does_not_have(line: str):
    with pytest.raises(ToolchainError) as refused:
        find_toolchain().assemble(HEAD + line + "\n", CORTEX_M4F_CORE)
    assert "\n" not in str(refused.value)
    assert "error" in str(refused.value).lower()


def test_tools_work_without_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    monkeypatch.setenv("HOME", str(home))
    text = "float f(float x) { return x * 2; }\n"
    tools = find_toolchain()
    image = read_image(tools.link([tools.compile_c(text, CORTEX_M4F_CORE)], CORTEX_M4F_CORE, "f"), THUMB)
    assert image.code_bytes > 0
    assert not list(home.iterdir())
    assert any(character.isdigit() for character in tools.describe())


def test_a_program_without_its_parts_does_not_link():
    tools = find_toolchain()
    text = tools.compile_c("float g(float); float f(float x) { return g(x) + 1; }\n", CORTEX_M4F_CORE)
    with pytest.raises(ToolchainError, match="g"):
        tools.link([text], CORTEX_M4F_CORE, "f")


def test_a_compiler_that_takes_too_long_is_stopped_with_all_it_started():
    slow = (
        "float f(const float *x) { float s = 0;\n"
        + "".join(f"s += x[{i}] * {i}.5f;\n" for i in range(30000))
        + "return s; }\n"
    )
    begin = time.monotonic()
    with pytest.raises(ToolchainError, match=r"did not finish within 0\.2 s"):
        find_toolchain().compile_c(slow, CORTEX_M4F_CORE, seconds=0.2)
    assert time.monotonic() - begin < 10  # it waits for the pipes of everything that was started


def test_an_image_counts_code_constants_and_variables():
    tools = find_toolchain()
    text = "static const float w[5] = {1, 2, 3, 4, 5}; static float kept[3]; float scale = 2;\n"
    text += "float f(int i, float x) { kept[i] += x; return w[i] * kept[i] * scale; }\n"
    image = read_image(tools.link([tools.compile_c(text, CORTEX_M4F_CORE)], CORTEX_M4F_CORE, "f"), THUMB)
    assert (image.constant_bytes, image.ram_bytes) == (20, 16)
    assert image.flash_bytes == image.code_bytes + 20 + 4


@given(st.binary(max_size=200))
@settings(max_examples=50)
def test_bytes_that_are_no_elf_are_refused_in_one_line(data: bytes):
    with pytest.raises(ToolchainError):
        read_image(b"\x7fELF" + data, THUMB)


def test_a_core_that_contradicts_itself_is_refused():
    for change in (
        {"name": "Cortex M"},
        {"scratch": ("r4",)},
        {"ram": Memory(0x0800_0000, 4096)},
        {"flash": Memory(0, 0)},
    ):
        with pytest.raises(TargetError):
            replace(CORTEX_M4F_CORE, **change)


@pytest.mark.parametrize(("waits", "stops"), [(True, 0), (False, 1)])
def test_a_call_that_waits_for_the_processor_is_not_stopped(waits: bool, stops: int):
    stopped, begin = list[int](), time.process_time()
    with Watchdog().limit(0.1, lambda: stopped.append(1)):
        if waits:
            time.sleep(0.5)
        while not waits and time.process_time() - begin < 0.5:
            pass
    assert len(stopped) == stops
