"""Every target for integers sits the same examination: each template's result, bytes and cycles, in the emulator."""

import functools
from dataclasses import replace

import pytest

from armlet.errors import TargetError, ToolchainError
from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.integer_target import IntegerTarget, IntegerTemplate
from armlet.isa.targets import INTEGER_TARGETS
from armlet.isa.thumb.integer.cortex_m0plus_core import CORTEX_M0PLUS_CORE
from armlet.isa.thumb.thumb import THUMB
from armlet.simulate.cycles import step_cycles
from armlet.simulate.decoded import decode_program
from armlet.simulate.machine import Machine
from armlet.simulate.watch import trace_call
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import find_toolchain, toolchains
from emulated import INTEGER_HEAD
from integer_cases import MODIFIED, SIZE, Case, after, cases, files, reachable, source

TOOLS = {type(tools).__name__: tools for tools in toolchains()}
each_target = pytest.mark.parametrize("target", list(INTEGER_TARGETS.values()), ids=list(INTEGER_TARGETS))
each_toolchain = pytest.mark.parametrize("tools", list(TOOLS))
PLACE = 0x2800_0000


@functools.cache
def machine(tools: str, name: str) -> Machine:
    target, made_by = INTEGER_TARGETS[name], TOOLS[tools]
    made = made_by.assemble(source(target, cases(target)), target.core)
    core = Machine(target.core, read_image(made_by.link([made], target.core, "f_0"), THUMB))
    core.reserve(SIZE)
    return core


def examined(target: IntegerTarget) -> list[Case]:
    return [case for case in cases(target) if case.op is not Op.ADDRESS and reachable(case)]


@each_toolchain
@each_target
def test_every_template_gives_what_the_operation_says(tools: str, target: IntegerTarget):
    core = machine(tools, target.name)
    for case in examined(target):
        for before in files(case, PLACE, case.number, 6):
            core.write(PLACE, before)
            core.call(f"f_{case.number}", (PLACE,))
            assert core.read(PLACE, SIZE) == after(case, before, PLACE), case.text(target)


@each_toolchain
@each_target
def test_every_template_takes_the_bytes_that_it_says(tools: str, target: IntegerTarget):
    image = machine(tools, target.name).image
    for case in cases(target):
        size = image.address(f"to_{case.number}") - image.address(f"from_{case.number}")
        assert size == case.form.size, case.text(target)


@each_target
def test_every_template_takes_the_cycles_that_the_manual_says(target: IntegerTarget):
    core = machine(next(iter(TOOLS)), target.name)
    program = decode_program(core.core, core.image)
    for case in cases(target):
        if reachable(case):
            core.write(PLACE, next(files(case, PLACE, 0, 1)))
            trace = trace_call(core, f"f_{case.number}", (PLACE,), program=program)
            inside = (trace.address >= core.image.address(f"from_{case.number}")) & (
                trace.address < core.image.address(f"to_{case.number}")
            )
            template = case.form
            counted = step_cycles(trace, target.cycles)[inside].sum()
            assert counted == template.cycles + template.each * case.line.list.bit_count(), case.text(target)


@each_target
def test_the_address_of_a_symbol_is_filled_in(target: IntegerTarget):
    core = machine(next(iter(TOOLS)), target.name)
    for case in cases(target):
        if case.op is Op.ADDRESS:
            core.call(f"f_{case.number}", (PLACE,))
            found = core.read(PLACE + 4 * case.line.d, 4)
            assert int.from_bytes(found, "little") == core.image.address("somewhere")


@each_target
def test_numbers_beyond_a_field_are_refused_by_the_assembler(target: IntegerTarget):
    tools = find_toolchain()
    for op, template in target.forms():
        for field, holds in (("number", template.numbers), ("by", template.shifts)):
            if not holds or op in MODIFIED:
                continue
            inside = {"d": "r1", "a": "r2", "b": "r3", "number": (*template.numbers, 0)[0],
                      "by": (*template.shifts, 0)[0], "label": "f"}  # fmt: skip
            text = template.text.format(**{**inside, field: holds.stop})
            with pytest.raises(ToolchainError):
                tools.assemble("\n".join([*target.header, ".text", text, ""]), target.core)


