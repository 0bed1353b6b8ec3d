"""One firmware with two networks, C and C++, linked as firmware is, runs in QEMU's Cortex-M4 to the expected bits."""

import itertools
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armlet.network.domain import InputDomain
from armlet.network.frozen import F32
from armlet.pipeline import Compilation, compile_network
from armlet.schedule.interpret import run_order
from armlet.storage import write_folder
from generators.builds import QUICK
from generators.documents import code_in
from generators.perceptrons import small_network
from qemu import EMULATOR, GNU, SEMIHOSTING, call, filled, needs, ran

CORE = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16")
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-Wundef")
compiles = needs(f"{GNU}gcc", f"{GNU}g++")
runs = needs(f"{GNU}gcc", f"{GNU}g++", EMULATOR)
ROWS = 6
FLAGS = [("-O0",), ("-O2",), ("-O2", "-flto"), ("-Os", "-flto", "-ffat-lto-objects")]

START = (
    SEMIHOSTING
    + """
extern uint32_t end_of_stack[], data_from[], data_begin[], data_end[], bss_begin[], bss_end[];
extern int start(void);
volatile float ticks = 1.0f;
volatile int ticked;

void tell(const float *values, int count)
{
  for (int i = 0; i < count; i++) {
    union { float value; uint32_t bits; } word = { values[i] };
    tell_bits(word.bits, 8);
  }
}

/* Uses the floating-point unit while a network runs: its registers must come back. */
static void tick(void) { ticks = ticks * 1.25f - 0.25f * ticks, ticked = 1; }

__attribute__((used)) void start_up(void)
{
  for (uint32_t *to = data_begin, *from = data_from; to < data_end;) *to++ = *from++;
  for (uint32_t *to = bss_begin; to < bss_end;) *to++ = 0;
  float before = ticks; /* lives across a call, so that the prologue pushes a floating-point register */
  volatile uint32_t *timer = (volatile uint32_t *)0xe000e010;
  timer[1] = 999, timer[2] = 0, timer[0] = 7;
  int failed = start() || ticks != before;
  while (!ticked);
  leave(failed ? 0x20024 : 0x20026);
}

"""
    + code_in("firmware.md", "naked")
    + """
__attribute__((section(".vectors"), used)) const void *const vectors[16] = {
  end_of_stack, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
  0, 0, 0, 0, (void *)fault, (void *)fault, 0, (void *)fault, (void *)tick,
};
"""
)

SCRIPT = """
ENTRY(vectors)
MEMORY { CODE (rx) : ORIGIN = 0, LENGTH = 4M  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 4M }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text .text.* .rodata .rodata.*) } > CODE
  .ARM.exidx : { *(.ARM.exidx*) } > CODE
  .data : { data_begin = .; *(.data .data.*); . = ALIGN(4); data_end = .; } > RAM AT > CODE
  data_from = LOADADDR(.data);
  .bss (NOLOAD) : { . = ALIGN(4); bss_begin = .; *(.bss .bss.* COMMON); . = ALIGN(4); bss_end = .; } > RAM
  end_of_stack = ORIGIN(RAM) + LENGTH(RAM);
}
"""

IN_C = """
#include "net.h"

extern void tell(const float *values, int count);
extern int in_cpp(void);
static const float rows[][net_INPUTS] = { @net@ };

int start(void)
{
  for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    float y[net_OUTPUTS], both[net_INPUTS > net_OUTPUTS ? net_INPUTS : net_OUTPUTS];
    net_run(rows[i], y);
    tell(y, net_OUTPUTS);
    for (int k = 0; k < net_INPUTS; k++) both[k] = rows[i][k];
    net_run(both, both);
    tell(both, net_OUTPUTS);
  }
  return in_cpp();
}
"""

IN_CPP = """
#include "Net.h"
#include "net.h"

extern "C" void tell(const float *values, int count);
extern "C" int in_cpp();
static const float rows[][Net_INPUTS] = { @Net@ };

template <int outputs> struct Answer {
  float values[outputs];
  void tell() const { ::tell(values, outputs); }
};

int in_cpp()
{
  for (const auto &row : rows) {
    Answer<Net_OUTPUTS> answer;
    Net_run(row, answer.values);
    answer.tell();
  }
  return static_cast<int>(sizeof net_work) == 4 * net_WORK_WORDS ? 0 : 1;
}
"""


