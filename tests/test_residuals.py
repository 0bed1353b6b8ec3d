"""Residuals: convolutions that add a second tensor to their sums, from the value to the proof of their programs."""

import re
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as replace_entry

from armlet.build.tensors.manifest import TensorManifest
from armlet.build.tensors.read import read_tensor_build
from armlet.errors import CapacityError, InputError
from armlet.formats.integers.params import integer_params_files, read_integer_params
from armlet.formats.params import ARRAYS, write_params
from armlet.inspect.channels import flow_of
from armlet.integer.bounds import tensor_bounds
from armlet.integer.drop_channels import drop_channels
from armlet.integer.formats import UINT8
from armlet.integer.interpret import run_integers
from armlet.integer.layers import IntegerConv
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Multiplier
from armlet.integer.signed import with_signed_inputs
from armlet.network.layers import Reshape
from armlet.select.tensors.bodies.convolution import Shape
from armlet.tensors.plan import plan_tensors
from armlet.verify.tensors.places import places_disagreement
from armlet.verify.verify import verify_build
from compiled_tensors import CompiledTensors
from generators.dead_channels import with_dead_channels
from generators.tensor_builds import compiled_tensors, tensors_made
from generators.windows import Drawn, Windows, add_convolution, has_residuals, windowed_network
from oracles.run_integer_layers import run_integer_layers

SAME = Windows((3, 3), sides=(1, 1, 1, 1))
MANY = [seed for seed in range(60) if has_residuals(windowed_network(seed))]


def residual(times: tuple[int, ...] = (300, -77, 41), channels: int = 2) -> IntegerNetwork:
    """A tensor, a convolution on it, and one on that to whose sums the first tensor is added; one more takes that.

    As many channels as there are numbers make a window lie as what is made of it does.
    """
    drawn = Drawn.of(np.random.default_rng(3), (2, 4, 5))
    add_convolution(drawn, len(times), SAME, 5)
    add_convolution(drawn, channels, SAME, -128)
    add_convolution(drawn, len(times), SAME, -9)
    layer = drawn.layers[-1]
    assert isinstance(layer, IntegerConv)
    scaling = Multiplier(np.full(len(times), 3 << 29), np.full(len(times), -8), True)
    body = replace(layer.body, requantisation=scaling, bias=layer.body.bias - 5 * np.array(times))
    drawn.layers[-1] = replace(layer, body=body, residual=np.array(times))
    drawn.wiring[-1] = (2, 1)
    add_convolution(drawn, 1, SAME, 0)
    return drawn.network()


def at(network: IntegerNetwork, i: int = 2) -> IntegerConv:
    layer = network.layers[i]
    assert isinstance(layer, IntegerConv)
    return layer


def with_layer(network: IntegerNetwork, layer: IntegerConv, **more: object) -> IntegerNetwork:
    """The network with another third layer."""
    layers = (*network.layers[:2], layer, *network.layers[3:])
    return replace(network, layers=layers, **more)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("seed", MANY)
def test_a_residual_is_a_product_more_in_every_sum(seed: int) -> None:
    network = windowed_network(seed)
    bounds, rows = tensor_bounds(network), np.random.default_rng(seed).integers(-128, 128, (3, network.inputs))
    for row, made in zip(rows, run_integers(network, rows)):
        ran = run_integer_layers(network, row)
        assert np.array_equal(ran.values[-1].ravel(), made)
        for sums, interval in zip(ran.sums, bounds.sums):
            if sums is not None and interval is not None:
                assert (interval.low <= sums.min(axis=1)).all()
                assert (sums.max(axis=1) <= interval.high).all()


def test_bounds_of_sums_are_met_at_the_ends_of_the_residual() -> None:
    network = residual()
    alone = with_layer(network, replace(at(network), residual=np.zeros(3, int)))
    with_it, without = (tensor_bounds(each) for each in (network, alone))
    sums, plain, other = with_it.sums[2], without.sums[2], with_it.values[1]
    assert sums is not None
    assert plain is not None
    times = np.array((300, -77, 41))
    assert np.array_equal(sums.low - plain.low, np.minimum(times * other.low, times * other.high))
    assert np.array_equal(sums.high - plain.high, np.maximum(times * other.low, times * other.high))


def test_sums_that_overflow_with_their_residual_are_refused() -> None:
    network = residual()
    bias = np.full(3, (1 << 31) - 400_000)
    huge = replace(at(network), body=replace(at(network).body, bias=bias), residual=np.array((0, 32767, 0)))
    with pytest.raises(InputError, match="layer 2, channel 1"):
        tensor_bounds(with_layer(network, huge))


def test_a_residual_decides_what_is_computed() -> None:
    digests = {residual(times).digest() for times in ((300, -77, 41), (300, -77, 42), (0, 0, 0))}
    none = with_layer(residual(), replace(at(residual()), residual=None), wiring=())
    assert len({*digests, none.digest()}) == 4


