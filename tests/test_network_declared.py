"""What inputs are is declared, implied by mean and std, or unknown; likely mistakes are named with a cure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from armlet.errors import ArmletWarning, InputError
from armlet.formats.arrays import write_npy, write_npz
from armlet.formats.declaration import Declaration
from armlet.formats.declare import parse_declaration
from armlet.formats.params import read_params, write_params
from armlet.formats.read import read_network
from armlet.formats.spelling import activation_called
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain, Origin, domain_of
from armlet.network.network import Network
from armlet.network.outputs import OutputKind
from generators.networks import networks

W0 = np.arange(12, dtype=np.float32).reshape(3, 4)
W1 = np.ones((2, 3), np.float32)
PLAIN = {"W_0": W0, "b_0": np.zeros(3), "W_1": W1, "b_1": np.zeros(2)}


def folder(path: Path, toml: str | None = None, **arrays: Any) -> Path:
    path.mkdir()
    for name, array in (PLAIN | arrays).items():
        if array is not None:
            (path / f"{name}.npy").write_bytes(write_npy(np.asarray(array)))
    if toml is not None:
        (path / "network.toml").write_text(toml)
    return path


def heard(path: Path, declare: str = "") -> tuple[Network, list[str]]:
    notes: list[str] = []
    return read_network(path, parse_declaration(declare) if declare else Declaration(), notes.append), notes


def refused(read: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@given(networks())
def test_what_is_known_of_a_domain_comes_back_with_the_folder(tmp_path: Path, network: Network):
    write_params(network, tmp_path / "P")
    assert read_params(tmp_path / "P").domain.origin is Origin.DECLARED


@pytest.mark.parametrize("toml", [None, "", "[network]\n", "[input]\n", "[input]\nmean = 0\nstd = 1.0\n"])
def test_inputs_of_which_nobody_says_anything_are_undeclared(tmp_path: Path, toml: str | None):
    network, notes = heard(folder(tmp_path / "P", toml))
    assert network.domain.origin is Origin.UNDECLARED
    assert (network.domain.low == -np.inf).all()
    assert not notes
    write_params(network, tmp_path / "Q")
    assert read_params(tmp_path / "Q").domain.origin is Origin.UNDECLARED


def test_mean_and_std_alone_imply_an_interval_of_four_std(tmp_path: Path):
    network, _ = heard(folder(tmp_path / "P", "[input]\nmean = 2.0\nstd = [1.0, 2.0, 3.0, 0.5]\n"))
    domain = network.domain
    assert domain.origin is Origin.IMPLIED
    assert domain.low.tolist() == [-2, -6, -10, 0]
    assert domain.high.tolist() == [6, 10, 14, 4]
    write_params(network, tmp_path / "Q")
    back = read_params(tmp_path / "Q")
    assert back.domain.origin is Origin.IMPLIED
    assert back.digest() == network.digest()


@pytest.mark.parametrize("where", ["folder", "npz", "flag", "python", "toml behind the flag"])
def test_there_are_five_ways_to_declare_and_they_agree(tmp_path: Path, where: str):
    low, high, mean, std = np.full(4, -1.0), np.full(4, 3.0), np.full(4, 0.5), np.full(4, 2.0)
    match where:
        case "folder":
            got, notes = heard(folder(tmp_path / "P", low=low, high=high, mean=mean, std=std))
        case "npz":
            path = tmp_path / "n.npz"
            path.write_bytes(write_npz(PLAIN | {"low": low, "high": high, "mean": mean[:1], "std": std}))
            got, notes = heard(path)
        case "flag":
            got, notes = heard(folder(tmp_path / "P"), "low=-1,high=3 mean=0.5, std=2")
        case "python":
            notes = []
            got = read_network(folder(tmp_path / "P"), Declaration(low=low, high=3, mean=0.5, std=std))
        case _:
            (tmp_path / "d.toml").write_text("[input]\nlow = -1\nhigh = 3\nmean = 0.5\nstd = [2, 2, 2, 2]\n")
            got, notes = heard(folder(tmp_path / "P"), str(tmp_path / "d.toml"))
    assert notes == []
    wanted = InputDomain.uniform(4, -1, 3, 0.5, 2)
    assert got.domain.origin is wanted.origin
    for name in ("low", "high", "mean", "std"):
        assert np.array_equal(getattr(got.domain, name), getattr(wanted, name)), name


def test_a_flag_wins_over_the_file_word_by_word(tmp_path: Path):
    path = folder(tmp_path / "P", '[network]\nshape = [2, 2]\noutput = "values"\n[input]\nlow = 0\nhigh = 1\n')
    network, _ = heard(path, "high=255,shape=4")
    assert (network.domain.low[0], network.domain.high[0]) == (0, 255)
    assert network.shape == (4,)
    assert network.output is OutputKind.VALUES


WRONG = {
    "low without high": ("[input]\nlow = 0\n", "input.low is given without high; give high too"),
    "high without low": ("[input]\nhigh = 1\n", "input.high is given without low"),
    "mean without std": ("[input]\nmean = 1\n", "input.mean is given without std"),
    "mean outside": ("[input]\nlow = 0\nhigh = 1\nmean = [0, 0, 7, 0]\n", "input 2 has mean 7 outside its interval"),
    "std of 0": ("[input]\nmean = 1\nstd = [1, 0, 1, 1]\n", "input 1 has std 0.0, which is not positive; write 1"),
    "std below 0": ("[input]\nmean = 1\nstd = -1\n", "which is not positive; give a number above 0"),
    "upside down": ("[input]\nlow = 2\nhigh = 1\n", "upside down"),
    "too few": ("[input]\nlow = [1, 2]\nhigh = 3\n", "input.low: has 2 values for 4 inputs; give one"),
    "other inputs": ("[network]\ninputs = 5\n", "says 5 inputs, W says 4"),
    "other widths": ("[[layer]]\nwidth = 3\n[[layer]]\nwidth = 9\n", "widths are [3, 9], the arrays give [3, 2]"),
    "one layer too few": ('[[layer]]\nactivation = "relu"\n', "[[layer]] stands 1 times, the arrays give 2"),
    "unknown activation": ('[[layer]]\nactivation = "gelu"\n[[layer]]\n', "this armlet knows linear, relu"),
    "early softmax": ('[[layer]]\nactivation = "softmax"\n[[layer]]\n', "only the last layer may have it"),
    "softmax of values": ('[network]\noutput="values"\n[[layer]]\n[[layer]]\nactivation = "softmax"\n', "scores"),
    "unknown output": ('[network]\noutput = "logits"\n', "output"),
    "nan": ("[input]\nlow = nan\nhigh = 1\n", "is not finite"),
    "infinite": ("[input]\nlow = -inf\nhigh = inf\n", "is not finite"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_declaration_is_refused_in_one_line_with_the_file_and_the_cure(tmp_path: Path, name: str):
    toml, says = WRONG[name]
    line = refused(lambda: heard(folder(tmp_path / "P", toml)))
    assert says in line
    assert "network.toml" in line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("low", "is not word=value"),
        ("lower=3", "words: low, high, mean, std, shape, output, activation"),
        ("low=a", "low='a' is not a number"),
        ("low=1,low=2", "says low twice"),
        ("shape=3x", "is not a shape"),
        ("output=logits", "write scores or values"),
        ("activation=gelu", "this armlet knows"),
        ("shape=2x3", "does not hold 4 inputs"),
        ("low=0", "--declare: input.low is given without high; give high too"),
        ("mean=1", "--declare: input.mean is given without std"),
        ("lo=1,high=2", "'lo' is no word of a declaration"),
        ("nothing.toml", "cannot be read"),
    ],
)
def test_a_wrong_flag_is_refused_with_what_to_write(tmp_path: Path, text: str, says: str):
    path = folder(tmp_path / "P")
    assert says in refused(lambda: heard(path, text))


def test_the_same_thing_said_twice_is_refused(tmp_path: Path):
    path = folder(tmp_path / "P", "[input]\nmean = 0.5\nstd = 1\n", mean=np.zeros(4))
    assert "mean.npy: says mean, and so does" in refused(lambda: heard(path))


def test_what_is_not_read_is_named_and_a_missing_bias_is_said(tmp_path: Path):
    path = folder(tmp_path / "P", x=np.zeros(4), b_1=None)
    network, notes = heard(path)
    assert network.dense[1].bias.tolist() == [0, 0]
    assert notes == [f"{path}: x.npy is not read", f"{path / 'W_1.npy'}: has no bias beside it, zeros are taken"]
    with pytest.warns(ArmletWarning, match="is not read"):
        read_network(folder(tmp_path / "Q", x=np.zeros(4)))


def test_text_and_other_arrays_beside_a_network_are_named_and_not_opened(tmp_path: Path):
    np.savez(tmp_path / "n.npz", **PLAIN, author=np.array(["me"]), X_test=np.zeros((2, 4)))
    network, notes = heard(tmp_path / "n.npz")
    assert network.widths == (4, 3, 2)
    assert notes == [f"{tmp_path / 'n.npz'}: author, X_test are not read"]


@pytest.mark.parametrize("name", ["acts", "activations"])
@pytest.mark.parametrize("words", [["Tanh", "softmax"], [b"tanh", b"linear"]])
def test_activations_in_an_npz_are_read(tmp_path: Path, name: str, words: list[Any]):
    arrays: Any = PLAIN | {name: np.array(words)}
    np.savez(tmp_path / "n.npz", **arrays)
    network, _ = heard(tmp_path / "n.npz")
    assert network.activations == ("tanh", "linear")
    assert heard(tmp_path / "n.npz", "activation=relu")[0].activations == ("relu", "linear")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (np.array(["tanh"] * 3), "activation has 3 names for 2 layers"),
        (np.array(["gelu", "linear"]), "this armlet knows linear, relu"),
        (np.array(["tanh"] * 2)[None], "has shape (1, 2), not a list of words"),
        (np.array([1.0, 2.0]), "holds <f8, not words"),
        (np.array([0x11FFFF, 1], "<u4").view("<U1"), "write such as relu, relu, linear"),
    ],
)
def test_activations_that_are_none_are_refused(tmp_path: Path, words: np.ndarray, says: str):
    np.savez(tmp_path / "n.npz", **PLAIN, acts=words)
    assert says in refused(lambda: heard(tmp_path / "n.npz"))


def test_paths_may_be_text(tmp_path: Path):
    network, _ = heard(folder(tmp_path / "P", "[input]\nlow = 0\nhigh = 1\n"))
    write_params(network, str(tmp_path / "Q"))
    assert read_network(str(tmp_path / "Q")).digest() == read_params(str(tmp_path / "P")).digest() == network.digest()


LAYOUTS: dict[str, dict[str, np.ndarray]] = {
    "state_dict": {"0.weight": W0, "0.bias": np.ones(3), "2.weight": W1, "2.bias": np.zeros(2)},
    "names": {"fc2.weight": W1, "fc1.bias": np.ones(3), "fc2.bias": np.zeros(2), "fc1.weight": W0},
    "ten layers in": {"fc10.weight": W1, "fc10.bias": np.zeros(2), "fc9.weight": W0, "fc9.bias": np.ones(3)},
    "keras": {"d/kernel": W0.T, "d/bias": np.ones(3), "d_1/kernel": W1.T, "d_1/bias": np.zeros(2)},
    "keras variables": {
        "d_1/kernel:0": W0.T,
        "d_1/bias:0": np.ones(3),
        "d_2/kernel:0": W1.T,
        "d_2/bias:0": np.zeros(2),
    },
    "scikit-learn": {"coefs_0": W0.T, "coefs_1": W1.T, "intercepts_0": np.ones(3), "intercepts_1": np.zeros(2)},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_names_that_frameworks_give_are_read_and_the_order_is_said(tmp_path: Path, name: str):
    (tmp_path / "n.npz").write_bytes(write_npz(LAYOUTS[name]))
    network, notes = heard(tmp_path / "n.npz")
    assert network.dense[0].weight.tolist() == W0.tolist()
    assert network.dense[0].bias.tolist() == [1, 1, 1]
    assert network.dense[1].weight.tolist() == W1.tolist()
    assert len(notes) == 1
    assert "in the order" in notes[0]


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"W_1": np.ones((2, 5))}, "takes 5 values, layer 0 gives 3; write each W as outputs x inputs"),
        ({"b_0": np.zeros(5)}, "has 5 values, W_0.npy gives 3"),
        ({"W_1": np.ones(3)}, "it is no matrix; fold normalisation layers"),
        ({"W_1": np.ones((2, 3, 1, 1))}, "armlet reads outputs x inputs"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_with_the_likely_mistake(tmp_path: Path, arrays: Any, says: str):
    assert says in refused(lambda: heard(folder(tmp_path / "P", **arrays)))


def test_a_layer_of_normalisation_among_the_weights_is_named(tmp_path: Path):
    arrays = LAYOUTS["names"] | {"bn1.weight": np.ones(3), "bn1.bias": np.ones(3)}
    (tmp_path / "n.npz").write_bytes(write_npz(arrays))
    assert "n.npz: bn1.weight: has shape (3,), it is no matrix" in refused(lambda: heard(tmp_path / "n.npz"))


ALSO = ("noop", "rectifier", "rectifiedlinear", "lrelu", "clippedrelu6", "logsig", "hyperbolictangent", "tansig")
SPELT = {
    Activation.LINEAR: ("linear", "Linear", "identity", "Identity", "none"),
    Activation.RELU: ("relu", "ReLU", "RELU", "rectify"),
    Activation.LEAKY_RELU: ("leaky_relu", "LeakyReLU", "leakyrelu", "leaky-relu"),
    Activation.RELU6: ("relu6", "ReLU6"),
    Activation.SIGMOID: ("sigmoid", "logistic", "Sigmoid"),
    Activation.TANH: ("tanh", "Tanh", "TANH"),
}


def test_activations_are_known_by_the_names_of_keras_pytorch_and_scikit_learn():
    for kind, names in SPELT.items():
        assert {activation_called(name) for name in names} == {kind}


@given(st.text(max_size=20))
def test_any_other_name_of_an_activation_is_refused_with_those_there_are(name: str):
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    known = {"".join(c for c in spelt.lower() if c.isalnum()) for names in SPELT.values() for spelt in names}
    assume(plain not in known and plain not in ALSO)
    assert "activation" in refused(lambda: activation_called(name))


@pytest.mark.parametrize("name", ["softmax", "Softmax", "log_softmax", "LogSoftmax"])
def test_a_softmax_at_the_end_makes_scores_and_is_left_out_aloud(tmp_path: Path, name: str):
    path = folder(tmp_path / "P", f'[[layer]]\nactivation = "tanh"\n[[layer]]\nactivation = "{name}"\n')
    network, notes = heard(path)
    assert network.output is OutputKind.SCORES
    assert [layer.activation for layer in network.dense] == [Activation.TANH, Activation.LINEAR]
    assert len(notes) == 1
    assert "the outputs are the scores before it" in notes[0]
    write_params(network, tmp_path / "Q")
    assert heard(tmp_path / "Q")[1] == []


@pytest.mark.parametrize(("text", "kinds"), [("tanh", ["tanh", "linear"]), ("tanh+sigmoid", ["tanh", "sigmoid"])])
def test_activations_can_be_declared_for_files_that_cannot_say(tmp_path: Path, text: str, kinds: list[str]):
    network, _ = heard(folder(tmp_path / "P"), f"activation={text}")
    assert [layer.activation.value for layer in network.dense] == kinds


def test_values_outside_the_interval_are_told_by_row_column_value_and_interval():
    domain = domain_of(2, low=[0, -1], high=[2 * np.pi, 1])
    assert domain.outside(np.array([[np.float32(2 * np.pi), 1], [0, -1]], np.float32)) is None  # rounded up by float32
    found = domain.outside(np.array([[1, 0], [1, 0.5], [7, 3]], np.float32))
    assert found is not None
    assert (found.count, found.row, found.column, found.share) == (2, 2, 0, 2 / 6)
    assert str(found).startswith("row 3, column 1 is 7, outside its interval [0, 6.28319]; 2 of 6 values are")
    assert domain_of(1, low=-1e39, high=1e39).outside(np.array([[3e38], [-3e38]], np.float32)) is None
    assert InputDomain.undeclared(2).outside(np.full((1, 2), 3e38, np.float32)) is None


@given(st.integers(0, 2**32 - 1))
def test_draws_of_a_domain_lie_in_it_and_without_one_have_many_sizes(seed: int):
    random = np.random.default_rng(seed)
    declared, unknown = InputDomain.uniform(5, -3, 2), InputDomain.undeclared(5)
    rows = declared.draw(random, 20)
    assert rows.shape == (20, 5)
    assert ((rows >= -3) & (rows <= 2)).all()
    wide = np.abs(unknown.draw(random, 200)).max(axis=1)
    assert np.isfinite(wide).all()
    assert wide.max() / wide.min() > 100


def test_a_file_behind_the_flag_says_what_it_would_say_beside_the_arrays(tmp_path: Path):
    toml = (
        '[network]\ninputs = 4\noutputs = 2\n[[layer]]\nactivation = "LeakyReLU"\nslope = 0.3\nwidth = 3\n[[layer]]\n'
    )
    (tmp_path / "d.toml").write_text(toml)
    beside, _ = heard(folder(tmp_path / "P", toml))
    behind, _ = heard(folder(tmp_path / "Q"), str(tmp_path / "d.toml"))
    assert behind.digest() == beside.digest()
    assert behind.dense[0].slope == np.float32(0.3)
    for wrong, says in (("inputs = 4", "says 5 inputs, W says 4"), ("width = 3", "widths are [5, None]")):
        (tmp_path / "d.toml").write_text(toml.replace(wrong, wrong[:-1] + "5"))
        assert says in refused(lambda: heard(tmp_path / "Q", str(tmp_path / "d.toml")))
    (tmp_path / "d.toml").write_text("[[layer]]\n")
    assert "stands 1 times" in refused(lambda: heard(tmp_path / "Q", str(tmp_path / "d.toml")))
