"""The whole road in one call: dataset, train, sparsify, compile, verify, and what all of it came to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from armlet.build.manifest import Manifest
from armlet.comparison import measure_c
from armlet.config import CompileOptions
from armlet.data.dataset import DataSet, make_dataset, write_dataset
from armlet.data.source import SourceOptions, read_source
from armlet.formats.params import write_params
from armlet.isa.targets import TARGETS
from armlet.network.network import Network
from armlet.network.topology import Topology
from armlet.pipeline import compile_network, write_build
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.sparsify import sparsify
from armlet.simulate.figures import Figures
from armlet.toolchain.toolchain import find_toolchain
from armlet.train.options import TrainOptions
from armlet.train.trainer import train_network
from armlet.verify.run import run_build
from armlet.verify.verdict import Verdict
from armlet.verify.verify import verify_build

NAME = "net"
TOPOLOGY = "network_topology.csv"
LEAVES = (TOPOLOGY, "dataset", "PARAMS", "PARAMS_SPARSE", f"build/{NAME}")  # what the road leaves in its folder


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the road came to."""

    dense_accuracy: float  # of the trained network, float64
    sparse_accuracy: float  # of the sparse one, float64
    compiled_accuracy: float  # of the program, every test image through the emulator
    images: int
    dense: Network
    sparse: Network
    distance: float
    manifest: Manifest
    verdict: Verdict
    rival: Figures  # the dense network as a C loop at -O3


@dataclass(frozen=True, slots=True)
class Stages:
    """The options of each stage."""

    dataset: SourceOptions
    train: TrainOptions
    sparsify: SparsifyOptions
    compile: CompileOptions


@dataclass(frozen=True, slots=True)
class Watch:
    """Who follows: `step` hears of each stage by its command line, `progress` of how far it is."""

    step: Callable[[str], None]
    progress: Callable[[float, float, str], None]


def demo(topology: Topology, folder: Path, stages: Stages, watch: Watch) -> Outcome:
    """Walk the road, leaving each stage's product in `folder`. The test set only tells the accuracies."""
    watch.step(f"armlet dataset {folder}/{TOPOLOGY} --source {stages.dataset.name} --out {folder}/dataset")
    data = make_dataset(read_source(stages.dataset, topology.classes), topology)
    write_dataset(data, topology.classes, folder / "dataset")

    watch.step(f"armlet train {folder}/PARAMS {folder}/{TOPOLOGY} --data {folder}/dataset")
    dense = train_network(data, topology, stages.train, lambda e: watch.progress(e.number, e.epochs, "training"))
    write_params(dense, folder / "PARAMS")

    watch.step(f"armlet sparsify {folder}/PARAMS {folder}/PARAMS_SPARSE")
    found = sparsify(dense, stages.sparsify, lambda e, _: watch.progress(e.number, e.of, f"{e.sparsity:.1%}"))
    sparse = found.network
    assert isinstance(sparse, Network), "integers were not asked for"
    write_params(sparse, folder / "PARAMS_SPARSE", {"trace.json": found.trace.to_json()})

    build = folder / "build" / NAME
    watch.step(f"armlet compile {folder}/PARAMS_SPARSE {NAME} --out {folder}/build")
    made = compile_network(sparse, NAME, stages.compile)
    write_build(made, build)

    watch.step(f"armlet verify {build}")
    verdict = verify_build(build)
    watch.step(f"armlet run {build} {folder}/dataset/test.npz")
    outputs = run_build(build, data.test_inputs, watch=lambda done, total: watch.progress(done, total, "images"))
    rival = measure_c(dense, "dense C", TARGETS[made.bundle.manifest.target], find_toolchain()).figures
    return Outcome(
        dense_accuracy=_accuracy(dense(data.test_inputs), data),
        sparse_accuracy=_accuracy(sparse(data.test_inputs), data),
        compiled_accuracy=_accuracy(outputs, data),
        images=len(data.test_labels),
        dense=dense,
        sparse=sparse,
        distance=found.trace.distance,
        manifest=made.bundle.manifest,
        verdict=verdict,
        rival=rival,
    )


def _accuracy(outputs: np.ndarray, data: DataSet) -> float:
    return float((outputs.argmax(axis=1) == data.test_labels).mean())
