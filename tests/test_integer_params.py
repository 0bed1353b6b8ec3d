"""Networks in integers go to disk and come back whole, can be run by NumPy alone, and broken folders are refused."""

import re
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.errors import InputError
from armlet.formats.declaration import Declaration
from armlet.formats.integer_params import read_integer_params
from armlet.formats.params import params_files, read_params, write_params
from armlet.formats.read import read_any_network, read_network
from armlet.integer.formats import INT32, UINT8
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerDense
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Shift
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from generators.damage import mutations
from generators.integer_params import draw_integer_network
from generators.integer_planes import draw_integer_planes
from generators.windows import windowed_network

seeds = st.integers(0, 2**32 - 1)


def refused(read: Callable[[], object]) -> str:
    """The one line with which a reader refuses."""
    with pytest.raises(InputError) as caught:
        read()
    line = str(caught.value)
    assert "\n" not in line
    return line


def tiny() -> IntegerNetwork:
    """Three inputs, two hidden ReLU neurons stored in bytes, two sums as outputs."""
    weight, bias = np.array([[1, -2, 0], [4, 0, 8]]), np.array([16, -300])
    ends = np.zeros(2, int), np.full(2, 255)
    hidden = IntegerDense(weight, bias, Shift(np.array([3, 4])), Activation.RELU, UINT8, *ends)
    ends = np.full(2, INT32.low), np.full(2, INT32.high)
    last = IntegerDense(np.array([[1, -1], [0, 2]]), np.array([5, -5]), None, Activation.LINEAR, INT32, *ends)
    scale, zero = np.full(3, 1 / 255), np.zeros(3, int)
    domain = InputDomain.uniform(3)
    return IntegerNetwork((hidden, last), domain, (3,), UINT8, scale, zero, np.array([0.5, 0.25]), np.zeros(2, int))


@given(seeds, st.sampled_from((draw_integer_planes, None)))
def test_layers_of_every_kind_read_back_whole(
    tmp_path: Path, seed: int, draw: Callable[[np.random.Generator], IntegerNetwork] | None
):
    network = draw(np.random.default_rng(seed)) if draw else windowed_network(seed)
    write_params(network, tmp_path / "P")
    back = read_any_network(tmp_path / "P")
    assert isinstance(back, IntegerNetwork)
    assert (back.digest(), back.wiring) == (network.digest(), network.wiring)
    assert params_files(back) == params_files(network)


