"""The proof accepts what is right and refuses every copy that is not, judged by running it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.arithmetic.float32 import FLOAT32
from armlet.build.read import Build, read_build
from armlet.isa.semantics import RefusalError, Term
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.semantics import compile_step
from armlet.mutate.controls import flip
from armlet.prove.prove import prove
from armlet.prove.terms import Terms
from armlet.select.check.value_numbers import Numbering
from armlet.simulate.link import link_build
from armlet.simulate.runner import Runner
from armlet.toolchain.image import Image
from armlet.toolchain.toolchain import Toolchain, find_toolchain
from generators.builds import QUICK, compiled, proved
from generators.networks import LARGEST
from generators.perceptrons import small_network

pytestmark = pytest.mark.usefixtures("each_toolchain")


@pytest.fixture(scope="module", params=["separate", "fused"])
def linked(
    each_toolchain: Toolchain, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Build, Image]:
    options = replace(QUICK, multiply_add=request.param, registers=5)
    build = read_build(compiled(small_network(), tmp_path_factory.mktemp("mutants"), options))
    return build, link_build(build, find_toolchain())


def test_a_sound_build_is_proved_with_every_rounding(linked: tuple[Build, Image]):
    build, image = linked
    runner = Runner(build, image)
    for entry in runner.entries:
        proof = prove(runner, runner.decoded, entry)
        assert proof.problem == ""
        assert proof.roundings <= 2 * build.order.graph.connections


def test_a_wrong_weight_is_named_with_its_neuron(linked: tuple[Build, Image]):
    build, image = linked
    graph = build.order.graph
    bits = int(graph.weight[build.order.connections[-1]].view(np.uint32))
    constants = image.section(".rodata")
    words = np.frombuffer(constants.content, "<u4")
    at = int(np.flatnonzero((words & 0x7FFF_FFFF) == bits & 0x7FFF_FFFF)[-1])
    problem = proved(build, flip(image, constants, constants.address + 4 * at, 0))
    target = graph.target[build.order.connections[-1]]
    assert f"layer {graph.layer[target]}, neuron {graph.unit[target]}: its sum never takes in" in problem


WORDS = st.sampled_from(
    [0, 0x8000_0000, 0x3F80_0000, 0xBF80_0000, 0x0000_0001, 0x7F7F_FFFF, 0x4000_0000, 0xC000_0000, 0x3EAA_AAAB]
)


class Numbers(Numbering):
    """The value numbers of the compiler's own check, by the names that terms have."""

    unknown = Numbering.__call__


@st.composite
def expressions(draw: st.DrawFn) -> list[tuple[str, int, int, int]]:
    """Operations on values made before: first eight inputs, then constants, then results."""
    kinds = st.sampled_from(["multiply", "add", "subtract", "fused", "negate", "positive", "constant"])
    count = draw(st.integers(1, 12))
    made: list[tuple[str, int, int, int]] = []
    for k in range(count):
        before = st.integers(0, 7 + k)
        a = draw(WORDS if (kind := draw(kinds)) == "constant" else before)
        made.append((kind, a, draw(before), draw(before)))
    return made


@pytest.mark.parametrize("numbering", [Terms, Numbers])
@given(expressions(), expressions(), st.integers(0, 2**32))
def test_equal_terms_are_equal_bits(
    numbering: type[Terms | Numbers],
    one: list[tuple[str, int, int, int]],
    two: list[tuple[str, int, int, int]],
    seed: int,
):
    """The identities that terms use hold exactly, signs of zeros included, where no NaN takes part."""
    rng = np.random.default_rng(seed)
    special = np.array([0.0, -0.0, 1.0, -1.0, 1e-45, -1e-40, 3e38, 0.1], np.float32)
    x = np.where(rng.random((8, 64)) < 0.5, rng.choice(special, (8, 64)), rng.standard_normal((8, 64)))
    terms = numbering(FLOAT32.identities)
    found: dict[Term, np.ndarray] = {}
    for program in (one, two):
        for term, value in _evaluate(terms, program, x.astype(np.float32)):
            clean = ~np.isnan(value) & ~np.isnan(found.get(term, value))
            before = found.setdefault(term, value)
            assert before[clean].tobytes() == value[clean].tobytes()


