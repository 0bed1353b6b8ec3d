"""Programs and images that a hostile or a wrong compiler could hand in: each is refused, and for the right reason."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from armlet.build.read import Build, read_build
from armlet.errors import InputError, ToolchainError
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE as CORE
from armlet.isa.thumb.thumb import THUMB
from armlet.mutate.mutants import Change, changed
from armlet.prove.prove import prove
from armlet.simulate.decoded import decode_program
from armlet.simulate.machine import BUFFERS
from armlet.simulate.runner import Runner
from armlet.toolchain.image import Image, read_image
from armlet.toolchain.toolchain import Toolchain, find_toolchain
from armlet.verify.verify import verify_build
from generators.builds import QUICK, broken, compiled
from generators.perceptrons import small_network

pytestmark = pytest.mark.usefixtures("each_toolchain")

BLOCK = BUFFERS.base + 0x2040  # where the emulator happens to put the input block
FIRST = {  # what stands in place of the first instructions of net_core, and why it is refused
    "mov sp, r0": "out of the stack that is declared",
    "sub sp, #400": "out of the stack that is declared",
    "movw r3, #0x2000; mov sp, r3": "out of the stack that is declared",
    "vmsr fpscr, r0": "unknown to the prover",
    "vmrs r3, fpscr": "unknown to the prover",
    "it eq; vmoveq r4, s0": "under a condition",
    ".inst.n 0xb110": "under a condition",  # cbz r0, 8 bytes on
    ".inst.w 0xf000b801": "where no instruction is",  # b.w into the middle of the next one
    "b .": "goes round in a loop",
    "ldr.w r3, [r0, #2]": "not aligned",
    "vldr s0, [r0, #-4]": "outside its memory",
    "ldrb r3, [r0]": "unknown to the prover",
    "ldrd r2, r3, [r0]": "unknown to the prover",
    "strex r3, r2, [r0]": "unknown to the prover",
    "ldr.w pc, [r0]": "no known Thumb code",
    "blx r0": "unknown to the prover",
    "bx r0": "no known Thumb code",
    "push {r3}": "holds nothing",
    "vstr s0, [r0]": "holds nothing",
    "ldr r3, [sp, #-4]": "below the stack pointer",
    "str r0, [sp, #-4]": "below the stack pointer",
    "push {r0}; ldr r3, [sp], #4; ldr r3, [sp, #-4]": "below the stack pointer",
    "svc #0": "unknown to the prover",
    "bkpt #0": "unknown to the prover",
    "cpsid i": "unknown to the prover",
    "movt r0, #0x2800": "where memory lies",
    "sub.w r3, r0, r0": "to an address",
    "add.w r3, r0, r0": "to an address",
    "mul r3, r0, r0": "unknown to the prover",
    "add.w r3, r0, r0, lsl #2": "unknown to the prover",
    "movw r3, #0x100; movt r3, #0x800; str r4, [r3]": "outside its memory",
    f"movw r3, #{BLOCK & 0xFFFF}; movt r3, #{BLOCK >> 16}; ldr r3, [r3]": "outside its memory",
    "movw r3, #0xfffc; movt r3, #0x3000; str r4, [r3]": "outside its memory",
    "movw lr, #1; movt lr, #0x3f00; bx lr": "no known Thumb code",
    # What no assembler writes: lists without registers, past the last one, of an odd half, with two ways back.
    ".inst.w 0xecb00a00": "unpredictable|no instruction",
    ".inst.w 0xecf0fa04": "unpredictable|no instruction",
    ".inst.w 0xeca00a00": "unpredictable|no instruction",
    ".inst.w 0xe8a00002": "unpredictable|no instruction",
    ".inst.w 0xe92d0008": "unpredictable|no instruction",
    ".inst.w 0xedd00b00": "writes s32|no instruction",
    ".inst.w 0xecb00b03": "unknown to the prover|no instruction",
    ".inst.w 0xe8bdc000": "unpredictable|no instruction",
    ".inst.w 0xe8bd2008": "unpredictable|no instruction|must be zero",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(small_network(), tmp_path_factory.mktemp("adversary"), replace(QUICK, registers=5))


def _elf(assembly: str) -> bytes:
    tools = find_toolchain()
    return tools.link([tools.assemble(assembly, CORE)], CORE, "net_run")


@pytest.fixture(scope="module")
def elf(each_toolchain: Toolchain, folder: Path) -> bytes:
    return _elf(read_build(folder).assembly)


@pytest.fixture(scope="module")
def codes(each_toolchain: Toolchain, folder: Path) -> dict[str, bytes]:
    """The bytes of each of `FIRST`, assembled at one go behind the program that it is meant for."""
    text = [read_build(folder).assembly, '.section .text.zz, "ax", %progbits']
    for k, lines in enumerate(FIRST):
        text += ["  .p2align 2", f"  .global c{k}", f"c{k}:", *lines.split("; "), f"  .global d{k}", f"d{k}:", "  nop"]
    image = read_image(_elf("\n".join(text) + "\n"), THUMB)
    content, base = image.section(".text").content, image.section(".text").address
    return {
        lines: content[image.address(f"c{k}") - base : image.address(f"d{k}") - base] for k, lines in enumerate(FIRST)
    }


def refusal(build: Build, image: Image, entry: str = "net_core") -> str:
    try:
        return prove(Runner(build, image), decode_program(CORE, image), entry).problem
    except ToolchainError as refused:
        return str(refused)


@pytest.mark.parametrize("lines", FIRST)
def test_an_instruction_that_no_sound_program_has_is_refused(
    lines: str, folder: Path, elf: bytes, codes: dict[str, bytes]
):
    build, image = read_build(folder), read_image(elf, THUMB)
    wrong = changed(image, Change(image.address("net_core"), codes[lines], lines))
    assert re.search(FIRST[lines], refusal(build, wrong))
    assert refusal(build, image) == ""


STATE = """
  .section .data.kept, "aw", %progbits
  .p2align 2