PLANES = """[network]
kind = "integer"
format = 1
shape = [2, 3, 3]

[[layer]]
kind = "conv"
activation = "linear"
stored = "int8"
scaling = "shift"
low = -128
high = 127
zero = 0
slope = 0
stride = [1, 1]
padding = [1, 1, 1, 1]
dilation = [1, 1]
groups = 1
border = 0

[[layer]]
kind = "add"
inputs = [0, "input"]
offset = [0, 0]
raised = 20
scaling = "multiplier"
rescaling = "multiplier"
stored = "int8"
low = -128
high = 127
zero = 0

[input]
stored = "int8"
scale = 1.0
zero = 0
origin = "undeclared"

[output]
scale = 1.0
zero = 0
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("", "", ""),
        ('kind = "conv"', 'kind = "dense"', "contains unknown field"),
        ('kind = "conv"', 'kind = "soup"', "Invalid value 'soup'"),
        ("border = 0\n", "", "missing required field `border`"),
        ("border = 0", "border = 200", "has 200 in its padding"),
        ("stride = [1, 1]", "stride = [1]", "Expected `array` of length >= 2"),
        ("stride = [1, 1]", "stride = [0, 1]", "stride"),
        ("groups = 1", "groups = 3", "groups"),
        ("groups = 1", "groups = 2", "channels"),
        ("padding = [1, 1, 1, 1]", "padding = [0, 0, 0, 0]", "adds two tensors of one shape"),
        ('inputs = [0, "input"]', 'inputs = [0, "output"]', "Invalid"),
        ('inputs = [0, "input"]', "inputs = [0, 5]", "layer 5 gives, which does not stand before it"),
        ('inputs = [0, "input"]', "inputs = [0]", "takes 2 inputs, 1 are named"),
        ("raised = 20", "raised = 99", "raised"),
        ("shape = [2, 3, 3]", "shape = [2, 9000, 9000]", "holds more than"),
        ("shape = [2, 3, 3]", "shape = [18]", "takes channels x height x width"),
        ('scaling = "shift"', 'scaling = "none"', "stores sums as they are"),
    ],
)
def test_what_is_wrong_with_layers_of_other_kinds_is_one_line(tmp_path: Path, old: str, new: str, says: str):
    arrays = {"W_0": np.ones((2, 2, 3, 3), np.int8), "b_0": np.zeros(2, np.int32), "shift_0": np.full(2, 4, np.int8)}
    arrays |= {"multiplier_1": np.full(3, 1 << 30, np.int32), "exponent_1": np.array([0, 0, -19], np.int8)}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    assert old in PLANES
    (tmp_path / "network.toml").write_text(PLANES.replace(old, new, 1))
    if not says:
        assert read_integer_params(tmp_path, tell=lambda _: None).shapes[-1] == (2, 3, 3)
        return
    assert says in refused(lambda: read_integer_params(tmp_path, tell=lambda _: None))


@pytest.mark.parametrize(
    ("name", "array", "says"),
    [
        ("W_0", np.ones((2, 18), np.int8), "height x width"),
        ("W_0", np.ones((2, 2, 3, 0), np.int8), "height x width"),
        ("multiplier_1", np.full(2, 1 << 30, np.int32), "is not of three"),
    ],
)
def test_a_wrong_array_of_other_kinds_is_refused(tmp_path: Path, name: str, array: np.ndarray, says: str):
    arrays = {"W_0": np.ones((2, 2, 3, 3), np.int8), "b_0": np.zeros(2, np.int32), "shift_0": np.full(2, 4, np.int8)}
    arrays |= {"multiplier_1": np.full(3, 1 << 30, np.int32), "exponent_1": np.array([0, 0, -19], np.int8)}
    for key, content in {**arrays, name: array}.items():
        np.save(tmp_path / f"{key}.npy", content)
    (tmp_path / "network.toml").write_text(PLANES)
    assert says in refused(lambda: read_integer_params(tmp_path))


@given(seeds)
def test_a_params_folder_of_integers_reads_back_whole(tmp_path: Path, seed: int):
    network = draw_integer_network(np.random.default_rng(seed))
    write_params(network, tmp_path / "P")
    back = read_any_network(tmp_path / "P")
    assert isinstance(back, IntegerNetwork)
    assert back.digest() == network.digest()
    assert (back.shape, back.output, back.domain.origin) == (network.shape, network.output, network.domain.origin)
    assert back.input_format is network.input_format
    assert params_files(back) == params_files(network)


def test_arrays_stand_in_the_narrowest_type(tmp_path: Path):
    write_params(tiny(), tmp_path / "P")
    kinds = {path.stem: str(np.load(path).dtype) for path in (tmp_path / "P").glob("*.npy")}
    assert kinds == {"W_0": "int8", "W_1": "int8", "b_0": "int32", "b_1": "int32", "shift_0": "int8"}


def test_the_lines_of_numpy_in_the_documentation_run_such_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = Path("docs/network.md").read_text()
    section = text[text.index("## Networks in integers") :]
    lines = re.search(r"```python\n(.*?)```", section, re.S)
    assert lines
    monkeypatch.chdir(tmp_path)
    network = tiny()
    write_params(network, tmp_path / "PARAMS")
    x = np.random.default_rng(1).random((20, 3))
    names: dict[str, object] = {"x": x}
    exec(lines[1], names)
    stored, outputs = run_integers(network, network.quantise(x)), names["outputs"]
    assert np.array_equal(np.asarray(outputs), network.real(stored))


def test_provenance_reads_back(tmp_path: Path):
    network = tiny()
    told = {"trained_by": 'one "more"', "sparsify_distance": 0.25}
    layers, domain = network.dense, network.domain
    scales = (network.input_scale, network.input_zero, network.output_scale, network.output_zero)
    write_params(IntegerNetwork(layers, domain, (3,), UINT8, *scales, told), tmp_path / "P")
    assert dict(read_integer_params(tmp_path / "P").provenance) == told


def test_real_numbers_are_read_by_the_same_door(tmp_path: Path):
    from armlet.network.network import multilayer_perceptron

    real = multilayer_perceptron([np.eye(4, 9)], [np.zeros(4)], InputDomain.uniform(9))
    write_params(real, tmp_path / "P")
    assert read_any_network(tmp_path / "P", Declaration(low=0, high=2)).domain.high.max() == 2


def test_what_reads_real_numbers_refuses_integers_and_says_so(tmp_path: Path):
    write_params(tiny(), tmp_path / "P")
    assert "holds a network in integers" in refused(lambda: read_params(tmp_path / "P"))
    assert "holds a network in integers" in refused(lambda: read_network(tmp_path / "P"))


def test_nothing_is_declared_of_integers(tmp_path: Path):
    write_params(tiny(), tmp_path / "P")
    assert "--declare" in refused(lambda: read_any_network(tmp_path / "P", Declaration(low=0, high=1)))


def test_an_array_that_is_not_read_is_told(tmp_path: Path):
    write_params(tiny(), tmp_path / "P")
    np.save(tmp_path / "P" / "shift_1.npy", np.zeros(2, np.int8))
    told: list[str] = []
    read_any_network(tmp_path / "P", tell=told.append)
    assert told == [f"{tmp_path / 'P'}: shift_1.npy is not read"]


@pytest.mark.parametrize(
    ("name", "array", "says"),
    [
        ("W_0", np.eye(2, 3), "holds float64, not whole numbers"),
        ("W_0", np.ones(3, int), "has shape (3,)"),
        ("W_0", np.full((2, 3), 40_000), "weight goes beyond int16"),
        ("W_0", np.ones((2, 3), np.uint64), "holds uint64"),
        ("W_1", np.ones((2, 3), int), "layer 1 takes 3 values, layer 0 gives 2 (W_1.npy)"),
        ("b_0", np.ones(3, int), "weight has shape (2, 3), there are 3 biases"),
        ("b_0", np.full(2, 1 << 31), "bias goes beyond int32"),
        ("shift_0", np.array([3, 32]), "lies outside 0 to 31"),
        ("shift_0", np.array([3]), "there are 2 neurons"),
        ("W_2", np.eye(2, dtype=int), "there is a W_2.npy"),
    ],
)
def test_a_wrong_array_is_refused_with_its_place(tmp_path: Path, name: str, array: np.ndarray, says: str):
    write_params(tiny(), tmp_path / "P")
    np.save(tmp_path / "P" / f"{name}.npy", array)
    line = refused(lambda: read_any_network(tmp_path / "P"))
    assert says in line
    assert str(tmp_path / "P") in line


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('stored = "uint8"', 'stored = "uint9"', "Invalid enum value 'uint9'"),
        ("zero = 0", "zero = 99999999999", "`int` <= 2147483647"),
        ("high = 255", "high = 256", "goes beyond uint8"),
        ("high = 255", "high = [255]", "high has 1 numbers for 2"),
        ("slope = 0", "slope = 3", "slope 3 does not go with relu"),
        ("format = 1", "format = 2", "network.format is 2"),
        ("shape = [3]", "shape = [4]", "does not hold the 3 inputs"),
        ("scale = 0.00392156862745098", "scale = nan", "is not a positive number"),
        ("low = 0.0\n", "", "is declared without low and high"),
        ("low = 0.0\n", "low = 2.0\n", "upside down"),
        ('origin = "declared"', 'origin = "undeclared"', "is called undeclared"),
        ('scaling = "none"', 'scaling = "shift"', "shift_1.npy"),
        ('activation = "relu"', 'activation = "tanh"', "table_0.npy"),
        ("slope = 0", "slop = 0", "unknown field `slop`"),
    ],
)
def test_a_wrong_word_is_refused_with_its_place(tmp_path: Path, old: str, new: str, says: str):
    write_params(tiny(), tmp_path / "P")
    toml = tmp_path / "P" / "network.toml"
    text = toml.read_text()
    assert old in text
    toml.write_text(text.replace(old, new, 1))
    line = refused(lambda: read_any_network(tmp_path / "P"))
    assert says in line
    assert str(tmp_path / "P") in line


FILES = sorted(params_files(tiny()))


@settings(max_examples=300)
@given(st.sampled_from(FILES), st.data())
def test_a_damaged_folder_reads_or_is_refused(tmp_path: Path, name: str, data: st.DataObject):
    files = params_files(tiny())
    write_params(tiny(), tmp_path / "P")
    content = files[name]
    valid = content.encode() if isinstance(content, str) else content
    (tmp_path / "P" / name).write_bytes(data.draw(mutations(valid)))
    with suppress(InputError):
        read_any_network(tmp_path / "P", tell=lambda _: None)


def test_the_description_is_toml_and_says_every_format(tmp_path: Path):
    write_params(tiny(), tmp_path / "P")
    said = tomllib.loads((tmp_path / "P" / "network.toml").read_text())
    assert [layer["stored"] for layer in said["layer"]] == [UINT8.name, INT32.name]
    assert said["network"]["kind"] == "integer"
    assert said["input"]["stored"] == UINT8.name