def test_a_residual_of_another_shape_is_refused() -> None:
    network = residual()
    with pytest.raises(InputError, match="layer 2: adds a residual to 3x4x5, layer 1 gives 2x4x5"):
        replace(network, wiring=((0,), (1,), (2, 2), (3,)))
    with pytest.raises(InputError, match=r"takes 2 inputs, 1 are named"):
        replace(network, wiring=((0,), (1,), (2,), (3,)))
    with pytest.raises(InputError, match="residual: has shape"):
        replace(at(network), residual=np.zeros(2, int))
    with pytest.raises(InputError, match="residual: goes beyond int16"):
        replace(at(network), residual=np.full(3, 1 << 15))


@pytest.mark.parametrize("where", ["residual", "both"])
def test_inputs_without_a_sign_are_added_128_less(where: str) -> None:
    drawn = Drawn.of(np.random.default_rng(1), (2, 4, 4))
    if where == "residual":
        add_convolution(drawn, 3, SAME, 0)
    add_convolution(drawn, 2, SAME, 0)
    layer = drawn.layers[-1]
    assert isinstance(layer, IntegerConv)
    drawn.layers[-1] = replace(layer, residual=np.array((50, -60)))
    drawn.wiring[-1] = (*drawn.wiring[-1], 0)
    network, first = drawn.network(), drawn.layers[0]
    assert isinstance(first, IntegerConv)
    layers = (replace(first, border=7), *drawn.layers[1:])
    network = replace(network, layers=layers, input_format=UINT8, input_zero=network.input_zero * 0)
    rows = np.random.default_rng(2).integers(0, 256, (20, network.inputs))
    assert np.array_equal(run_integers(with_signed_inputs(network), rows - 128), run_integers(network, rows))
    made = CompiledTensors(network)
    assert made.prove(made.link()).problem == ""


def test_channels_of_residuals_go_on_both_sides_or_on_none() -> None:
    gone = 0
    for seed in MANY:
        network = with_dead_channels(windowed_network(seed), seed)
        found = drop_channels(network)
        rows = np.random.default_rng(seed).integers(-128, 128, (4, network.inputs))
        assert np.array_equal(run_integers(found.network, rows), run_integers(network, rows))
        for before, after in zip(network.layers, found.network.layers):
            if isinstance(before, IntegerConv) and isinstance(after, IntegerConv) and before.residual is not None:
                gone += before.body.neurons - after.body.neurons
    assert gone > 5


def test_what_a_residual_reads_is_read() -> None:
    """Of the first tensor the second convolution reads no channel, and the third what it adds."""
    network = residual((300, 0, 41))
    blind = replace(at(network, 1), body=replace(at(network, 1).body, weight=at(network, 1).body.weight * 0))
    network = replace(network, layers=(network.layers[0], blind, *network.layers[2:]))
    assert flow_of(network).is_read[1].tolist() == [True, False, True]


def planted_params(folder: Path, name: str) -> None:
    """A folder with one thing wrong."""
    write_params(residual(), folder)
    path, text = folder / "residual_2.npy", (folder / "network.toml").read_text()
    match name:
        case "missing":
            path.unlink()
        case "short":
            np.save(path, np.zeros(2, np.int8))
        case "reals":
            np.save(path, np.zeros(3))
        case "wide":
            np.save(path, np.full(3, 1 << 20))
        case "planes":
            np.save(path, np.zeros((3, 1), np.int8))
        case "later":
            (folder / "network.toml").write_text(text.replace("inputs = [1, 0]", "inputs = [1, 3]"))
        case "three":
            (folder / "network.toml").write_text(text.replace("inputs = [1, 0]", "inputs = [1, 0, 0]"))
        case _:
            (folder / "network.toml").write_text(text.replace("inputs = [1, 0]", "inputs = [1, 1]"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing", "a conv with two inputs"),
        ("short", r"residual has shape \(2,\), there are 3 outputs"),
        ("reals", "holds float64, not whole numbers"),
        ("wide", "residual goes beyond int16"),
        ("planes", "armlet reads one value for each output"),
        ("later", "takes what layer 3 gives, which does not stand before it"),
        ("three", "inputs"),
        ("other", "adds a residual to 3x4x5, layer 1 gives 2x4x5"),
    ],
)
def test_what_is_wrong_with_a_residual_is_told_in_a_line(name: str, told: str, tmp_path: Path) -> None:
    planted_params(tmp_path / "P", name)
    with pytest.raises(InputError, match=told) as refused:
        read_integer_params(tmp_path / "P")
    assert "\n" not in str(refused.value)


def test_a_residual_that_lies_otherwise_than_what_is_made_is_refused() -> None:
    """Planes of another shape, as a reshape leaves them where they are."""
    drawn = Drawn.of(np.random.default_rng(5), (2, 4, 4))
    drawn.add(Reshape((4, 4, 2)), (4, 4, 2), drawn.zeros[0], 0)
    add_convolution(drawn, 4, SAME, 0)
    network = drawn.network()
    layer = at(network, 1)
    adding = replace(layer, residual=np.full(4, 9))
    network = replace(network, layers=(network.layers[0], adding), wiring=((0,), (1, 1)))
    with pytest.raises(CapacityError, match="layer 1"):
        CompiledTensors(network)


