"""The cycle models of the cores without a floating-point unit: counted by hand, and ready for what compilers emit."""

import pytest

from armlet.errors import TargetError
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.targets import INTEGER_TARGETS
from armlet.isa.thumb.thumb import THUMB
from armlet.simulate.cycles import step_cycles
from armlet.simulate.decoded import decode_program
from armlet.simulate.watch import trace_call
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import toolchains
from emulated import machine

BUFFERS = (0x2800_0000, 0x2800_1000)
RETURN = 1 + 1  # BX


def cycles(body: str, name: str) -> int:
    target = INTEGER_TARGETS[name]
    return int(step_cycles(trace_call(machine(body, target.core), "f", BUFFERS), target.cycles).sum())


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        ("movs r2, #1\nadds r2, #3\nadd r12, r2\nlsls r2, r2, #3\nbics r2, r1\nsxth r2, r2", 6),
        ("muls r0, r1, r0", 1),
        ("ldr r2, [r0]\nldr r3, [r1]", 2 + 2),  # nothing overlaps
        ("adds r0, #4\nldr r2, [r0]\nstrb r2, [r1]", 1 + 2 + 2),  # nothing waits
        ("ldm r0!, {r2, r3}\nstm r1!, {r2, r3}", 3 + 3),
        ("push {r4-r7}\npop {r4-r7}", 5 + 5),
        ("movs r2, #3\n1: subs r2, #1\nbne 1b", 1 + 3 * 1 + 2 * 2 + 1),  # taken twice
        ("b 1f\nnop\n1:", 2),
        ("mov r3, lr\nbl 1f\nmov lr, r3\nb 2f\n1: bx lr\n2:", 1 + 3 + 2 + 1 + 2),
        ("mrs r2, primask", None),  # not in the table
    ],
)
def test_the_cortex_m0plus_counts_as_one_counts_by_the_manual(body: str, counted: int | None):
    if counted is None:
        with pytest.raises(TargetError, match="no entry"):
            cycles(f"{body}\nbx lr\n", "cortex-m0plus")
    else:
        assert cycles(f"{body}\nbx lr\n", "cortex-m0plus") == counted + RETURN


def test_a_return_by_pop_takes_three_and_one_for_each_register():
    assert cycles("push {r4, lr}\npop {r4, pc}\n", "cortex-m0plus") == 3 + 3 + 2


def test_the_small_multiplier_takes_32_cycles():
    assert cycles("muls r0, r1, r0\nbx lr\n", "cortex-m0plus-small-multiply") == 32 + RETURN


@pytest.mark.parametrize("target", list(INTEGER_TARGETS.values()), ids=list(INTEGER_TARGETS))
def test_entry_and_exit_give_back_what_the_caller_keeps(target: IntegerTarget):
    for used in (frozenset[int](), frozenset({1, 4, 12}), frozenset({4, 8, 9, 10, 11, 14}), frozenset(target.free)):
        enter, leave = target.frame(used)
        ruin = "".join(f"mov {target.names[k]}, r0\n" for k in sorted(used))
        machine(f"{enter}\n{ruin}{leave}\n", target.core).call("f", BUFFERS)


IN_C = """
#include <stdint.h>
static const int8_t weights[40] = { 1, -2, 3, 4, -5, 100, -127, 7, 8, 9 };
static const uint16_t indices[8] = { 3, 1, 4, 1, 5, 9, 2, 6 };
int32_t scaled(int32_t x, int32_t m) { return (int32_t)(((int64_t)x * m + (1 << 30)) >> 31); }
void f(const uint8_t *restrict x, int32_t *restrict y)
{
  for (int o = 0; o < 4; o++) {
    int32_t sum = o * 1000 - 77777;
    for (int i = 0; i < 10; i++) sum += weights[10 * o + i] * x[i];
    for (int i = 0; i < 8; i++) sum -= x[indices[i]] << i;
    if (sum < 0) sum = sum & 1 ? 0 : -sum;
    sum >>= 3;
    y[o] = sum > 255 ? 255 : scaled(sum, 0x40000000 + o);
  }
  y[4] = (int16_t)(y[2] + (int8_t)x[3]);
}
"""


@pytest.mark.parametrize("name", ["cortex-m4", "cortex-m0plus"])
def test_what_compilers_make_of_c_has_its_cycles(name: str):
    target = INTEGER_TARGETS[name]
    for tools in toolchains():
        made = tools.compile_c(IN_C, target.core)
        helper = ".syntax unified\n.thumb\n.text\n.global __aeabi_lmul\n.thumb_func\n__aeabi_lmul: bx lr\n"
        objects = [made, tools.assemble(helper, target.core)]
        program = decode_program(target.core, read_image(tools.link(objects, target.core, "f"), THUMB))
        for form in program.forms:
            target.cycles.timing(form.name)