@each_target
def test_tables_that_contradict_themselves_do_not_load(target: IntegerTarget):
    known = target.templates
    with pytest.raises(TargetError, match="wants"):
        replace(target, templates={**known, Op.ADD: IntegerTemplate("add {d}, {a}", 2, 1)})
    with pytest.raises(TargetError, match="no room or no time"):
        replace(target, templates={**known, Op.MOVE: replace(known[Op.MOVE], size=0)})
    with pytest.raises(TargetError, match="no such operand"):
        replace(target, templates={**known, Op.MOVE: replace(known[Op.MOVE], low=frozenset("b"))})
    with pytest.raises(TargetError, match="no field"):
        replace(target, templates={**known, Op.MOVE: replace(known[Op.MOVE], numbers=range(4))})
    with pytest.raises(TargetError, match="not shorter"):
        replace(target, templates={**known, Op.MOVE: replace(known[Op.MOVE], short=known[Op.MOVE])})
    with pytest.raises(TargetError, match="two jobs"):
        replace(target, base=target.free[0])
    with pytest.raises(TargetError, match="nowhere else"):
        replace(target, preserved=(*target.preserved, 13))
    with pytest.raises(TargetError, match="entry or exit"):
        replace(target, enter="push {{{what}}}")


THUMB_2 = (
    "movw r1, #1", "addw r1, r2, #4", "add.w r1, r2, r3", "add r1, r2, r3, lsl #2", "ldr.w r1, [r2, #4]",
    "mla r1, r2, r3, r1", "usat r1, #8, r2", "ubfx r1, r2, #0, #8", "cbz r1, 1f\nnop\n1:", "it eq\nmoveq r1, r2",
    "ldmia.w r1!, {r2, r8}", "push.w {r4, r8}", "sdiv r1, r2, r3", "b.w 1f\n1:", "beq.w 1f\n1:",
    "smlad r1, r2, r3, r1", "bic r1, r2, #3", "clz r1, r2",
)  # fmt: skip


@pytest.mark.parametrize("text", THUMB_2)
def test_a_cortex_m0plus_has_nothing_of_thumb_2(text: str):
    for tools in TOOLS.values():
        with pytest.raises(ToolchainError):
            tools.assemble(f"{INTEGER_HEAD}{text}\nbx lr\n", CORTEX_M0PLUS_CORE)
    larger = INTEGER_TARGETS["cortex-m4"].core
    made = TOOLS[next(iter(TOOLS))].assemble(f"{INTEGER_HEAD}{text}\nbx lr\n", larger)
    image = read_image(find_toolchain().link([made], larger, "f"), THUMB)
    decode_program(larger, image)
    with pytest.raises(ToolchainError, match="no instruction of cortex-m0plus"):
        decode_program(CORTEX_M0PLUS_CORE, image)


def test_a_cortex_m0plus_has_six_long_instructions():
    body = "bl f\ndmb\ndsb\nisb\nmrs r1, primask\nmsr primask, r1\nbx lr\n"
    made = find_toolchain().assemble(INTEGER_HEAD + body, CORTEX_M0PLUS_CORE)
    decode_program(CORTEX_M0PLUS_CORE, read_image(find_toolchain().link([made], CORTEX_M0PLUS_CORE, "f"), THUMB))


@pytest.mark.parametrize("code", ["00c0", "00c8", "00b4", "00bc", "03c1"])
def test_lists_that_the_architecture_leaves_open_are_refused(code: str):
    """STM, LDM, PUSH, POP of nothing; STM of its base behind another register."""
    with pytest.raises(ToolchainError, match=r"unpredictable|no instruction"):
        list(CORTEX_M0PLUS_CORE.decoder().decode(bytes.fromhex(code), 0))
