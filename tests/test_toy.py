"""A new arithmetic and a new instruction set join as files under their roofs: nothing else knows of them."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from armlet.arithmetic.arithmetics import known_arithmetics
from armlet.config import AnnealOptions, CompileOptions
from armlet.errors import InvariantError
from armlet.isa.targets import known_targets
from armlet.pipeline import Compilation, compile_network
from armlet.schedule.interpret import run_order
from armlet.select.check.check_program import check_program
from generators.perceptrons import random_network

TOY = Path(__file__).parent / "toy"


@pytest.fixture(scope="module", autouse=True)
def joined() -> Iterator[None]:
    """The two folders of the toy lie under the roofs as long as the tests of this file run."""
    with pytest.MonkeyPatch.context() as patch:
        for room in ("arithmetic", "isa"):
            patch.setattr(import_module(f"armlet.{room}"), "__path__", [
                *import_module(f"armlet.{room}").__path__, str(TOY / room)
            ])  # fmt: skip
        patch.setattr("armlet.isa.find.TARGETS", known_targets())
        yield


@pytest.fixture
def made() -> Compilation:
    options = CompileOptions("eight", "float64", anneal=AnnealOptions(moves=50))
    return compile_network(random_network([12, 10, 3], 0.7, 1), "net", options)


def test_the_toys_are_found_by_where_they_lie():
    assert "float64" in {each.format.name for each in known_arithmetics()}
    assert "eight" in known_targets()


def test_the_compiler_computes_in_the_toys_arithmetic(made: Compilation):
    x = np.random.default_rng(0).uniform(0, 1, (20, 12))
    outputs = run_order(made.order, x)
    assert outputs.dtype == np.float64
    assert np.abs(outputs - made.network(x)).max() < 1e-12
    assert made.program.arithmetic.format.name == made.bundle.manifest.dtype == "float64"


def test_the_toys_program_is_checked_in_eight_registers(made: Compilation):
    assert made.program.highest_float < 8
    check_program(made.program)
    check_program(made.program.with_lines(made.program.lines.copy()))


def test_the_checker_sees_every_bit_of_a_double(made: Compilation):
    bits = made.program.constants.copy().view(np.uint64)
    for bit in (0, 31, 32, 51, 62):
        wrong = bits ^ np.uint64(1 << bit)
        with pytest.raises(InvariantError):
            check_program(replace(made.program, constants=wrong.view(np.float64)))


def test_the_toys_files_have_its_words_and_its_size(made: Compilation):
    text = made.bundle.files["net.S"].decode()
    assert "multiply v" in text
    assert ".quad 0x" in text
    assert b"const double *input" in made.bundle.files["net.h"]
    memory = made.bundle.manifest.memory
    assert memory.constants == 8 * len(made.program.constants)
    assert memory.block in (0, 8 * 12)
