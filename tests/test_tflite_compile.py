"""Int8 TensorFlow Lite files compiled: sums rounded once, on every core, proved, and to the bit what LiteRT gives."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armlet.anneal.engine import Annealing
from armlet.errors import InvariantError
from armlet.formats.params import write_params
from armlet.formats.read import read_any_network
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.targets import INTEGER_TARGETS
from armlet.select.integer.check.check_program import check_integer_program
from armlet.select.integer.select import select_integers
from generators.litert import litert
from generators.tflite_files import activated_chain, random_integer_chain, stored_rows
from oracles.run_integer_lines import run_integer_lines

QUICK = Annealing(moves=5, cycles=1)
TARGETS = INTEGER_TARGETS["cortex-m4"], INTEGER_TARGETS["cortex-m0plus"]
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


def chain(folder: Path, seed: int) -> tuple[Path, IntegerNetwork]:
    path = folder / "n.tflite"
    path.write_bytes(random_integer_chain(np.random.default_rng(seed)))
    network = read_any_network(path, tell=lambda note: None)
    assert isinstance(network, IntegerNetwork)
    return path, network


def rounded(network: IntegerNetwork, once: bool) -> IntegerNetwork:
    """The same numbers under the other rule."""

    def changed(by: object) -> Multiplier:
        assert isinstance(by, Multiplier)
        return replace(by, once=once)

    layers = tuple(replace(layer, requantisation=changed(layer.requantisation)) for layer in network.dense)
    return replace(network, layers=layers)


def shifted(network: IntegerNetwork, exponent: int) -> IntegerNetwork:
    """The first layer scaled by the power of two that is asked for: around a half the code is another."""
    first = network.dense[0]
    assert isinstance(first.requantisation, Multiplier)
    by = replace(first.requantisation, exponent=np.full(first.neurons, exponent))
    return replace(network, layers=(replace(first, requantisation=by), *network.dense[1:]))


@each_target
@pytest.mark.parametrize("seed", [11, 16, 24])
def test_a_compiled_file_is_litert_to_the_bit(seed: int, target: IntegerTarget, tmp_path: Path):
    path, network = chain(tmp_path, seed)
    program = select_integers(network, target, QUICK).program
    check_integer_program(program)
    rows = stored_rows(np.random.default_rng(seed), 16, network.inputs)
    assert [run_integer_lines(program, row) for row in rows.astype(int).tolist()] == litert(path, rows).tolist()


@each_target
def test_tables_and_clamps_of_activations_are_litert_to_the_bit(target: IntegerTarget, tmp_path: Path):
    path, rng = tmp_path / "n.tflite", np.random.default_rng(3)
    path.write_bytes(activated_chain(rng, ["TANH", "RELU6", "LOGISTIC"], -9, 12.0))
    network = read_any_network(path, tell=lambda note: None)
    assert isinstance(network, IntegerNetwork)
    program = select_integers(network, target, QUICK).program
    check_integer_program(program)
    rows = stored_rows(rng, 16, network.inputs)
    given = [run_integer_lines(program, row) for row in rows.astype(int).tolist()]
    assert len(np.unique(np.array(given))) > 3
    assert given == litert(path, rows).tolist()
    write_params(network, tmp_path / "P")
    assert read_any_network(tmp_path / "P").digest() == network.digest()


@each_target
@pytest.mark.parametrize("exponent", [-7, -2, -1, 0, 1])
def test_every_exponent_is_rounded_once(exponent: int, target: IntegerTarget, tmp_path: Path):
    network = shifted(chain(tmp_path, 27)[1], exponent)
    program = select_integers(network, target, QUICK).program
    check_integer_program(program)
    rows = stored_rows(np.random.default_rng(1), 16, network.inputs).astype(np.int64)
    assert [run_integer_lines(program, row) for row in rows.tolist()] == run_integers(network, rows).tolist()


@each_target
@pytest.mark.parametrize("once", [False, True])
def test_a_program_that_rounds_by_the_other_rule_is_refused(once: bool, target: IntegerTarget, tmp_path: Path):
    network = rounded(chain(tmp_path, 11)[1], once)
    program = select_integers(network, target, QUICK).program
    check_integer_program(program)
    with pytest.raises(InvariantError):
        check_integer_program(replace(program, network=rounded(program.network, not once)))


def test_a_params_folder_keeps_the_rule(tmp_path: Path):
    network = chain(tmp_path, 5)[1]
    for once in (False, True):
        write_params(rounded(network, once), tmp_path / str(once))
        again = read_any_network(tmp_path / str(once))
        assert again.digest() == rounded(network, once).digest()
    assert rounded(network, False).digest() != rounded(network, True).digest()
