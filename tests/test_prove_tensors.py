"""The proof of programs on tensors accepts what is right and refuses every copy that is not, judged by running it."""

from collections.abc import Sequence

import numpy as np
import pytest

from armlet.errors import ToolchainError
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.mutate.controls import flip
from armlet.select.tensors.bodies.convolution import Shape
from armlet.simulate.decoded import decode_program
from compiled_tensors import CompiledTensors
from generators.windows import Drawn, Windows, add_convolution, windowed_network
from oracles.whole_forms import holds_whole
from tensor_cases import one_layer
from tensor_programs import TensorProgram


@pytest.mark.parametrize(
    "program",
    [
        {},
        {"across": 2},
        {"across": 4},
        {"together": 2, "across": 2},
        {"stride": (2, 2), "size": (8, 8), "across": 2},
        {"shifted": True},
        {"channels": (4, 4), "groups": 4, "across": 2},
        {"kernel": (1, 1), "padding": (0, 0, 0, 0), "size": (2, 2)},
    ],
    ids=str,
)
def test_a_right_convolution_is_proved(program: dict[str, object]):
    made = one_layer(**program)  # pyright: ignore[reportArgumentType]
    image = made.link()
    assert made.is_right(image)
    assert made.prove(image).problem == ""


def accepted(made: TensorProgram, copies: dict[str, list[str]]) -> set[str]:
    """The copies that are proved; all of them must be right in the emulator."""
    image = made.link(copies)
    program = decode_program(CORTEX_M4F_CORE, image)
    found = {name for name in copies if not made.prove(image, name, program).problem}
    assert {name for name in found if not made.is_right(image, name)} == set()
    return found


def deleted(lines: Sequence[str]) -> dict[str, list[str]]:
    """The program without each of its instructions."""
    return {f"without{k}": [*lines[:k], *lines[k + 1 :]] for k, line in enumerate(lines) if not line.endswith(":")}


def test_no_convolution_without_one_of_its_instructions_is_proved():
    made = one_layer(across=2, together=2)
    assert len(accepted(made, deleted(made.lines))) <= 4


def test_what_is_proved_holds_on_the_forms_of_all_inputs():
    """The plain judge executes every trip; it is asked of every copy without an instruction."""
    made = one_layer(size=(2, 2), channels=(1, 1), density=0.6)
    copies = {"right": [*made.lines]} | deleted(made.lines)
    image = made.link(copies)
    program, contract = decode_program(CORTEX_M4F_CORE, image), made.contract()
    proved = {name for name in copies if not made.prove(image, name, program).problem}
    plain = {name for name in copies if holds_whole(program, image, made.call(image, entry=name), contract)}
    assert "right" in proved <= plain


def test_no_convolution_with_another_bit_is_proved_that_computes_something_else():
    made = one_layer(across=2, stride=(2, 2), size=(4, 4))
    image, refused = made.link(), 0
    for section in (image.section(".text"), image.section(".rodata")):
        for bit in range(0, 8 * section.size, 11):
            copy = flip(image, section, section.address + bit // 8, bit % 8)
            try:
                problem = made.prove(copy).problem
            except ToolchainError:
                continue
            refused += bool(problem)
            assert problem or made.is_right(copy, count=16), f"{section.name}, bit {bit}"
    assert refused > 80


@pytest.mark.parametrize("seed", range(10))
def test_what_is_compiled_is_proved(seed: int):
    """Layers of all kinds, memory that tensors hand on to each other."""
    made = CompiledTensors(windowed_network(seed))
    image = made.link()
    assert made.is_right(image)
    assert made.prove(image).problem == ""


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_no_compiled_program_without_one_of_its_instructions_is_proved(seed: int):
    made, random = CompiledTensors(windowed_network(seed)), np.random.default_rng(seed)
    copies = deleted(made.lines)
    copies = {name: copies[name] for name in random.permutation(sorted(copies))[:40].tolist()}
    image = made.link(copies)
    program = decode_program(CORTEX_M4F_CORE, image)
    found = [name for name in copies if not made.prove(image, name, program).problem]
    assert [name for name in found if not made.is_right(image, name, 20)] == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "movs r1, #115",
            "movs r1, #114",
            "layer 0, channel 0, row 0, column 0: its bias, scaling or clamp is another",
        ),
        ("usat r5, #8", "usat r5, #7", "layer 0, channel 0, row 0, column 0: its bias, scaling or clamp is another"),
        ("ssat", "usat", "layer 0, channel 0, row 2, column 0: its bias, scaling or clamp is another"),
        ("str r12, [r0, #0]", "nop", "row 0, column 0: its sum takes in what is no value of the network"),
        ("eor r7, r7, #0x80", "nop", "layer 0, channel 0, row 2, column 0: it is no function of one sum"),
        ("bne.w L4", "nop", "layer 0, channel 0, row 1, column 0 is not what is left as output"),
        ("subs r2, #1\nbne.w L3", "subs r2, #5\nbne.w L3", "accesses 0x28000140, outside its memory"),
        ("ldr r1, [sp, #4]", "ldr r1, [sp, #28]", "takes an address that depends on data"),
        ("ldr r2, [r0, #4]", "ldr r2, [r0, #2]", "accesses 0x28000042, which is not aligned"),
        ("str r2, [sp, #12]", "str r7, [sp, #12]", "goes on by what depends on data"),
        ("sub sp, #32", "sub sp, #40", "out of the stack that is declared"),
        ("cmp r0, r2", "cmp r0, r7", "goes on by what depends on data"),
        ("cmp r0, r2", "cmp r1, r2", "goes on by where memory lies"),
        ("pop.w {r4", "pop.w {r3", "does not give back r4"),
    ],
)
def test_what_is_wrong_is_said_in_words(before: str, after: str, said: str):
    made = one_layer()
    text = "\n".join(made.lines)
    assert before in text, text
    image = made.link({"f": text.replace(before, after, 1).split("\n")})
    assert said in made.prove(image).problem


@pytest.mark.parametrize("shape", [Shape(4, 1, True), Shape(2, 2), Shape(1, 4)])
def test_a_proof_takes_no_longer_for_more_positions(shape: Shape, monkeypatch: pytest.MonkeyPatch):
    """Bodies whose results lie beside their windows, in rows that lie otherwise, and half as wide."""
    drawn = Drawn.of(np.random.default_rng(3), (2, 24, 32))
    for outputs, stride in ((4, 1), (4, 1), (3, 2)):
        windows = Windows((3, 3), stride=(stride, stride), sides=(1, 1, 1, 1))
        add_convolution(drawn, outputs, windows, -128)
    made = CompiledTensors(drawn.network(), [shape] * 3)
    monkeypatch.setattr("armlet.prove.tensors.prove._EACH", 4)  # 64 elsewhere; there are hundreds of trips
    assert made.prove(made.link()).problem == ""
