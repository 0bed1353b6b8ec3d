"""A build for tensors to what its proof is about: how firmware calls each entry, and where the network's values lie."""

from collections.abc import Iterator

import numpy as np

from armlet.build.tensors.manifest import placed
from armlet.integer.drop_channels import drop_channels
from armlet.integer.formats import I64
from armlet.prove.prove import Proof
from armlet.prove.tensors.contract import PlacedValues, TensorCall, TensorContract
from armlet.prove.tensors.prove import prove_tensors
from armlet.prove.tensors.values import given_value
from armlet.simulate.decoded import DecodedProgram
from armlet.simulate.tensors.runner import TensorRunner

_WORD = 4


def prove_tensor_entry(runner: TensorRunner, program: DecodedProgram, entry: str) -> Proof:
    """Whether `entry` computes the network of its build, for all inputs inside their ends."""
    return prove_tensors(program, runner.image, tensor_call(runner, entry), tensor_contract(runner, entry))


def tensor_call(runner: TensorRunner, entry: str) -> TensorCall:
    """How `entry` is called: each array, the block, the stack and each linked piece in memory of its own."""
    pieces = tuple((region,) for region in runner.areas(entry))
    return TensorCall(entry, pieces, runner.arguments(entry), runner.machine.core.preserved)


def tensor_contract(runner: TensorRunner, entry: str) -> TensorContract:
    """What `entry` must compute; all values but the inputs and outputs are hints."""
    network = runner.build.network
    given, left = runner.places(entry)
    inputs = PlacedValues(0, np.arange(network.inputs), *given)
    outputs = PlacedValues(given_value(network), np.arange(network.results), left, np.zeros(network.results, np.int64))
    return TensorContract(network, (inputs,), outputs, tuple(_hints(runner, entry)), runner.zeros(entry))


def _hints(runner: TensorRunner, entry: str) -> Iterator[PlacedValues]:
    """Where the manifest has the values on the way; of a network whose channels are fewer, those that are left."""
    base, network = runner.block(entry), runner.build.network
    count, at = network.outputs, base + runner.build.manifest.outputs
    places = at + network.formats[-1].bytes * np.arange(count)
    yield PlacedValues(len(network.layers), np.arange(count), places, np.zeros(count, np.int64))
    if network.argmax is not None:
        yield PlacedValues(given_value(network), np.zeros(1, np.int64), np.array([at]), np.zeros(1, np.int64))
    channels = drop_channels(network).channels
    for place in runner.build.manifest.values:
        tensor, shape = placed(place), network.shapes[place.number]
        cells = _cells(channels[place.number], shape[1:] if len(shape) == 3 else (1, 1))
        added = np.ravel(tensor.layout.lifts)
        yield PlacedValues(place.number, cells, base + tensor.start + np.ravel(tensor.layout.places), added)


def _cells(channels: I64, plane: tuple[int, ...]) -> I64:
    """The numbers of the values of some channels in their tensor."""
    each = plane[0] * plane[1]
    return (channels[:, None] * each + np.arange(each)).ravel()
