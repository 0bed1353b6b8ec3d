"""The class in place of the outputs of networks with windows: builds, and wrong programs that the proof refuses."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from armlet.baseline.tensors.dense import dense_c
from armlet.build.tensors.read import read_tensor_build
from armlet.cli import app
from armlet.errors import InputError
from armlet.formats.params import write_params
from armlet.integer.argmax import Argmax
from armlet.integer.choose_argmax import with_argmax
from armlet.integer.formats import I64, INT8, INT32, IntegerFormat
from armlet.integer.interpret import evaluate, run_integers
from armlet.integer.layers import IntegerConv, IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Shift
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.mutate.trial import try_verifier
from armlet.network.activation import Activation
from armlet.network.layers import Reshape
from armlet.simulate.decoded import decode_program
from armlet.verify.run import run_build
from armlet.verify.verify import verify_build
from compiled_tensors import CompiledTensors
from generators.builds import broken
from generators.tensor_builds import compiled_tensors, tensors_made
from generators.windows import windowed_network
from tensor_cases import network

PLANES, BYTES, WORDS, ROUNDED = 0, 1, 10, 33  # seeds whose last layer gives planes, int8, int32, sums beyond scores


def plain(outputs: int) -> Argmax:
    return Argmax(np.ones(outputs, np.int64), np.zeros(outputs, np.int64), 0)


def same(count: int, stored: IntegerFormat) -> IntegerDense:
    """Each value once more."""
    one, zero = np.ones(count, int), np.zeros(count, np.int32)
    by = None if stored is INT32 else Shift(0 * one)
    ends = stored.low * one, stored.high * one
    return IntegerDense(np.eye(count, dtype=np.int16), zero, by, Activation.LINEAR, stored, *ends)


def identity(count: int, stored: IntegerFormat, argmax: Argmax | None = None) -> IntegerNetwork:
    """A network whose outputs are its inputs, so that each answer and each tie can be had."""
    made = network((count, 1, 1), (IntegerConv(same(count, INT8), (1, 1)), Reshape(), same(count, stored)))
    return replace(made, argmax=argmax or plain(count))


def ties(count: int) -> I64:
    """Inputs with all ties, near and far."""
    near = [list(row) for row in product((-1, 0, 1), repeat=count)]
    far = [list(row) for row in product((-128, 127), repeat=count)]
    return np.array(near + far)


@pytest.mark.parametrize("seed", [PLANES, BYTES, WORDS, ROUNDED])
def test_a_build_is_verified_and_no_mutant_is_missed(seed: int, tmp_path: Path):
    made, random = windowed_network(seed), np.random.default_rng(seed)
    made = replace(made, output_scale=random.random(made.outputs) + 0.1)
    build = compiled_tensors(made, tmp_path, outputs="argmax")
    verdict = verify_build(build, random=3)
    assert verdict.holds, broken(verdict)
    trial = try_verifier(build, 12, seed=seed)
    assert trial.holds, (trial.problem, trial.missed)
    x, wanted = random.integers(-128, 128, (3, made.inputs)), with_argmax(made)
    assert read_tensor_build(build).network.digest() == wanted.digest()
    for entry in ("run", "core"):
        assert run_build(build, x.astype(np.float32), entry).tolist() == evaluate(wanted, x).tolist()


def test_only_sums_that_are_too_wide_are_rounded():
    shifts = [with_argmax(windowed_network(seed)).argmax for seed in (PLANES, BYTES, WORDS)]
    rounded = with_argmax(replace(windowed_network(ROUNDED), output_scale=np.linspace(0.1, 1, 9))).argmax
    assert [each is not None and each.shift for each in shifts] == [0, 0, 0]
    assert rounded is not None
    assert rounded.shift


@pytest.mark.parametrize("stored", [INT8, INT32])
@pytest.mark.parametrize("count", [2, 3, 5, 6, 11])
def test_the_first_of_the_largest_is_left_and_proved(count: int, stored: IntegerFormat):
    made = CompiledTensors(identity(count, stored))
    rows = ties(count)[:: 3 ** max(0, count - 6)]
    assert made.run(made.link(), rows) == rows.argmax(axis=1)[:, None].tolist()
    assert made.prove(made.link()).problem == ""


def test_more_classes_than_a_byte_holds_are_proved():
    made = CompiledTensors(identity(300, INT8))
    rows = np.full((3, 300), -5)
    rows[0, 299], rows[1, 256], rows[2, 17] = 4, 127, -4
    assert made.run(made.link(), rows) == [[299], [256], [17]]
    assert made.prove(made.link()).problem == ""


@pytest.mark.parametrize("stored", [INT8, INT32])
@pytest.mark.parametrize(("offset", "answers"), [(300, {0}), (255, {0}), (254, {0, 1, 2, 3})])
def test_an_output_that_is_always_the_largest_is_proved(stored: IntegerFormat, offset: int, answers: set[int]):
    """With 255 more, -128 is as much as 127: of equals the first."""
    made = CompiledTensors(identity(4, stored, Argmax(np.ones(4, int), np.array([offset, 0, 0, 0]), 0)))
    assert {left for (left,) in made.run(made.link(), ties(4))} == answers
    assert made.prove(made.link()).problem == ""


def test_the_command_line_compiles_for_the_class_and_prints_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    network = replace(windowed_network(BYTES), output_scale=np.array([0.5, 0.7, 0.9, 0.6, 0.4]))
    write_params(network, tmp_path / "P")
    rows = np.random.default_rng(0).integers(-128, 128, (6, network.inputs))
    np.savetxt("rows.csv", rows, delimiter=",")
    made = CliRunner().invoke(app, ["compile", "P", "net", "--target", "cortex-m4", "--outputs", "argmax"])
    assert made.exit_code == 0, made.output
    assert "the number of the largest of 5, an int32; compared are stored outputs times whole factors" in made.stdout
    ran = CliRunner().invoke(app, ["run", "build/net", "rows.csv"])
    answers = evaluate(with_argmax(network), rows)[:, 0].astype(int)
    assert ran.stdout.split() == [str(answer) for answer in answers]
    header = (tmp_path / "build/net/net.h").read_text()
    assert "the output is the number of\n   the largest of 5 scores, from 0 on, of equals the first" in header
    assert "`output` is 1 values" not in header
    assert all(f"#define net_{what}\n" in header for what in ("OUTPUTS 1", "CLASSES 5"))
    assert "OUTPUT_SCALE" not in header


def test_c_beside_it_has_no_argmax():
    with pytest.raises(InputError, match="is not written as C"):
        dense_c(with_argmax(windowed_network(BYTES)), "net")


def test_one_output_has_no_largest():
    single = next(made for seed in range(100) if (made := windowed_network(seed)).outputs == 1)
    with pytest.raises(InputError, match="two outputs or more"):
        tensors_made(single, outputs="argmax")


def refused(made: CompiledTensors, copies: Mapping[str, list[str]]) -> set[str]:
    """The copies that are not proved. All others must be right in the emulator."""
    image, rows = made.link(copies), ties(made.network.outputs)
    program, wanted = decode_program(CORTEX_M4F_CORE, image), run_integers(made.network, rows).tolist()
    found = {name for name in copies if made.prove(image, name, program).problem}
    assert [name for name in copies.keys() - found if made.run(image, rows, name) != wanted] == []
    return found


SCORES = {
    "as they are": plain(4),
    "factors": Argmax(np.array([3, 1, 2, 5]), np.zeros(4, int), 0),
    "offsets": Argmax(np.ones(4, int), np.array([30, 7, 0, -4]), 0),
    "rounded": Argmax(np.array([1, 1, 2, 1]), np.full(4, 2), 2),
}


def tail(made: CompiledTensors) -> int:
    """Where the lines begin that find the largest."""
    return max(k for k, line in enumerate(made.lines) if line.startswith("ldr") and "[sp" in line)


def planted(made: CompiledTensors, old: str, new: str, last: bool = False) -> list[str]:
    """The program with the first or last place of some text replaced, in the lines that find the largest."""
    at = tail(made)
    before, found, behind = (str.rpartition if last else str.partition)("\n".join(made.lines[at:]), old)
    assert found
    return [*made.lines[:at], *f"{before}{new}{behind}".split("\n")]


FAULTS = {
    "equals go to the later one": ("adds.n r1, #1", "subs.n r1, #0", True),
    "the first of equals counts twice": ("adds.n r1, #1", "adds.n r1, #2", False),
    "another number": ("rsb.w r1, r1, #3", "rsb.w r1, r1, #2", False),
    "numbers from 1 on": ("rsb.w r1, r1, #3", "rsb.w r1, r1, #4", False),
    "a number of too few bits": ("ubfx r1, r1, #0, #2", "ubfx r1, r1, #0, #1", False),
    "a number of too many bits": ("ubfx r1, r1, #0, #2", "ubfx r1, r1, #0, #3", False),
    "the last one is missed": ("add.n r1, r6", "nop", False),
    "the second one is missed": ("add.n r1, r4", "nop", False),
    "one is taken twice": ("[r0, #1]", "[r0, #2]", False),
    "two are exchanged": (
        "ldrsb.w r3, [r0, #0]\nldrsb.w r4, [r0, #1]",
        "ldrsb.w r4, [r0, #0]\nldrsb.w r3, [r0, #1]",
        False,
    ),
    "one is taken without its sign": ("ldrsb.w r5", "ldrb.w r5", False),
    "another scale": ("rsb.w r5, r1, r5, lsl #2", "rsb.w r5, r1, r5, lsl #3", False),
    "differences are cut": ("usat r5, #31, r5", "usat r5, #9, r5", False),
    "the least": ("rsb.w r4, r1, r4, lsl #2", "sub.w r4, r1, r4, lsl #2", False),
    "a byte alone": ("str.n r1, [r0, #0]", "strb.n r1, [r0, #0]", False),
    "beside its place": ("str.n r1, [r0, #0]", "str.n r1, [r0, #4]", False),
    "what is there before": ("str.n r1, [r0, #0]", "nop", False),
}


def test_planted_faults_are_wrong_and_refused():
    made = CompiledTensors(identity(4, INT8))
    copies = {name: planted(made, *changed) for name, changed in FAULTS.items()}
    image, rows = made.link({f"f{k}": lines for k, lines in enumerate(copies.values())}), ties(4)
    program, wanted = decode_program(CORTEX_M4F_CORE, image), rows.argmax(axis=1)[:, None].tolist()
    for k, name in enumerate(copies):
        assert made.run(image, rows, f"f{k}") != wanted, name
        assert made.prove(image, f"f{k}", program).problem, name


def moved(made: CompiledTensors, size: int) -> Iterator[list[str]]:
    """Programs that take a neighbour in place of one output, or give the outputs behind one another number."""
    count = made.network.outputs
    for k in range(tail(made) + 1, len(made.lines)):
        line = made.lines[k]
        if line.startswith("ldr") and (found := re.search(r"\[r0, #(\d+)\]", line)):
            output = int(found[1]) // size
            other = output + 1 if output + 1 < count else output - 1
            changed = line.replace(found[0], f"[r0, #{size * other}]")
        elif line.startswith("adds.n r1, #1"):
            changed = line.replace("#1", "#2")
        else:
            continue
        yield [*made.lines[:k], changed, *made.lines[k + 1 :]]


@pytest.mark.parametrize(("count", "stored"), [(11, INT8), (6, INT32)])
def test_a_wrong_output_or_number_at_any_place_is_refused(count: int, stored: IntegerFormat):
    made = CompiledTensors(identity(count, stored))
    copies = {f"moved{k}": lines for k, lines in enumerate(moved(made, stored.bytes))}
    assert len(copies) == count + count - 1  # each output is loaded, and all but the first are counted
    image, rows = made.link({"right": made.lines, **copies}), 9 * np.eye(count, dtype=np.int64) - 5
    program, wanted = decode_program(CORTEX_M4F_CORE, image), run_integers(made.network, rows).tolist()
    assert made.prove(image, "right", program).problem == ""
    for name in copies:
        assert made.run(image, rows, name) != wanted, name
        assert made.prove(image, name, program).problem, name


@pytest.mark.parametrize("stored", [INT8, INT32])
@pytest.mark.parametrize("scores", SCORES)
def test_none_without_one_of_its_instructions_is_proved(stored: IntegerFormat, scores: str):
    made = CompiledTensors(identity(4, stored, SCORES[scores]))
    at = tail(made) + 1  # the block's address is in its register already
    copies = {f"without{k}": [*made.lines[:k], *made.lines[k + 1 :]] for k in range(at, len(made.lines))}
    assert made.prove(made.link()).problem == ""
    assert [made.lines[int(name[7:])] for name in copies.keys() - refused(made, copies)] == []


def ended(made: CompiledTensors, lines: str) -> list[str]:
    """The program with other lines in place of those that find the largest; r0 is where its outputs begin."""
    assert made.program.outputs == 0
    return [*made.lines[: tail(made) + 1], *lines.split("\n"), *made.lines[-2:]]


def largest(loads: str, to: str = "str r1, [r0]") -> str:
    """Which is the largest of r3 to r6."""
    keys = (f"adds r1, #1\nrsb.w r{k}, r1, r{k}, lsl #2\nusat r{k}, #31, r{k}\nadd r1, r{k}" for k in (4, 5, 6))
    return "\n".join([loads, "lsl r1, r3, #2", *keys, "rsb.w r1, r1, #3", "ubfx r1, r1, #0, #2", to])


def loaded(op: str, base: str, size: int) -> str:
    return "\n".join(f"{op} r{k + 3}, [{base}, #{size * k}]" for k in range(4))


BYTES_APART = "lsr r2, r1, #8\nstrb r2, [r0, #1]\nmov r2, #0\nstrb r2, [r0, #2]\nstrb r2, [r0, #3]\nstrb r1, [r0]"


def lifted(loads: str) -> str:
    """Outputs elsewhere, with 128 more."""
    moves = "\n".join(f"ldrb r3, [r0, #{k}]\neor r3, r3, #128\nstrb r3, [r0, #{k + 8}]" for k in range(4))
    return f"{moves}\nadd r2, r0, #8\n{loads}"


def twice(second: tuple[int, int]) -> str:
    """The largest is found in two trips of one run: of the outputs, then of them with the first two as said."""
    order = enumerate((0, 1, 2, 3, *second, 2, 3))
    moves = "\n".join(f"ldrb r3, [r0, #{k}]\nstrb r3, [r0, #{8 + at}]" for at, k in order)
    trip = largest(loaded("ldrsb.w", "r2", 1))
    return f"{moves}\nadd r2, r0, #8\nmov r7, #2\n.L1:\n{trip}\nadd r2, r2, #4\nsubs r7, r7, #1\nbne.w .L1"


OTHERS = "sub r3, r3, #128\nsub r4, r4, #128\nsub r5, r5, #128\nsub r6, r6, #128"
HALVES = "ldrh r2, [r0]\nstrh r2, [r0, #16]\nldrh r2, [r0, #{at}]\nstrh r2, [r0, #18]\n"
BACKWARDS = "\n".join(
    ["lsl r1, r6, #2\nsub r1, r1, #3"]
    + [f"lsl r{k + 3}, r{k + 3}, #2\nsub r{k + 3}, r{k + 3}, #{k}" for k in (2, 1, 0)]
    + [f"sub r{k}, r{k}, r1\nusat r{k}, #31, r{k}\nadd r1, r{k}" for k in (5, 4, 3)]
    + ["rsb.w r1, r1, #0\nubfx r1, r1, #0, #2\nstr r1, [r0]"]
)
WRITTEN = {
    "plain": (INT8, largest(loaded("ldrsb.w", "r0", 1)), True),
    "words": (INT32, largest(loaded("ldr", "r0", 4)), True),
    "bytes of the number": (INT8, largest(loaded("ldrsb.w", "r0", 1), BYTES_APART), True),
    "bytes of another number": (INT8, largest(loaded("ldrsb.w", "r0", 1), BYTES_APART.replace("#0", "#1")), False),
    "with 128 more": (INT8, lifted(largest(f"{loaded('ldrb', 'r2', 1)}\n{OTHERS}")), True),
    "with 128 more, all of them": (INT8, lifted(largest(loaded("ldrb", "r2", 1))), True),
    "with 128 more, as if not": (INT8, lifted(largest(loaded("ldrsb.w", "r2", 1))), False),
    "in two trips": (INT8, twice((0, 1)), True),
    "in two trips, right in the first": (INT8, twice((1, 0)), False),
    "in two trips, one missed in the second": (INT8, twice((0, 0)), False),
    "halves of one word": (INT32, HALVES.format(at=2) + largest(loaded("ldr", "r0", 4).replace("#0]", "#16]")), True),
    "halves of two words": (INT32, HALVES.format(at=6) + largest(loaded("ldr", "r0", 4).replace("#0]", "#16]")), False),
    "from the last one on": (INT8, f"{loaded('ldrsb.w', 'r0', 1)}\n{BACKWARDS}", True),
    "the lowest bytes of words": (INT32, largest(loaded("ldrsb.w", "r0", 4)), True),
}
NOT_SHOWN = {"from the last one on", "the lowest bytes of words"}  # right, and refused


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_otherwise_is_proved_where_it_is_right(name: str):
    stored, lines, is_right = WRITTEN[name]
    made = CompiledTensors(identity(4, stored))
    image, rows = made.link({"f": ended(made, lines)}), ties(4)
    assert (made.run(image, rows) == rows.argmax(axis=1)[:, None].tolist()) == is_right
    assert (made.prove(image).problem == "") == (is_right and name not in NOT_SHOWN)


def test_another_argmax_than_the_network_has_is_refused():
    made = CompiledTensors(identity(4, INT8))
    image = made.link()
    for other in (*SCORES.values(), None):
        made.network = replace(made.network, argmax=other)
        assert bool(made.prove(image).problem) == (other is not SCORES["as they are"])


@pytest.mark.parametrize("argmax", [None, plain(4)])
def test_words_of_which_upper_bytes_never_change_are_proved(argmax: Argmax | None):
    network = identity(4, INT32, argmax)
    *before, last = network.layers
    assert isinstance(last, IntegerDense)
    layers = (*before, replace(last, bias=np.array([128, 0, 128, 1000], np.int32)))
    made = CompiledTensors(replace(network, layers=layers, argmax=argmax))
    assert made.prove(made.link()).problem == ""
