"""Networks as `armlet sparsify` leaves them, for bench.py: trained, then sparsified to 80, 90 and 95 % without data.

    python benchmarks/sparsified.py OUT [--source digits|FOLDER] [--only TEXT] [--steps N] [--seed S]

Each topology is trained once and sparsified once to 95 %; the networks at 80 and 90 % are kept on the way.
OUT/WIDTHS_0, _80, _90 and _95 are PARAMS folders; those that exist are left as they are.
"""

import argparse
import time
from pathlib import Path

from armlet.data.dataset import DataSet, make_dataset
from armlet.data.source import SourceOptions, read_source
from armlet.formats.params import write_params
from armlet.network.topology import Topology
from armlet.pruning.options import DENSE, SparsifyOptions
from armlet.pruning.sparsify import sparsify
from armlet.train.options import TrainOptions
from armlet.train.trainer import train_network

TOPOLOGIES = (Topology(14, (10, 10, 10)), Topology(28, (40, 20, 10)), Topology(28, (300, 100, 10)))
KEPT = (0.80, 0.90, 0.95)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the PARAMS folders")
    parser.add_argument("--source", default="digits", help="as in armlet dataset (digits)")
    parser.add_argument("--only", default="", help="only topologies whose widths hold this text")
    parser.add_argument("--steps", type=int, default=DENSE.steps, help="of each adjustment")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for topology in TOPOLOGIES:
        name = "-".join(str(width) for width in topology.widths)
        if arguments.only in name and not (arguments.out / f"{name}_95").exists():
            source = read_source(SourceOptions(arguments.source, arguments.seed), topology.classes)
            walk(name, topology, make_dataset(source, topology), arguments)


def walk(name: str, topology: Topology, data: DataSet, arguments: argparse.Namespace) -> None:
    """Train, sparsify, and write what passes by."""
    begin = time.perf_counter()
    dense = train_network(data, topology, TrainOptions(seed=arguments.seed))
    options = SparsifyOptions(path=KEPT, steps=arguments.steps, seed=arguments.seed)
    passed = sparsify(dense, options).path
    for share, network in {0.0: dense, **passed}.items():
        write_params(network, arguments.out / f"{name}_{share:.0%}".rstrip("%"))
        accuracy = (network(data.test_inputs).argmax(axis=1) == data.test_labels).mean()
        print(
            f"{name} {network.sparsity:.1%} sparse: {accuracy:.2%} of {len(data.test_labels)} test images", flush=True
        )
    print(f"{name}: {time.perf_counter() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
