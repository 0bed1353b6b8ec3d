"""NAME_run may be given one array for inputs and outputs, or two that overlap: proved, and seen in the emulator."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.build.read import read_build
from armlet.config import CompileOptions
from armlet.prove.prove import prove
from armlet.schedule.interpret import run_order
from armlet.simulate.link import link_build
from armlet.simulate.runner import Runner
from armlet.toolchain.toolchain import find_toolchain
from armlet.verify.verify import verify_build
from generators.builds import QUICK, compiled
from generators.networks import inputs_for, networks
from generators.perceptrons import small_network

LAYOUTS = st.sampled_from(("free", "natural"))
CLAIM = "net_run may be given one array for inputs and outputs"


@settings(max_examples=15)
@given(networks(), LAYOUTS, st.data())
def test_arrays_may_overlap_by_any_number_of_words(
    tmp_path_factory: pytest.TempPathFactory, network, layout: str, data: st.DataObject
):
    options = replace(QUICK, inputs=layout)
    build = read_build(compiled(network, tmp_path_factory.mktemp("overlap"), options))
    runner = Runner(build, link_build(build, find_toolchain()))
    assert prove(runner, runner.decoded, "net_run").late == ""
    x = data.draw(inputs_for(network))
    with np.errstate(all="ignore"):
        expected = run_order(build.order, x)
    room = runner.machine.reserve(4 * (2 * network.outputs + network.inputs))
    start = room + 4 * network.outputs
    for words in range(-network.outputs, network.inputs + 1):
        for row, wanted in zip(x, expected):
            runner.machine.write_floats(start, row)
            runner.machine.call("net_run", (start, start + 4 * words))
            assert runner.machine.read_floats(start + 4 * words, network.outputs).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("layout", ["free", "natural"])
def test_an_output_that_is_written_before_the_last_input_is_read_breaks_the_claim_and_no_other(
    tmp_path: Path, layout: str
):
    folder = compiled(small_network(), tmp_path, replace(QUICK, inputs=layout))
    build = read_build(folder)
    enter = "push.w {r1, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
    assert build.assembly.count(enter) == 1
    early = build.assembly.replace(enter, enter + "  vldr s0, [r0, #0]\n  vstr s0, [r1, #4]\n")
    forged = replace(build, assembly=early)
    runner = Runner(forged, link_build(forged, find_toolchain()))
    proof = prove(runner, runner.decoded, "net_run")
    assert proof.problem == ""
    assert proof.late.startswith("reads the input at 0x28")
    assert prove(runner, runner.decoded, "net_core").late == ""
    (folder / "net.S").write_text(early)
    broken = [check.claim for check in verify_build(folder, random=2).checks if not check.holds]
    assert CLAIM in broken
    assert not any("is proved from its bytes" in claim or "is exact to the bit" in claim for claim in broken)


@pytest.mark.parametrize("options", [QUICK, replace(QUICK, inputs="natural"), replace(QUICK, multiply_add="fused")])
def test_a_verdict_says_so(tmp_path: Path, options: CompileOptions):
    checks = verify_build(compiled(small_network(), tmp_path, options), random=2).checks
    assert [check.holds for check in checks if check.claim == CLAIM] == [True]