@pytest.mark.parametrize("numbering", [Terms, Numbers])
def test_a_value_and_itself_are_twice_the_value(numbering: type[Terms | Numbers]):
    terms = numbering(FLOAT32.identities)
    x = terms.unknown("input", 0)
    two, minus_two, acc = terms.constant(0x4000_0000), terms.constant(0xC000_0000), terms.unknown("input", 1)
    assert terms.add(x, x) == terms.multiply(two, x)
    assert terms.add(acc, terms.negate(terms.add(x, x))) == terms.add(acc, terms.multiply(minus_two, x))
    assert terms.fused(acc, two, x) != terms.add(acc, terms.add(x, x))  # 2 x may overflow where the sum does not
    edges = [0.0, 2.0**-149, 2.0**-127, 1e-40, 2.0**-126, 0.1, 2.0**126, 2.0**127, LARGEST, np.inf]
    bits = np.arange(0, 1 << 32, 65_521, dtype=np.uint64).astype(np.uint32).view(np.float32)
    for value in (np.array(edges + [-edge for edge in edges], np.float32), bits[~np.isnan(bits)]):
        with np.errstate(over="ignore"):
            assert (value + value).tobytes() == FLOAT32.numbers.multiply(np.array(2, np.float32), value).tobytes()


def _evaluate(
    terms: Terms | Numbers, program: list[tuple[str, int, int, int]], x: np.ndarray
) -> list[tuple[Term, np.ndarray]]:
    values = [(terms.unknown("input", i), row) for i, row in enumerate(x)]
    for kind, i, j, k in program:
        if kind == "constant":
            values.append((terms.constant(i), np.full(64, np.uint32(i)).view(np.float32)))
        else:
            with np.errstate(all="ignore"):
                values.append(_made(terms, kind, values[i], values[j], values[k]))
    return values


def _made(
    terms: Terms | Numbers,
    kind: str,
    a: tuple[Term, np.ndarray],
    b: tuple[Term, np.ndarray],
    c: tuple[Term, np.ndarray],
) -> tuple[Term, np.ndarray]:
    on = FLOAT32.numbers
    match kind:
        case "multiply":
            return terms.multiply(a[0], b[0]), on.multiply(a[1], b[1])
        case "add":
            return terms.add(a[0], b[0]), a[1] + b[1]
        case "subtract":
            return terms.subtract(a[0], b[0]), a[1] - b[1]
        case "fused":
            return terms.fused(a[0], b[0], c[0]), on.fused(a[1], b[1], c[1])
        case "negate":
            return terms.negate(a[0]), -a[1]
        case _:
            return terms.positive(a[0]), on.positive(a[1])


@pytest.mark.parametrize("code", ["30ee2009", "00ee101b"], ids=["half precision", "part of a double"])
def test_what_looks_like_a_known_instruction_and_is_not_is_refused(code: str):
    core = CORTEX_M4F_CORE
    form = next(core.decoder().decode(bytes.fromhex(code), core.flash.base))
    with pytest.raises(RefusalError, match="is unknown to the prover"):
        compile_step(form)


def test_the_proof_needs_no_run(linked: tuple[Build, Image], monkeypatch: pytest.MonkeyPatch):
    build, image = linked

    def never(*_: object, **__: object) -> None:
        raise AssertionError("emulated")

    monkeypatch.setattr("armlet.simulate.machine.Machine.call", never)
    assert proved(build, image) == ""


def test_a_branch_on_data_and_an_address_out_of_data_are_refused(tmp_path: Path):
    build = compiled(small_network(), tmp_path)
    path = build / "net.S"
    whole = path.read_text()
    for lines, says in (
        ("  ldr r3, [r0]\n  cmp r3, #0", "is unknown to the prover"),
        ("  it eq\n  moveq r3, #0", "runs under a condition"),
        ("  ldr r3, [r0]\n  ldr r3, [r3]", "takes r3 as an address, which depends on data"),
        ("  ldr r3, [r0, #-4]", "outside its memory"),
        ("  str r0, [r0]", "outside its memory"),
        ("  vmov r3, s9", "which holds nothing"),
        ("1: b 1b", "goes round in a loop"),
        ("  movs r3, #2\n1:\n  subs r3, #1\n  bne 1b", "runs under a condition"),  # a loop that nothing declares
        ("  mov pc, lr", "writes pc"),
        ("  wfi", "is unknown to the prover"),
        ("  vabs.f32 s0, s0", "is unknown to the prover"),
        ("  str r0, [sp, #-4]", "below the stack pointer"),
        ("  bx r0", "jumps where no known Thumb code is"),
    ):
        path.write_text(whole.replace("net_core:\n", f"net_core:\n{lines}\n", 1))
        made = read_build(build)
        assert says in proved(made, link_build(made, find_toolchain()))
