"""How good an input model is on images that it was not made for: networks trained on benchmarks/pictures.py.

    python benchmarks/input_models.py strokes,silhouettes,scenes,digits --sides 8,14 --inputs image,fields,samples
    python benchmarks/input_models.py strokes --sides 28 --epochs 20 --steps 200 --sparsity 0.98
    python benchmarks/input_models.py strokes,silhouettes,scenes,digits --budget

One line for each run: the distance of the sparse network to the dense one on the test images, which has less noise than
accuracy, and the accuracy, where the run passes each sparsity, or where it stops by the default budget. `samples` is
given 1000 rows of the training images. The networks are small (10-10-10 up to side 14, 40-20-10 beyond), since these
depend most on the input model.
"""

import argparse
import time

import numpy as np

from armlet.data.dataset import DataSet, make_dataset
from armlet.data.digits import read_digits
from armlet.network.frozen import F64
from armlet.network.network import Network
from armlet.network.topology import Topology
from armlet.pruning.geometry.functional import outputs
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.sparsify import sparsify
from armlet.pruning.trace import PruningEpoch
from armlet.train.trainer import train_network
from pictures import LAWS, pictures

SPARSITIES = (0.8, 0.9, 0.95, 0.98)


def main() -> None:
    arguments = parse()
    for name in arguments.images.split(","):
        for side in map(int, arguments.sides.split(",")):
            topology = Topology(side, (10, 10, 10) if side <= 14 else (40, 20, 10))
            data = make_dataset(read_digits(10, 0), topology) if name == "digits" else pictures(name, side)
            network = train_network(data, topology)
            for model in arguments.inputs.split(","):
                for seed in range(arguments.seeds):
                    shown = show(network, data, model, seed, arguments)
                    print(f"{name:12s} {side:3d} {model:10s} {shown}", flush=True)


def show(network: Network, data: DataSet, model: str, seed: int, arguments: argparse.Namespace) -> str:
    """One run as text."""
    dense = outputs(network, data.test_inputs)
    spread = ((dense - dense.mean(axis=0)) ** 2).sum(axis=1).mean()
    seen: list[tuple[float, float, float]] = []

    def watch(epoch: PruningEpoch, sparse: Network) -> None:
        answer = outputs(sparse, data.test_inputs)
        far = float(np.sqrt(((answer - dense) ** 2).sum(axis=1).mean() / spread))
        seen.append((epoch.sparsity, far, 100 * float((answer.argmax(axis=1) == data.test_labels).mean())))

    sparsity = None if arguments.budget else arguments.sparsity
    options = SparsifyOptions(
        sparsity=sparsity, inputs=model, seed=seed, epochs=arguments.epochs, steps=arguments.steps
    )
    started = time.process_time()
    result = sparsify(network, options, watch, data.train_inputs[:1000] if model == "samples" else None)
    right = 100 * float((dense.argmax(axis=1) == data.test_labels).mean())
    if sparsity is None:
        kept = [row for row, epoch in zip(seen, result.trace.epochs, strict=True) if epoch.kept]
        cells = f"| {100 * kept[-1][0]:.1f} % removed d {kept[-1][1]:.3f} {kept[-1][2]:.1f} %"
    else:
        cells = " ".join(passing(np.array(seen), s) for s in SPARSITIES if s <= sparsity)
    return f"dense {right:.1f} {cells} ({time.process_time() - started:.0f} s of processor)"


def passing(seen: F64, sparsity: float) -> str:
    """Distance and accuracy at a sparsity, between the epochs on both sides of it."""
    places, far, right = -np.log(1 - seen[:, 0]), seen[:, 1], seen[:, 2]
    at = -np.log(1 - sparsity)
    return f"| {sparsity} d {np.interp(at, places, far):.3f} {np.interp(at, places, right):.1f} %"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", help=f"of digits, {', '.join(LAWS)}")
    parser.add_argument("--sides", default="14,28")
    parser.add_argument("--inputs", default="image")
    parser.add_argument("--sparsity", type=float, default=0.95)
    parser.add_argument("--budget", action="store_true", help="stop by the default budget of distance instead")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
