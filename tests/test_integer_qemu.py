"""The examination of the targets for integers once more, in QEMU: boards with a Cortex-M4 and with a Cortex-M0."""

from pathlib import Path

import pytest

from armlet.isa.integer_operation import IntegerOperation as Op
from armlet.isa.targets import INTEGER_TARGETS
from integer_cases import SIZE, after, cases, files, reachable, source
from qemu import EMULATOR, GNU, Board, filled, needs, told

pytestmark = needs(f"{GNU}gcc", EMULATOR)
PLACE = 0x2000_0000
BOARDS = {
    name: Board(machine, "1M", "ORIGIN = 0x20001000, LENGTH = 4K", "0x20004000")
    for name, machine in (("cortex-m4", "mps2-an386"), ("cortex-m0plus", "microbit"))
}

MAIN = """
@declared@
static void (*const calls[])(volatile uint32_t *) = { @called@ };
static const uint32_t before[][@words@] = { @before@ };

static void start(void)
{
  volatile uint32_t *file = (volatile uint32_t *)@place@u;
  for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    uint32_t sum = 2166136261u;
    for (int k = 0; k < @words@; k++) file[k] = before[i][k];
    calls[i](file);
    for (int k = 0; k < @words@; k++) sum = sum * 16777619u + file[k];
    tell_bits(sum, 8);
  }
}
"""


def hashed(memory: bytes) -> str:
    total = 2166136261
    for k in range(0, len(memory), 4):
        total = (total * 16777619 + int.from_bytes(memory[k : k + 4], "little")) & 0xFFFF_FFFF
    return f"{total:08x}"


@pytest.mark.parametrize("name", list(BOARDS))
def test_a_second_emulator_agrees(name: str, tmp_path: Path):
    target = INTEGER_TARGETS[name]
    chosen = [case for case in cases(target) if case.op is not Op.ADDRESS and reachable(case)]
    before = [list(files(case, PLACE, 5, 2))[1] for case in chosen]
    main, code = _main([case.number for case in chosen], before), source(target, tuple(chosen)).encode()
    wanted = [hashed(after(case, memory, PLACE)) for case, memory in zip(chosen, before)]
    assert told(tmp_path, BOARDS[name], target.core.gnu_flags, main, {"net.S": code}) == wanted


def _main(numbers: list[int], before: list[bytes]) -> str:
    words = [[int.from_bytes(memory[k : k + 4], "little") for k in range(0, SIZE, 4)] for memory in before]
    rows = ", ".join("{ " + ", ".join(f"{word}u" for word in row) + " }" for row in words)
    values = {
        "declared": "\n".join(f"extern void f_{k}(volatile uint32_t *);" for k in numbers),
        "called": ", ".join(f"f_{k}" for k in numbers),
        "words": str(SIZE // 4),
        "before": rows,
        "place": hex(PLACE),
    }
    return filled(MAIN, values)