class Built:
    """The networks net and Net with inputs and the outputs that they must have."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, Compilation] = {}
        self.rows: dict[str, F32] = {}
        for name, seed, layout, how, outputs in (
            ("net", 3, "free", "separate", "memory"),
            ("Net", 4, "natural", "fused", "auto"),
        ):
            network = replace(small_network(seed), domain=InputDomain.uniform(9, -1, 2, 0.5, 0.25))
            options = replace(QUICK, inputs=layout, multiply_add=how, outputs=outputs)
            made = self.made[name] = compile_network(network, name, options)
            write_folder(folder / f"build_{layout}", made.bundle.files, ("*",))
            for kind in ("S", "h"):
                (folder / f"{name}.{kind}").write_bytes(made.bundle.files[f"{name}.{kind}"])
            self.rows[name] = network.domain.draw(np.random.default_rng(seed), ROWS).astype(np.float32)
        literals = {name: show(rows) for name, rows in self.rows.items()}
        for name, text in (("start.c", START), ("main.c", IN_C), ("other.cpp", IN_CPP), ("link.ld", SCRIPT)):
            used = {mark: literal for mark, literal in literals.items() if f"@{mark}@" in text}
            (folder / name).write_text(filled(text, used))

    def make(self, abi: str, flags: tuple[str, ...]) -> Path:
        """The firmware, compiled and linked by GCC."""
        core = (*CORE, f"-mfloat-abi={abi}", *flags)
        apart = ("-ffreestanding", "-ffunction-sections", "-fdata-sections")
        plus = ("-std=c++17", "-fno-exceptions", "-fno-rtti")
        objects: list[str] = []
        for source in ("start.c", "main.c", "other.cpp", "net.S", "Net.S"):
            tool, language = (f"{GNU}g++", plus) if source.endswith("cpp") else (f"{GNU}gcc", ("-std=gnu11",))
            strict = WARNINGS if source != "start.c" else ()
            extra = () if source.endswith(".S") else (*language, *apart, *strict)
            objects.append(f"{source}.{abi}.o")
            call(self.folder, tool, *core, *extra, "-c", source, "-o", objects[-1])
        link = ("-nostartfiles", "-Wl,--gc-sections", "-Wl,--fatal-warnings", "-T", "link.ld")
        call(self.folder, f"{GNU}g++", *core, *link, *objects, "-o", f"firmware.{abi}.elf")
        return self.folder / f"firmware.{abi}.elf"

    def expected(self, name: str, row: int) -> list[str]:
        """The bits of the outputs, in hexadecimal."""
        program = self.made[name].program
        outputs = run_order(program.code.order, self.rows[name][row : row + 1])
        return [f"{bits:08x}" for bits in outputs[0].view(np.uint32).tolist()]


def show(rows: F32) -> str:
    return ", ".join("{ " + ", ".join(f"{float(v).hex()}f" for v in row) + " }" for row in rows)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(tmp_path_factory.mktemp("firmware"))


@runs
@pytest.mark.parametrize(
    "flags", [("-O0",), ("-O2",), ("-O2", "-flto"), ("-Os", "-flto", "-ffat-lto-objects")], ids=" ".join
)
@pytest.mark.parametrize("abi", ["hard", "softfp"])
def test_the_firmware_gives_the_expected_bits(built: Built, abi: str, flags: tuple[str, ...]):
    wanted = [built.expected("net", row) * 2 for row in range(ROWS)]  # apart, then in one array
    wanted += [built.expected("Net", row) for row in range(ROWS)]
    assert ran(built.make(abi, flags)) == list(itertools.chain(*wanted))


@compiles
@pytest.mark.parametrize("abi", ["hard", "softfp"])
def test_the_floating_point_unit_is_enabled_before_anything_may_use_it(built: Built, abi: str):
    shown = call(built.folder, f"{GNU}objdump", "-d", "--no-show-raw-insn", str(built.make(abi, ("-O2",))))
    lines = {name: body.split("\n") for name, body in re.findall(r"<(\w+)>:\n(.*?)(?:\n\n|$)", shown, re.S)}
    pushes = [line for line in lines["start_up"] if "vpush" in line]
    assert pushes
    operations = [line.split("\t")[1].removesuffix(".w").strip() for line in lines["reset"][:8]]
    assert operations == ["movw", "movt", "ldr", "orr", "str", "dsb", "isb", "b"]


@compiles
def test_what_the_firmware_does_not_call_takes_no_room(built: Built):
    symbols = call(built.folder, f"{GNU}nm", str(built.make("hard", ("-O2",))))
    assert " net_run" in symbols
    main = built.folder / "main.c"
    text, include = main.read_text(), '#include "net.h"\n'
    main.write_text(text.replace(include, f"{include}#define net_run(x, y) ((void)(x), (void)(y))\n"))
    try:
        symbols = call(built.folder, f"{GNU}nm", str(built.make("hard", ("-O2",))))
    finally:
        main.write_text(text)
    assert " Net_run" in symbols
    assert not [line for line in symbols.splitlines() if line.endswith((" net_run", " net_core", " net_block"))]


STANDARDS = [("c", each) for each in ("c99", "c11", "c17", "c2x")]
STANDARDS += [("c++", each) for each in ("c++98", "c++11", "c++20", "c++23")]


@compiles
@pytest.mark.parametrize(("language", "standard"), STANDARDS)
@pytest.mark.parametrize("abi", ["hard", "softfp"])
def test_the_header_pleases_every_standard_without_a_warning(built: Built, language: str, standard: str, abi: str):
    user = built.folder / f"user_{standard}_{abi}.c"
    twice = '#include "net.h"\n#include "Net.h"\n#include "net.h"\n'
    user.write_text(
        f"{twice}void f(const float *x, float *y);\nvoid f(const float *x, float *y) {{ net_run(x, y); }}\n"
    )
    strict = ("-Wstrict-prototypes",) if language == "c" else ("-Wold-style-cast",)
    flags = (*CORE, f"-mfloat-abi={abi}", "-x", language, f"-std={standard}", *WARNINGS, *strict, "-Wconversion")
    call(built.folder, f"{GNU}gcc", *flags, "-fsyntax-only", str(user))


@compiles
@pytest.mark.parametrize(
    "flags",
    [
        ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft"),
        ("-mcpu=cortex-m3", "-mthumb"),
        ("-mcpu=cortex-m0plus", "-mthumb"),
        ("-mcpu=cortex-m33+nofp", "-mthumb", "-mfloat-abi=soft"),
    ],
)
@pytest.mark.parametrize("language", ["c", "c++"])
def test_a_compiler_without_single_precision_is_told_so(built: Built, flags: tuple[str, ...], language: str):
    command = (f"{GNU}gcc", *flags, "-x", language, "-fsyntax-only", "net.h")
    done = subprocess.run(command, cwd=built.folder, capture_output=True, text=True)
    assert done.returncode != 0
    assert "#error" in done.stderr
    assert "net needs single-precision floating point" in done.stderr


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler of this machine")
def test_a_program_of_the_host_may_include_the_header(built: Built):
    call(built.folder, "cc", "-x", "c", *WARNINGS, "-fsyntax-only", "net.h")