kept: .word 0x3f800000
  .text
"""
LOADS = "movw r3, #:lower16:kept\n  movt r3, #:upper16:kept\n  vldr s0, [r3]\n  str r0, [r3]"
HOPS = "  movw r1, #:lower16:net_constants\n  movt r1, #:upper16:net_constants"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("net_core:\n", "net_core:\n  mov r9, r0\n", "net_core is proved.*does not give back r9"),
        ("net_core:\n", "net_core:\n  vmov s16, r0\n", "is proved.*does not give back s16"),
        ("  bl net_core", "  sub sp, #4\n  bl net_core\n  add sp, #4", "net_run is proved.*aligned to 8 bytes"),
        ("net_core:\n", f"net_core:\n  {LOADS}\n", "the object has a section .data.kept"),
        ("@ net", '.section .junk, "a"\n  .space 64\n@ net', "has a section .junk"),
        ("  .type net_run, %function", "  .global net_run", "net_run as another kind of symbol"),
        ("  .global net_core", "  .weak net_core", "net_core as another kind of symbol"),
        (HOPS, "  movw r1, #{low}\n  movt r1, #{high}", "net_core is proved.*outside its memory"),
    ],
)
def test_a_program_that_is_right_once_or_at_one_place_only_is_refused(
    old: str, new: str, reason: str, tmp_path: Path, elf: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("armlet.verify.verify.strange_text", lambda *_: "")  # were such a text let through
    path = compiled(small_network(), tmp_path, replace(QUICK, registers=5)) / "net.S"
    whole, where = path.read_text(), read_image(elf, THUMB).address("net_constants")
    assert old in whole
    new = new.replace("{low}", hex(where & 0xFFFF)).replace("{high}", hex(where >> 16))
    path.write_text(whole.replace(old, new, 1).replace("  .thumb_func\n", "") + STATE * ("kept" in new))
    assert re.search(reason, "\n".join(broken(verify_build(path.parent, random=0))), re.DOTALL)


def test_two_inputs_in_one_place_are_refused(tmp_path: Path):
    path = compiled(small_network(), tmp_path) / "net_input_driver.json"
    path.write_text(re.sub(r'("offset": ?)4\b', r"\g<1>0", path.read_text()))
    with pytest.raises(InputError, match="two inputs in one place"):
        read_build(path.parent)


def _symbol(elf: ELFFile, name: str) -> int:
    """Where in the file the entry of the first symbol stands whose name begins so."""
    table = next(section for section in elf.iter_sections() if isinstance(section, SymbolTableSection))
    number = next(k for k, symbol in enumerate(table.iter_symbols()) if symbol.name.startswith(name))
    return table["sh_offset"] + 16 * number


def _header(elf: ELFFile, name: str) -> int:
    number = next(k for k, section in enumerate(elf.iter_sections()) if section.name == name)
    return elf["e_shoff"] + 40 * number


def _put(data: bytearray, at: int, value: int) -> None:
    data[at : at + 4] = value.to_bytes(4, "little")


def _two_names(elf: ELFFile, data: bytearray) -> None:
    data[(to := _symbol(elf, "net_run")) : to + 4] = data[(at := _symbol(elf, "net_core")) : at + 4]


def _arm_code(elf: ELFFile, data: bytearray) -> None:
    data[_symbol(elf, "net_core") + 4] &= 0xFE


def _odd_mark(elf: ELFFile, data: bytearray) -> None:
    data[_symbol(elf, "$t") + 4] |= 1


def _variables_over_code(elf: ELFFile, data: bytearray) -> None:
    _put(data, _header(elf, ".bss") + 12, CORE.flash.base)


def _other_bytes_in_flash(elf: ELFFile, data: bytearray) -> None:
    """The section shows what was linked, the segment programs it from four bytes further on in the file."""
    number = next(k for k, segment in enumerate(elf.iter_segments()) if segment["p_type"] == "PT_LOAD")
    at = elf["e_phoff"] + 32 * number + 4
    _put(data, at, int.from_bytes(data[at : at + 4], "little") + 4)


def _not_programmed(elf: ELFFile, data: bytearray) -> None:
    for number, segment in enumerate(elf.iter_segments()):
        if segment["p_type"] == "PT_LOAD":
            _put(data, elf["e_phoff"] + 32 * number, 0)


def _no_program(elf: ELFFile, data: bytearray) -> None:
    data[16:18] = b"\x01\x00"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (_two_names, "two symbols net_core"),
        (_arm_code, "no Thumb function"),
        (_odd_mark, "marked from"),
        (_variables_over_code, "lies over another section"),
        (_other_bytes_in_flash, "no segment carries"),
        (_not_programmed, "no segment carries"),
        (_no_program, "is not linked"),
    ],
)
def test_an_image_that_shows_other_things_than_it_loads_is_refused(
    wrong: Callable[[ELFFile, bytearray], None], reason: str, folder: Path, elf: bytes, tmp_path: Path
):
    (tmp_path / "net").write_bytes(elf)
    data = bytearray(elf)
    with (tmp_path / "net").open("rb") as file:
        wrong(ELFFile(file), data)
    try:
        found = refusal(read_build(folder), read_image(bytes(data), THUMB))
    except ToolchainError as refused:
        found = str(refused)
    assert reason in found