SHAPES = [Shape(4, 1, True), Shape(3, 1), Shape(2, 2, True), Shape(1, 4), Shape(1, 3, True), Shape(1, 1)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("channels", [2, 5])
def test_a_residual_is_computed_and_proved_in_bodies_of_any_shape(shape: Shape, channels: int) -> None:
    """Beside its window, and where the stack says where what is made lies."""
    made = CompiledTensors(residual((300, -77, 41, 0, 2000), channels), [shape] * 3 + [Shape(1, 1)])
    image = made.link()
    assert made.is_right(image)
    assert made.prove(image).problem == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r"movw r1, #11264", "movw r1, #11008"),  # 299 times, not 300
        (r"movw r1, #10496", "movw r1, #11264"),  # another channel's, but for its upper half
        (r"smlal r6, r7, r1, r4(?=\nsmlal r8, r9, r1, r5\nadd)", "nop.w"),
        (r"smlal r8, r9, r1, r5(?=\nadd)", "smlal r8, r9, r1, r4"),  # the word beside it
        (r"smlal r8, r9, r1, r5(?=\nadd)", "smlal r6, r7, r1, r5"),
        (r"(?<=ldr.n r4, \[r5, #)0(?=\]\nldr.n r5)", "4"),
        (r"(?<=ldr.n r4, \[r5, #)0\]\nldr.n r5, \[r5, #4", "24]\nldr.n r5, [r5, #28"),  # of the next channel
        (r"(?<=ldr.n r4, \[r5, #)0\]\nldr.n r5, \[r5, #4", "72]\nldr.n r5, [r5, #76"),  # of the next row
        (r"ldr.n r4, \[r5, #0\]\nldr.n r5", r"str.w r12, [r5, #0]\n\g<0>"),  # after it was overwritten
        (r"(?<=w r5, r0, #)\d+(?=\nldr.n r4)", "4"),  # the window's own words
    ],
)
def test_another_residual_is_refused(before: str, after: str) -> None:
    made = CompiledTensors(residual(channels=3), [Shape(2, 1, True)] * 3 + [Shape(1, 1)])
    changed, count = re.subn(before, after, "\n".join(made.lines))
    assert count
    image = made.link({"f": changed.split("\n")})
    assert not made.is_right(image)
    assert made.prove(image).problem


@pytest.mark.parametrize("channels", [2, 3])
def test_a_sum_is_written_over_what_is_added_to_it_for_the_last_time(channels: int, tmp_path: Path) -> None:
    network = residual(channels=channels)
    assert plan_tensors(network).over == {3: 1}
    built = compiled_tensors(network, tmp_path)
    manifest = read_tensor_build(built).manifest
    one, three = (next(entry for entry in manifest.values if entry.number == k) for k in (1, 3))
    assert (one.start, one.size) == (three.start, three.size)
    assert manifest.memory.block < sum(entry.size for entry in manifest.values if entry.number)
    assert verify_build(built, random=3).holds


def taken_again(network: IntegerNetwork) -> IntegerNetwork:
    """The network whose last layer adds the first tensor once more."""
    last = replace(at(network, 1), residual=np.array((1, 2, 3)))
    count = network.widths[1]
    scale, zero = np.ones(count), np.zeros(count, int)
    layers, wiring = (*network.layers[:3], last), (*network.sources[:3], (3, 1))
    return replace(network, layers=layers, wiring=wiring, output_scale=scale, output_zero=zero)


def test_what_is_taken_again_is_not_written_over() -> None:
    """Nor what the window goes over, or the inputs."""
    network = residual(channels=3)
    assert plan_tensors(taken_again(network)).over == {4: 1}
    assert plan_tensors(replace(network, wiring=((0,), (1,), (2, 2), (3,)))).over == {}
    assert plan_tensors(replace(residual((5, 6)), wiring=((0,), (1,), (2, 0), (3,)))).over == {}


def test_tensors_over_each_other_are_found_where_they_must_not_be() -> None:
    network = residual(channels=3)
    manifest = tensors_made(network).bundle.manifest
    assert places_disagreement(network, manifest) == ""

    def changed(number: int, **fields: int) -> TensorManifest:
        values = [replace_entry(each, **fields) if each.number == number else each for each in manifest.values]
        return replace_entry(manifest, values=values)

    (start,) = (entry.start for entry in manifest.values if entry.number == 3)
    over = "value 1 and value 3 lie over each other"
    assert over in places_disagreement(network, changed(3, start=start + 4))
    assert over in places_disagreement(taken_again(network), changed(1, last=3))


def test_a_folder_with_residuals_is_written_over(tmp_path: Path) -> None:
    for times in ((300, -77, 41), (1, 2, 3)):
        write_params(residual(times), tmp_path / "P")
        assert at(read_integer_params(tmp_path / "P")).residual.tolist() == list(times)  # type: ignore[union-attr]
        assert (compiled_tensors(residual(times), tmp_path) / "residual_2.npy").exists()


def test_every_array_of_a_layer_is_known_as_one_of_its_folder() -> None:
    for seed in range(40):
        for name in integer_params_files(windowed_network(seed)):
            assert name == "network.toml" or any(fnmatch(name, pattern) for pattern in ARRAYS), name
