"""What instructions mean to the proof of integers is what the emulated core does, value by value."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from armlet.integer.forms.linear import Linear
from armlet.integer.forms.words import Word, Words
from armlet.isa.semantics import Term
from armlet.isa.thumb.cortex_m4f_core import CORTEX_M4F_CORE
from armlet.isa.thumb.integer.semantics import compile_integer_step
from emulated import machine
from oracles.form_values import MASK, evaluate

ENDS = (-300, 300), (0, 255), (-(1 << 31), (1 << 31) - 1)  # of r1, r2 and r3; r4 to r7 are numbers
FORMS = """
smlal r3, r1, r4, r2|smlal r1, r3, r2, r5|smull r1, r2, r4, r1|smlal r4, r5, r6, r1
smmla r1, r1, r4, r5|smmlar r1, r3, r5, r4|smmla r3, r4, r3, r6|smmul r1, r3, r4
eor r1, r1, #0x80000000|eor r2, r2, #128|eor r1, r1, r4|eors r1, r2, #255|eor r3, r3, #0xff00ff00
orr r1, r2, #0x5000000|orr r2, r2, r4, lsl #8|and r1, r3, #0xff00|bic r3, r3, #0xff0000|and r3, r3, #0xffff00ff
"""


@dataclass
class Registers:
    """Of all that a machine has, the registers."""

    terms: Words
    held: dict[str, Word]
    flagged: list[Word] = field(default_factory=list)

    def get(self, register: str) -> Term:
        return self.held[register]

    def put(self, register: str, term: Term) -> None:
        self.held[register] = term

    def flag(self, term: Term) -> None:
        self.flagged.append(term)


@pytest.mark.parametrize("text", [text for line in FORMS.split("\n") for text in line.split("|") if text])
def test_an_instruction_means_what_the_core_does(text: str):
    rng = np.random.default_rng(len(text))
    numbers = [int(n) for n in rng.integers(0, 1 << 32, 4)]
    loads = "\n".join(f"movw r{4 + k}, #{n & 0xFFFF}\nmovt r{4 + k}, #{n >> 16}" for k, n in enumerate(numbers))
    body = f"push {{r4-r7}}\n{loads}\nldm r0, {{r1-r3}}\n{text}\nstm r0, {{r1-r7}}\npop {{r4-r7}}\nbx lr\n"
    core = machine(body)
    (form,) = CORTEX_M4F_CORE.decoder().decode(_code(text), 0)
    words = Words()
    inputs = [words.word(Linear(0, {words.unknowns.given("input", i, end): 1})) for i, end in enumerate(ENDS)]
    state = Registers(words, {f"r{k}": word for k, word in enumerate([*inputs, *map(words.constant, numbers)], 1)})
    compile_integer_step(form)(state, 0)  # pyright: ignore[reportArgumentType]
    place = core.reserve(64)
    for _ in range(20):
        sample = [int(rng.choice(np.array([low, high, rng.integers(low, high + 1)]))) for low, high in ENDS]
        core.write(place, np.array([x & MASK for x in sample], "<u4").tobytes())
        core.call("f", (place,))
        left = np.frombuffer(core.read(place, 28), "<u4").tolist()
        found = [evaluate(words.unknowns, words.form(state.held[f"r{k}"]), sample) & MASK for k in range(1, 8)]
        assert found == left


def _code(text: str) -> bytes:
    """The bytes of one instruction."""
    core = machine(f"{text}\nbx lr\n")
    return core.read(core.image.address("f"), core.image.sizes["f"] or 4)[:4]
