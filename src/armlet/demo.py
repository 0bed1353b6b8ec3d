"""The whole road in one call: dataset, train, sparsify, compile, verify, and what all of it came to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from armlet.build.manifest import Manifest
from armlet.build.tensors.manifest import TensorManifest
from armlet.comparison import measure_c
from armlet.config import CompileOptions, IntegerCompileOptions
from armlet.data.dataset import DataSet, make_dataset, write_dataset
from armlet.data.source import SourceOptions, read_source
from armlet.formats.params import write_params
from armlet.integer.interpret import evaluate
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.isa.target import Target
from armlet.isa.targets import INTEGER_TARGETS, TARGETS
from armlet.network.network import Network
from armlet.network.topology import Topology
from armlet.pipeline import compile_network, compile_tensor_network, write_build
from armlet.pruning.options import FAST_WINDOWS, SparsifyOptions
from armlet.pruning.sparsify import Sparsified, sparsify
from armlet.simulate.figures import Figures
from armlet.toolchain.toolchain import find_toolchain
from armlet.train.options import Epoch, TrainOptions
from armlet.train.planes import small_stack, train_stack
from armlet.train.trainer import train_network
from armlet.verify.run import run_build
from armlet.verify.verdict import Verdict
from armlet.verify.verify import verify_build

NAME = "net"
TOPOLOGY = "network_topology.csv"
LEAVES = (TOPOLOGY, "dataset", "PARAMS", "PARAMS_SPARSE", f"build/{NAME}")  # what the road leaves in its folder
SQUARE = Topology(8, (10,))  # the images and classes of the road of convolutions


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the road came to."""

    dense_accuracy: float  # of the trained network, float64
    sparse_accuracy: float  # of the sparse one, float64, or in integers
    compiled_accuracy: float  # of the program, every test image through the emulator
    images: int
    dense: Network
    sparse: Network | IntegerNetwork
    distance: float
    manifest: Manifest | TensorManifest
    verdict: Verdict
    rival: Figures  # a C program at -O3 that multiplies by every weight, in the same arithmetic


@dataclass(frozen=True, slots=True)
class Stages:
    """The options of each stage; which road is walked, those of the compiler say."""

    dataset: SourceOptions
    train: TrainOptions
    sparsify: SparsifyOptions
    compile: CompileOptions | IntegerCompileOptions


@dataclass(frozen=True, slots=True)
class Watch:
    """Who follows: `step` hears of each stage by its command line, `progress` of how far it is."""

    step: Callable[[str], None]
    progress: Callable[[float, float, str], None]

    def epoch(self, epoch: Epoch) -> None:
        """Of training."""
        self.progress(epoch.number, epoch.epochs, "training")


def demo(topology: Topology, folder: Path, stages: Stages, watch: Watch) -> Outcome:
    """Walk the road, leaving each stage's product in `folder`. The test set only tells the accuracies."""
    assert isinstance(stages.compile, CompileOptions)
    watch.step(f"armlet dataset {folder}/{TOPOLOGY} --source {stages.dataset.name} --out {folder}/dataset")
    data = _dataset(topology, folder, stages.dataset)

    watch.step(f"armlet train {folder}/PARAMS {folder}/{TOPOLOGY} --data {folder}/dataset")
    dense = train_network(data, topology, stages.train, watch.epoch)
    write_params(dense, folder / "PARAMS")

    watch.step(f"armlet sparsify {folder}/PARAMS {folder}/PARAMS_SPARSE")
    found = _sparsified(dense, folder, stages.sparsify, watch)

    build = folder / "build" / NAME
    watch.step(f"armlet compile {folder}/PARAMS_SPARSE {NAME} --out {folder}/build")
    made = compile_network(found.network, NAME, stages.compile)
    write_build(made, build)
    return _outcome(data, dense, found, made.bundle.manifest, (dense, TARGETS), folder, watch)


def demo_of_convolutions(folder: Path, stages: Stages, watch: Watch) -> Outcome:
    """The same road for a small convolutional network, which is made of integers when it is made sparse."""
    assert isinstance(stages.compile, IntegerCompileOptions)
    watch.step(f"images of {SQUARE.side}x{SQUARE.side} from {stages.dataset.name} to {folder}/dataset")
    data = _dataset(SQUARE, folder, stages.dataset)

    watch.step(f"a small convolutional network to {folder}/PARAMS")
    dense = train_stack(data, small_stack(SQUARE.side, SQUARE.classes), stages.train, watch.epoch)
    write_params(dense, folder / "PARAMS")

    fast = " --fast" if all(getattr(stages.sparsify, name) == value for name, value in FAST_WINDOWS.items()) else ""
    watch.step(f"armlet sparsify {folder}/PARAMS {folder}/PARAMS_SPARSE{fast} --weights int8 --activations int8")
    found = _sparsified(dense, folder, stages.sparsify, watch)

    build = folder / "build" / NAME
    wanted = f"--target {stages.compile.target} --optimize {stages.compile.optimize}"
    watch.step(f"armlet compile {folder}/PARAMS_SPARSE {NAME} --out {folder}/build {wanted}")
    made = compile_tensor_network(found.network, NAME, stages.compile)
    write_build(made, build)
    return _outcome(data, dense, found, made.bundle.manifest, (found.network, INTEGER_TARGETS), folder, watch)


def _dataset(topology: Topology, folder: Path, source: SourceOptions) -> DataSet:
    data = make_dataset(read_source(source, topology.classes), topology)
    write_dataset(data, topology.classes, folder / "dataset")
    return data


def _sparsified(dense: Network, folder: Path, options: SparsifyOptions, watch: Watch) -> Sparsified:
    found = sparsify(dense, options, lambda e, _: watch.progress(e.number, e.of, f"{e.sparsity:.1%}"))
    write_params(found.network, folder / "PARAMS_SPARSE", {"trace.json": found.trace.to_json()})
    return found


def _outcome(
    data: DataSet,
    dense: Network,
    found: Sparsified,
    manifest: Manifest | TensorManifest,
    rival: tuple[Network | IntegerNetwork, Mapping[str, Target] | Mapping[str, IntegerTarget]],
    folder: Path,
    watch: Watch,
) -> Outcome:
    """Prove and run the build; `rival` is the network whose C it is held against, and the targets of its kind."""
    build = folder / "build" / NAME
    watch.step(f"armlet verify {build}")
    verdict = verify_build(build)
    watch.step(f"armlet run {build} {folder}/dataset/test.npz")
    outputs = run_build(build, data.test_inputs, watch=lambda done, total: watch.progress(done, total, "images"))
    network, targets = rival
    return Outcome(
        dense_accuracy=_accuracy(dense(data.test_inputs), data),
        sparse_accuracy=_accuracy(_outputs(found.network, data), data),
        compiled_accuracy=_accuracy(outputs, data),
        images=len(data.test_labels),
        dense=dense,
        sparse=found.network,
        distance=found.trace.distance,
        manifest=manifest,
        verdict=verdict,
        rival=measure_c(network, "dense C", targets[manifest.target], find_toolchain()).figures,
    )


def _outputs(network: Network | IntegerNetwork, data: DataSet) -> np.ndarray:
    return network(data.test_inputs) if isinstance(network, Network) else evaluate(network, data.test_inputs)


def _accuracy(outputs: np.ndarray, data: DataSet) -> float:
    return float((outputs.argmax(axis=1) == data.test_labels).mean())
