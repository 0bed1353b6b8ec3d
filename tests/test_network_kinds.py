"""Layers of every kind are read, checked and kept; what armlet does not compute yet is refused in one line."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.errors import InputError
from armlet.formats.arrays import write_npy, write_npz
from armlet.formats.declare import parse_declaration
from armlet.formats.params import read_params, write_params
from armlet.formats.read import read_network
from armlet.graph.build import build_graph
from armlet.network.activation import Activation
from armlet.network.domain import InputDomain
from armlet.network.layers import Add, Conv, Dense, Depthwise, Layer, Pool, Reduction, Reshape, kind_of
from armlet.network.network import Network
from armlet.pipeline import compile_network
from generators.layered import END, KINDS, LINEAR, RELU, layered_networks, network_with, zeros
from generators.networks import networks


def refused(make: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        make()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@given(layered_networks())
def test_any_network_reads_back_with_its_digest(tmp_path: Path, network: Network):
    write_params(network, tmp_path / "P")
    back = read_params(tmp_path / "P", tell=pytest.fail)
    assert back.digest() == network.digest()
    assert back.wiring == network.wiring
    assert [kind_of(layer) for layer in back.layers] == [kind_of(layer) for layer in network.layers]


@given(layered_networks())
def test_arrays_stand_only_beside_layers_that_have_some(tmp_path: Path, network: Network):
    write_params(network, tmp_path / "P")
    with_weights = {f"W_{i}.npy" for i, at in enumerate(network.layers) if isinstance(at, Dense | Conv | Depthwise)}
    assert {path.name for path in (tmp_path / "P").glob("W_*")} == with_weights


def positions(extent: int, before: int, after: int, reach: int, stride: int) -> int:
    """Of a window along one axis, by trying every one."""
    return sum(at % stride == 0 and at + reach <= extent + before + after for at in range(extent + before + after))


@given(layered_networks())
def test_a_window_gives_one_value_for_each_position_that_it_fills(network: Network):
    shapes = network.shapes
    for layer, sources, shape in zip(network.layers, network.sources, shapes[1:]):
        taken = shapes[sources[0]]
        match layer:
            case Conv() | Depthwise():
                size, dilation = layer.weight.shape[-2:], layer.dilation
            case Pool(size=size) if size:
                dilation = (1, 1)
            case _:
                continue
        for axis in (0, 1):
            reach = (size[axis] - 1) * dilation[axis] + 1
            before, after = layer.padding[axis], layer.padding[axis + 2]
            assert shape[axis + 1] == positions(taken[axis + 1], before, after, reach, layer.stride[axis])


@given(layered_networks(), st.data())
def test_the_digest_tells_networks_of_any_kinds_apart(network: Network, data: st.DataObject):
    assert replace(network, provenance={"seed": 1}).digest() == network.digest()
    i = data.draw(st.integers(0, len(network.layers) - 1))
    layer = network.layers[i]
    match layer:
        case Dense() | Conv() | Depthwise():
            other: Layer = replace(layer, bias=layer.bias + 1)
        case Pool(reduction):
            swapped = {Reduction.MAX: Reduction.AVERAGE, Reduction.AVERAGE: Reduction.MAX}
            other = replace(layer, reduction=swapped[reduction])
        case Add(activation):
            other = replace(layer, activation=LINEAR if activation is RELU else RELU)
        case Reshape():
            return  # another shape seldom fits what comes behind
    assert replace(network, layers=(*network.layers[:i], other, *network.layers[i + 1 :])).digest() != network.digest()


def test_the_digest_tells_wirings_apart():
    first, second, both = (KINDS[kind] for kind in ("conv", "depthwise", "add"))
    layers, domain = (first, second, both, END), InputDomain.uniform(32)
    one, other = (
        Network(layers, domain, (2, 4, 4), wiring=((0,), (1,), sources, (3,))).digest() for sources in ((2, 1), (2, 0))
    )
    assert one != other


@given(networks())
def test_a_chain_that_is_spelt_out_is_the_same_chain(network: Network):
    spelt_out = replace(network, wiring=tuple((i,) for i in range(len(network.layers))))
    assert spelt_out.wiring == ()
    assert spelt_out.digest() == network.digest()
    assert spelt_out.dense == network.layers


WEIGHT, BIAS = zeros(2, 2, 3, 3), zeros(2)
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "channels": (
        lambda: network_with(Conv(zeros(2, 3, 1, 1), BIAS, RELU)),
        "layer 0: takes 3 channels, the network's input gives 2x4x4 (W_0.npy)",
    ),
    "depthwise channels": (lambda: network_with(Depthwise(zeros(3, 1, 1), zeros(3), RELU)), "takes 3 channels"),
    "a window beyond the plane": (
        lambda: network_with(Conv(zeros(2, 2, 5, 1), BIAS, RELU)),
        "takes planes of 5x1 or more, padding counted, the network's input gives 2x4x4",
    ),
    "a dilation beyond the plane": (lambda: network_with(Conv(WEIGHT, BIAS, RELU, dilation=(2, 1))), "of 5x3"),
    "a pool beyond the plane": (lambda: network_with(Pool(Reduction.MAX, (5, 5), (1, 1))), "planes of 5x5"),
    "a dense layer behind other planes": (
        lambda: network_with(Pool(Reduction.AVERAGE)),
        "layer 1: takes 32 values, layer 0 gives 2x1x1 (W_1.npy)",
    ),
    "a row for windows": (
        lambda: Network((END, KINDS["conv"]), InputDomain.uniform(32), (2, 4, 4)),
        "layer 1: takes channels x height x width, layer 0 gives 2 (W_1.npy)",
    ),
    "a reshape": (lambda: network_with(Reshape((31,))), "layer 0: makes 31 of them, the network's input gives 2x4x4"),
    "an addition of two shapes": (
        lambda: Network((END, Add()), InputDomain.uniform(32), (2, 4, 4), wiring=((0,), (1, 0))),
        "layer 1: adds two tensors of one shape, layer 0 gives 2, the network's input gives 2x4x4",
    ),
    "an addition of one": (
        lambda: Network((Add(), END), InputDomain.uniform(32), (2, 4, 4)),
        "layer 0: is an addition of two layers and takes 2 inputs, 1 are named",
    ),
    "what comes later": (
        lambda: Network((Reshape(), END), InputDomain.uniform(32), (32,), wiring=((2,), (1,))),
        "layer 0: takes what layer 1 gives, which does not stand before it",
    ),
    "what nobody takes": (
        lambda: Network((Reshape(), END), InputDomain.uniform(32), (32,), wiring=((0,), (0,))),
        "layer 0: gives values that no layer takes",
    ),
    "half a wiring": (lambda: Network((Reshape(), END), InputDomain.uniform(32), (32,), wiring=((0,),)), "of 1 layers"),
    "no weights": (lambda: Network((Reshape(),), InputDomain.uniform(32), (32,)), "has no layer of weights"),
    "another domain": (
        lambda: Network((KINDS["conv"], END), InputDomain.uniform(31), (2, 4, 4)),
        "describes 31 inputs, the shape (2, 4, 4) has 32",
    ),
    "too large": (
        lambda: Network(
            (Conv(zeros(2000, 1, 1, 1), zeros(2000), RELU), Pool(Reduction.MAX), Dense(zeros(1, 2000), zeros(1), RELU)),
            InputDomain.uniform(10_000),
            (1, 100, 100),
        ),
        "layer 0: gives 2000x100x100 values, more than 2097152 (W_0.npy)",
    ),
    "dimensions": (lambda: Conv(zeros(2, 3, 3), BIAS, RELU), "not outputs x inputs / groups x height x width"),
    "groups": (lambda: Conv(WEIGHT, BIAS, RELU, groups=3), "groups: is 3, which does not divide 2 outputs"),
    "no stride": (lambda: Conv(WEIGHT, BIAS, RELU, stride=(0, 1)), "stride: is not between 1 and"),
    "half a step": (lambda: Pool(Reduction.MAX, (2, 2), (0.5, 1)), "stride: is no whole number"),  # pyright: ignore[reportArgumentType]
    "two sides": (lambda: Conv(WEIGHT, BIAS, RELU, padding=(1, 1)), "padding: has 2 numbers, not 4"),  # pyright: ignore[reportArgumentType]
    "windows of padding": (lambda: Pool(Reduction.MAX, (2, 2), (2, 2), (2, 0, 0, 0)), "whole windows of 2x2 lie in it"),
    "a global stride": (lambda: Pool(Reduction.MAX, None, (2, 2)), "is given, and the pool is global"),
    "two extents": (lambda: Reshape((2, 3)), "give [values], or [channels, height, width]"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_naming_the_layer_and_both_shapes(name: str):
    make, says = WRONG[name]
    assert says in refused(make)


TOML = '[network]\nshape = [1, 4, 4]\n[[layer]]\nkind = "conv"\n{}\n[[layer]]\nkind = "max_pool"\nsize = 2\n[[layer]]\n'


def folder(path: Path, toml: str, **arrays: np.ndarray) -> Path:
    path.mkdir()
    arrays = {"W_0": zeros(3, 1, 3, 3), "b_0": zeros(3), "W_2": zeros(2, 3), "b_2": zeros(2)} | arrays
    for name, array in arrays.items():
        (path / f"{name}.npy").write_bytes(write_npy(array))
    (path / "network.toml").write_text(toml)
    return path


@pytest.mark.parametrize(
    ("said", "padding"),
    [
        ("", (0, 0, 0, 0)),
        ("padding = 1", (1, 1, 1, 1)),
        ("padding = [0, 1]", (0, 1, 0, 1)),
        ("padding = [0, 1, 2, 3]", (0, 1, 2, 3)),
    ],
)
def test_a_padding_is_one_number_two_or_four(tmp_path: Path, said: str, padding: tuple[int, ...]):
    toml = TOML.format(said).replace("size = 2", 'size = "global"')
    match read_params(folder(tmp_path / "P", toml)).layers:
        case (Conv() as conv, Pool(size=None), Dense(activation=Activation.LINEAR)):
            assert conv.padding == padding
            assert conv.activation is RELU
        case layers:
            pytest.fail(str(layers))


def test_a_pool_steps_by_its_size_where_nothing_is_said(tmp_path: Path):
    path = folder(tmp_path / "P", TOML.format(""))
    assert read_params(path).layers[1] == Pool(Reduction.MAX, (2, 2), (2, 2))


SAID = {
    "an unknown kind": (TOML.replace("max_pool", "min_pool"), "layer[1].kind"),
    "a key of another kind": (TOML.format("size = 2"), 'layer[0].size is given, and kind = "conv" has none'),
    "a key of a dense layer": (TOML.format("width = 3"), "layer[0].width is given"),
    "a stride of three": (TOML.format("stride = [1, 1, 1]"), "layer[0].stride has 3 numbers; give one, or [down"),
    "a padding of three": (TOML.format("padding = [1, 1, 1]"), "layer[0].padding has 3 numbers"),
    "a stride of 0": (TOML.format("stride = 0"), "layer[0].stride is not between 1 and 65536"),
    "a stride beyond measure": (TOML.format(f"stride = {'9' * 4000}"), "network.toml"),
    "a pool without size": (TOML.replace("size = 2", ""), "layer[1].size is not given"),
    "an activation of a pool": (TOML.replace("size = 2", 'size = 2\nactivation = "relu"'), "layer[1].activation"),
    "no shape": (TOML.replace("shape = [1, 4, 4]", ""), "write shape = [channels, height, width] under [network]"),
    "a shape of two": (TOML.replace("[1, 4, 4]", "[4, 4]"), "needs a shape of three numbers"),
    "a shape beyond measure": (TOML.replace("[1, 4, 4]", "[1, 10000000, 10000000]"), "at most 2097152 values"),
    "an input that is none": (TOML.format('inputs = ["first"]'), "layer[0].inputs"),
    "an input of its own": (TOML.format("inputs = [0]"), "layer 0 takes what layer 0 gives"),
    "other outputs": (TOML.replace("shape =", "outputs = 5\nshape ="), "says 5 outputs, W says 2"),
    "a kind left out": (TOML.replace('kind = "conv"', ""), 'write kind = "conv" in its [[layer]]'),
}


@pytest.mark.parametrize("name", SAID)
def test_a_wrong_layer_is_refused_in_one_line_with_the_file_and_the_key(tmp_path: Path, name: str):
    toml, says = SAID[name]
    path = folder(tmp_path / "P", toml.replace("{}", ""))
    line = refused(lambda: read_params(path))
    assert says in line
    assert str(path) in line


def test_arrays_of_layers_that_are_not_named_are_told(tmp_path: Path):
    notes: list[str] = []
    network = read_network(folder(tmp_path / "P", TOML.format("").removesuffix("[[layer]]\n")), tell=notes.append)
    assert network.outputs == 3
    assert notes == [f"{tmp_path / 'P'}: W_2.npy, b_2.npy are not read"]


def test_the_example_in_the_documents_is_read(tmp_path: Path):
    page = (Path(__file__).parent.parent / "docs" / "network.md").read_text()
    example = re.search(r"## Layers of other kinds.*?```toml\n(.*?)```", page, re.DOTALL)
    assert example
    arrays = {"W_0": zeros(8, 1, 3, 3), "b_0": zeros(8), "W_1": zeros(8, 8, 3, 3), "b_1": zeros(8)}
    (tmp_path / "P").mkdir()
    for name, array in (arrays | {"W_4": zeros(10, 8), "b_4": zeros(10)}).items():
        (tmp_path / "P" / f"{name}.npy").write_bytes(write_npy(array))
    (tmp_path / "P" / "network.toml").write_text(example[1])
    network = read_params(tmp_path / "P", tell=pytest.fail)
    assert [kind_of(layer) for layer in network.layers] == ["conv", "conv", "add", "average_pool", "dense"]
    assert network.sources == ((0,), (1,), (2, 1), (3,), (4,))


def test_weights_of_four_dimensions_without_a_word_are_told_how_to_say_it(tmp_path: Path):
    path = folder(tmp_path / "P", "", W_1=zeros(2, 3), b_1=zeros(2))
    (path / "network.toml").unlink()
    assert 'W_0.npy: has shape (3, 1, 3, 3), armlet reads outputs x inputs; for such a layer write kind = "conv"' in (
        refused(lambda: read_params(path))
    )


def test_a_name_for_all_hidden_layers_is_for_those_that_have_one(tmp_path: Path):
    path = folder(tmp_path / "P", TOML.format(""))
    kinds = [
        getattr(layer, "activation", None) for layer in read_network(path, parse_declaration("activation=tanh")).layers
    ]
    assert kinds == [Activation.TANH, None, Activation.LINEAR]
    each = "activation=tanh+relu+linear"
    assert "layer[1].activation is 'relu', and kind = \"max_pool\" has none" in refused(
        lambda: read_network(path, parse_declaration(each))
    )


def test_an_npz_has_the_weights_of_the_layers_that_a_declared_file_says(tmp_path: Path):
    arrays = {"W1": zeros(3, 1, 3, 3), "b1": zeros(3), "W2": zeros(2, 3), "b2": zeros(2)}
    (tmp_path / "n.npz").write_bytes(write_npz(arrays))
    (tmp_path / "said.toml").write_text(TOML.format(""))
    said = parse_declaration(str(tmp_path / "said.toml"))
    assert (
        read_network(tmp_path / "n.npz", said).digest() == read_params(folder(tmp_path / "P", TOML.format(""))).digest()
    )
    (tmp_path / "n.npz").write_bytes(write_npz({"W1": zeros(3, 1, 3, 3)}))
    assert "holds 1 weights, and 2 [[layer]]" in refused(lambda: read_network(tmp_path / "n.npz", said))
    (tmp_path / "n.npz").write_bytes(write_npz({"a/kernel": zeros(3, 3, 1, 3), "b/kernel": zeros(3, 2)}))
    assert "only matrices are turned" in refused(lambda: read_network(tmp_path / "n.npz", said, lambda note: None))


@pytest.mark.parametrize("kind", KINDS)
def test_what_computes_dense_layers_alone_says_so(kind: str):
    network = network_with(KINDS[kind])
    for compute in (lambda: compile_network(network, "net"), lambda: build_graph(network)):
        assert "layer 0 is a" in refused(compute)


def test_the_name_that_dense_layers_had_is_kept():
    import armlet

    assert armlet.Layer is armlet.Dense is Dense
