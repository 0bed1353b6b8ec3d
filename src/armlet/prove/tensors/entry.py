"""A build for tensors to what its proof is about: how firmware calls each entry, and where the values lie then."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from armlet.build import names
from armlet.build.tensors.arrays import array_places
from armlet.build.tensors.manifest import placed
from armlet.isa.core import Memory
from armlet.prove.prove import Proof
from armlet.prove.tensors.contract import PlacedValues, TensorCall, TensorContract
from armlet.prove.tensors.prove import prove_tensors
from armlet.simulate.decoded import DecodedProgram
from armlet.simulate.tensors.runner import TensorRunner

_WORD = 4


def prove_tensor_entry(runner: TensorRunner, program: DecodedProgram, entry: str) -> Proof:
    """Whether `entry` computes the network of its build, for all inputs inside their ends."""
    pieces = tuple((region,) for region in runner.areas(entry))
    call = TensorCall(entry, pieces, runner.arguments(entry), runner.machine.core.preserved)
    is_core = entry == names.core_symbol(runner.build.name)
    return prove_tensors(program, runner.image, call, _of_core(runner) if is_core else _of_run(runner))


def _of_core(runner: TensorRunner) -> TensorContract:
    """Inputs and outputs as the drivers say, in a block of the caller's."""
    build, (block,) = runner.build, runner.arguments(names.core_symbol(runner.build.name))
    given, results = build.inputs.values, build.outputs.values
    inputs = _values(0, block, [value.offset for value in given], [value.lift for value in given])
    outputs = _values(len(build.computed.layers), block, [value.offset for value in results])
    return TensorContract(build.computed, (inputs,), outputs, _hints(runner, block), tuple(_rests(inputs)))


def _of_run(runner: TensorRunner) -> TensorContract:
    """Inputs and outputs as C arrays; all else in the program's own block."""
    network, (given, results) = runner.build.computed, runner.arguments(names.run_symbol(runner.build.name))
    inputs = _values(0, given, array_places(network.shape) * network.input_format.bytes)
    places = array_places(network.shapes[-1]) * network.result_format.bytes
    block = runner.image.symbols[names.block_symbol(runner.build.name)]
    outputs = _values(len(network.layers), results, places)
    own = _values(len(network.layers), block, [value.offset for value in runner.build.outputs.values])
    return TensorContract(network, (inputs,), outputs, (*_hints(runner, block), own))


def _values(value: int, base: int, offsets: ArrayLike, lifts: ArrayLike | None = None) -> PlacedValues:
    """A value whose cells lie at these bytes from a base."""
    places = np.asarray(offsets, np.int64)
    added = np.zeros(len(places), np.int64) if lifts is None else np.asarray(lifts, np.int64)
    return PlacedValues(value, np.arange(len(places)), base + places, added)


def _hints(runner: TensorRunner, block: int) -> tuple[PlacedValues, ...]:
    """Where the manifest says that values lie: the input too, which NAME_run places itself."""
    found = list[PlacedValues]()
    for entry in runner.build.manifest.values:
        tensor = placed(entry)
        layout = tensor.layout
        found.append(_values(entry.number, block + tensor.start, layout.places.ravel(), layout.lifts.ravel()))
    return tuple(found)


def _rests(inputs: PlacedValues) -> Iterator[Memory]:
    """The bytes of the inputs' words that hold none, which the caller leaves zero."""
    words = np.unique(inputs.addresses // _WORD) * _WORD
    rest = np.setdiff1d((words[:, None] + np.arange(_WORD)).ravel(), inputs.addresses)
    for run in np.split(rest, np.flatnonzero(np.diff(rest) != 1) + 1):
        yield Memory(int(run[0]), len(run))
