"""The cycle model: every figure counted by hand from the manual, and the laws of the flash model."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.errors import TargetError
from armlet.isa.thumb.cortex_m4f_timing import CORTEX_M4F_CYCLES, STM32F407_FLASH
from armlet.isa.thumb.integer.cortex_m4_core import CORTEX_M4_CYCLES
from armlet.isa.timing import CycleTable, Flash, Kind, Timing
from armlet.simulate.cycles import step_cycles
from armlet.simulate.flash import flash_cycles
from armlet.simulate.measure import measure_call
from armlet.simulate.watch import trace_call
from emulated import machine
from oracles.flash import waited_cycles

RETURN = 1 + 2  # BX: 1 + P
BUFFERS = (0x2800_0000, 0x2800_1000)


def cycles(body: str) -> int:
    """Of the body alone, without the return."""
    return int(step_cycles(trace_call(machine(f"{body}\nbx lr\n"), "f", BUFFERS), CORTEX_M4F_CYCLES).sum()) - RETURN


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        ("vmul.f32 s0, s1, s2\nvadd.f32 s3, s4, s5", 1 + 1),
        ("vmul.f32 s0, s1, s2\nvadd.f32 s3, s3, s0", 1 + 1 + 1),  # waits for the product
        ("vmul.f32 s0, s1, s2\nvstr s0, [r0]", 1 + 1 + 2),
        ("vmul.f32 s0, s1, s2\nmov r2, #1\nvadd.f32 s3, s3, s0", 3),
        ("vfma.f32 s0, s1, s2\nvfma.f32 s0, s3, s4", 3 + 3),  # the addend is consumed a cycle later
        ("vfma.f32 s0, s1, s2\nvfma.f32 s3, s0, s4", 3 + 1 + 3),
        ("vldr s0, [r0]\nvadd.f32 s1, s1, s0", 2 + 1),
        ("vldmia r0!, {s0-s3}", 1 + 4),
        ("vldmia r0, {d0-d3}", 1 + 8),
        ("vstmia r0!, {s0}", 1 + 1),
        ("ldr r2, [r0]\nldr r3, [r1]", 2 + 1),
        ("ldr r2, [r0]\nmov r12, #1\nldr r3, [r1]", 2 + 1 + 2),
        ("ldr r2, [r0]\nstr r2, [r1]", 2 + 1),
        ("str r2, [r0]\nldr r2, [r1]", 1 + 1),
        ("push {r4-r7}\npop {r4-r7}", 5 + 5),
        ("strd r2, r2, [r0]\nldrd r2, r3, [r0]", 3 + 3),  # one register twice
        ("add r2, r0, #4\nvldr s0, [r2]", 1 + 1 + 2),  # the address was just computed
        ("add r2, r0, #4\nmov r3, #0\nvldr s0, [r2]", 1 + 1 + 2),
        ("movs r2, #3\n1: subs r2, #1\nbne 1b", 1 + 3 * 2 + 2 * 2),  # taken twice
        ("cmp r0, #0\nit eq\nmoveq r2, #1", 3),
        ("cmp r0, #0\nitt eq\nldreq r2, [r2]\nvldreq s0, [r2]", 1 + 1 + 1 + 1),  # skipped: one each
        ("vcmp.f32 s0, #0\nvmrs APSR_nzcv, fpscr", 2),
        ("vmov s0, r0\nvmov.f32 s1, #1.0\nvmov.f32 s2, s1\nvmov d3, r0, r1", 1 + 1 + 1 + 2),
        ("vdiv.f32 s0, s1, s2\nvsqrt.f32 s3, s4", 14 + 14),
        ("mul r2, r0, r1\nmla r3, r0, r1, r2\nudiv r2, r0, r1", 1 + 1 + 12),
    ],
)
def test_the_model_counts_as_one_counts_by_the_manual(body: str, counted: int):
    assert cycles(body) == counted


def counted_by(table: CycleTable, body: str) -> int:
    return int(step_cycles(trace_call(machine(f"{body}\nbx lr\n"), "f", BUFFERS), table).sum())


@pytest.mark.parametrize(("between", "waits"), [(0, 3), (1, 2), (2, 1), (3, 0), (4, 0)])
def test_a_long_latency_is_waited_for_as_far_as_nothing_else_fills_it(between: int, waits: int):
    timings = {**CORTEX_M4F_CYCLES.timings, "vmul": Timing(Kind.FLOAT, 1, latency=3)}
    table = replace(CORTEX_M4F_CYCLES, timings=timings)
    body = "vmul.f32 s0, s1, s2\n" + "mov r2, #1\n" * between + "vadd.f32 s3, s3, s0"
    assert counted_by(table, body) == 1 + between + waits + 1 + RETURN


def test_instructions_begin_together_where_they_share_no_port_and_no_value():
    timings = {
        name: replace(timing, ports=frozenset(["float" if name.startswith("v") else "integer"]))
        for name, timing in CORTEX_M4F_CYCLES.timings.items()
    }
    table = replace(CORTEX_M4F_CYCLES, timings=timings, issue=2)
    assert counted_by(table, "vadd.f32 s0, s1, s2\nmov r2, #1") == 1 + RETURN
    assert counted_by(table, "vadd.f32 s0, s1, s2\nvadd.f32 s3, s4, s5") == 2 + RETURN - 1  # the second and BX
    assert counted_by(table, "mov r2, #1\nadd r3, r2, #1") == 2 + RETURN
    with pytest.raises(TargetError, match="takes no port"):
        replace(CORTEX_M4F_CYCLES, issue=2)


def test_an_instruction_without_an_entry_is_an_error_and_no_guess():
    with pytest.raises(TargetError, match="dsb"):
        cycles("dsb")


def test_contradictory_tables_are_refused():
    with pytest.raises(TargetError):
        Timing(Kind.INTEGER, 0)
    with pytest.raises(TargetError):
        Timing(Kind.INTEGER, 1, pairs=True)
    with pytest.raises(TargetError):
        CycleTable("x", "", 1, 1, {"VADD": Timing(Kind.FLOAT, 1)})
    with pytest.raises(TargetError):
        replace(STM32F407_FLASH, line=24)


def on_part(body: str, flash: Flash) -> tuple[int, int]:
    """Cycles without and with the waits for flash."""
    core = machine(f"{body}\nbx lr\n")
    trace = trace_call(core, "f", BUFFERS)
    steps = step_cycles(trace, CORTEX_M4F_CYCLES)
    return int(steps.sum()), flash_cycles(trace, steps, core.core, flash)


BODIES = st.lists(
    st.sampled_from(
        [
            "vadd.f32 s0, s1, s2",
            "movs r2, #1",
            "vldr s3, [r0]",
            "ldr r3, =0x12345678",
            "movs r2, #3\n1: subs r2, #1\nbgt 1b",
        ]
    ),
    min_size=1,
    max_size=40,
).map("\n".join)


@given(BODIES, st.integers(0, 7), st.booleans())
@settings(max_examples=15, deadline=None)
def test_flash_without_waits_costs_nothing_and_more_waits_never_cost_less(body: str, waits: int, prefetch: bool):
    plain, none = on_part(body, replace(STM32F407_FLASH, wait_states=0, prefetch=prefetch))
    assert none == plain
    some, more = (
        on_part(body, replace(STM32F407_FLASH, wait_states=w, prefetch=prefetch))[1] for w in (waits, waits + 1)
    )
    assert plain <= some <= more


def test_straight_wide_code_runs_at_the_pace_of_the_array():
    """Four instructions of a cycle each lie in a line that takes wait states + 1 cycles to read."""
    long = "\n".join(["vadd.f32 s0, s1, s2"] * 4000)
    assert on_part(long, STM32F407_FLASH)[1] / 4000 == pytest.approx(6 / 4, rel=0.01)
    assert on_part(long, replace(STM32F407_FLASH, prefetch=False))[1] / 4000 == pytest.approx(9 / 4, rel=0.01)


def test_a_loop_that_fits_the_cache_soon_runs_without_waits():
    loop = "mov r2, #200\n1:\n" + "\n".join(["vadd.f32 s0, s1, s2"] * 40) + "\nsubs r2, #1\nbne 1b"
    plain, on = on_part(loop, STM32F407_FLASH)
    assert plain < on < plain + 200


def test_figures_split_moves_by_what_they_are_for():
    body = "push {r4, lr}\nldr r4, =table\nvldmia r4, {s0-s3}\nvldr s4, [r0]\nvstr s4, [r1]\npop {r4, pc}\n.ltorg\n"
    core = machine(f"{body}\n.section .rodata\n.p2align 2\ntable: .word 1, 2, 3, 4\n")
    found = measure_call(core, "f", BUFFERS, CORTEX_M4F_CYCLES, STM32F407_FLASH)
    assert (found.loads.activation, found.loads.weight, found.loads.stack) == (1, 5, 2)
    assert (found.stores.activation, found.stores.stack, found.stores.weight) == (1, 2, 0)
    assert (found.stack_bytes, found.constant_bytes, found.instructions) == (8, 16, 6)
    assert found.cycles < found.cycles_on_part
    assert found.as_json()["loads"] == {"activation": 1, "weight": 5, "stack": 2, "other": 0}


@pytest.mark.parametrize("seed", range(12))
def test_waits_are_those_of_caches_written_plainly(seed: int):
    """Loops and tables at random addresses, flashes of every kind."""
    rng = np.random.default_rng(seed)
    words = "\n".join(f"nop.w\nldr r{rng.integers(0, 4)}, [r6, #{4 * rng.integers(0, 60)}]" for _ in range(40))
    address = "movw r6, #:lower16:f\nmovt r6, #:upper16:f"
    body = f"{address}\nmovs r5, #{rng.integers(2, 9)}\n1:\n{words}\nsubs r5, #1\nbne.w 1b\n"
    core = machine(f"push {{r4-r6, lr}}\n{body}pop {{r4-r6, pc}}\n")
    trace = trace_call(core, "f", BUFFERS)
    steps = step_cycles(trace, CORTEX_M4F_CYCLES)
    for _ in range(6):
        lines = (int(rng.integers(0, 9)), int(rng.integers(0, 4)))
        waits, line, ahead = int(rng.integers(0, 7)), int(rng.choice([4, 8, 16, 32])), bool(rng.integers(0, 2))
        flash = Flash("part", "test", 1, waits, line, *lines, ahead)
        assert flash_cycles(trace, steps, core.core, flash) == waited_cycles(trace, steps, core.core, flash)


def test_a_long_trace_is_counted_in_parts(monkeypatch: pytest.MonkeyPatch):
    core = machine(
        "movs r3, #9\n1:\nldr r1, [r0]\nldr r2, [r0, #4]\nadd r0, #4\nstr r1, [r0]\nsubs r3, #1\nbne 1b\nbx lr\n"
    )
    trace = trace_call(core, "f", BUFFERS)
    whole = step_cycles(trace, CORTEX_M4_CYCLES).tolist()
    for part in (1, 2, 3, 7, len(whole)):
        monkeypatch.setattr("armlet.simulate.cycles._PART", part)
        assert step_cycles(trace, CORTEX_M4_CYCLES).tolist() == whole
