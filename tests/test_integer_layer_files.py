"""PARAMS folders of networks in integers with any layers: the same network back, and each wrong key told."""

from pathlib import Path

import numpy as np
import pytest

from armlet.errors import InputError
from armlet.formats.integers.params import read_integer_params
from armlet.formats.params import write_params
from armlet.integer.bounds import tensor_bounds
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerConv, IntegerPool, PoolScaling
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Reduction
from generators.windows import Drawn, Windows, add_convolution, add_pool, windowed_network


@pytest.mark.parametrize("seed", range(60))
def test_the_same_network_comes_back(seed: int, tmp_path: Path) -> None:
    network = windowed_network(seed)
    write_params(network, tmp_path / "P")
    found = read_integer_params(tmp_path / "P")
    assert found.digest() == network.digest()
    inputs = np.random.default_rng(seed).integers(-128, 128, (2, network.inputs))
    assert np.array_equal(run_integers(found, inputs), run_integers(network, inputs))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('kind = "conv"', 'kind = "deconv"', "deconv"),
        ("groups = 1", "groups = 0", "groups"),
        ("stride = [", "stride = [1, ", "stride"),
        ("border = ", "borders = ", "border"),
        ("inputs = [", "inputs = [77, ", "inputs"),
        ("border = ", "border = 1000  # ", "padding"),
        ('kind = "conv"', 'kind = "dense"', "layer[0]"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, told: str, tmp_path: Path) -> None:
    network = next(n for n in map(windowed_network, range(100)) if _begins_with_one_group(n))
    write_params(network, tmp_path / "P")
    path = tmp_path / "P" / "network.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as refused:
        read_integer_params(tmp_path / "P")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("bias = ", "bias = 1e3  # ", "layer[1].bias"),
        ("bias = ", "bias = 4294967296  # ", "layer[1].bias"),
        ("bias = ", "# ", "bias"),
        ("zero = 3", "", "zero"),
        ("multiplier = ", "multiplier = -1  # ", "multiplier lies outside 0 to 2^31 - 1"),
        ("multiplier = ", "multiplier = 2147483648  # ", "layer[1].multiplier"),
        ("exponent = ", "exponent = 31  # ", "exponent lies outside -31 to 30"),
        ("exponent = ", "exponent = [-3]  # ", "layer[1].exponent"),
        ("exponent = -3", "exponent = 30", "layer 1, channel 0: has sums, with their exponent,"),
        ('scaling = "multiplier_once"', 'scaling = "shift"', "layer[1].scaling"),
        ("padding = [0, 0, 0, 0]", "padding = [1, 0, 0, 0]", "padding"),
        ("low = -128", "low = -200", "is clamped from -200 to 127, beyond int8"),
        ('kind = "scaled_average_pool"', 'kind = "scaled_max_pool"', "scaled_max_pool"),
        ('kind = "scaled_average_pool"', 'kind = "average_pool"', "unknown field"),
    ],
)
def test_what_is_wrong_with_a_scaled_pool_is_told_with_its_place(old: str, new: str, told: str, tmp_path: Path) -> None:
    drawn = Drawn.of(np.random.default_rng(1), (2, 4, 4))
    add_convolution(drawn, 2, Windows((1, 1)), 5)
    scaling = PoolScaling(-80, (1 << 31) - 1, -3, 3, once=True)
    add_pool(drawn, IntegerPool(Reduction.AVERAGE, low=-128, high=127, scaling=scaling))
    write_params(drawn.network(), tmp_path / "P")
    assert read_integer_params(tmp_path / "P").digest() == drawn.network().digest()
    path = tmp_path / "P" / "network.toml"
    before, kind, pool = path.read_text().partition('kind = "scaled')
    assert old in kind + pool
    path.write_text(before + (kind + pool).replace(old, new, 1))
    with pytest.raises(InputError) as refused:
        tensor_bounds(read_integer_params(tmp_path / "P"))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def _begins_with_one_group(network: IntegerNetwork) -> bool:
    first = network.layers[0]
    return getattr(first, "groups", 0) == 1 and len(network.layers) > 1


def test_weights_have_the_shape_of_their_windows(tmp_path: Path) -> None:
    network = next(n for n in map(windowed_network, range(100)) if _begins_with_one_group(n))
    write_params(network, tmp_path / "P")
    first = network.layers[0]
    assert isinstance(first, IntegerConv)
    np.save(tmp_path / "P" / "W_0.npy", first.body.weight.astype(np.int8))
    with pytest.raises(InputError, match="outputs x inputs / groups x height x width"):
        read_integer_params(tmp_path / "P")
