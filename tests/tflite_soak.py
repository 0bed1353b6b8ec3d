"""Random int8 TensorFlow Lite files against LiteRT's reference kernels, to the bit.

    python tests/tflite_soak.py [--networks N] [--rows N] [--seed K] [--chains]

Each network, of every operator or a chain of fully connected layers, is read and run in integers on random and extreme
inputs. Exit code 1 where one value differs.
"""

import argparse
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from armlet.formats.model import Model
from armlet.formats.read import read_model
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from generators.litert import before_softmax, litert
from generators.tflite_files import random_integer_chain, stored_rows
from generators.tflite_planes import channels_last, random_integer_planes


def differences(path: Path, model: Model, rows: np.ndarray) -> int:
    """How many outputs are not LiteRT's, for stored inputs in the network's order."""
    network = model.network
    assert isinstance(network, IntegerNetwork)
    theirs = litert(path, channels_last(rows, network.shape, model.notes, "inputs"), before_softmax(path))
    found = channels_last(run_integers(network, rows), network.shapes[-1], model.notes, "outputs")
    return int((found != theirs).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--chains", action="store_true", help="of fully connected layers alone")
    arguments = parser.parse_args()
    values = differ = refused = 0
    operators = Counter[str]()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "n.tflite"
        for seed in range(arguments.seed, arguments.seed + arguments.networks):
            rng = np.random.default_rng(seed)
            made = random_integer_chain(rng, wide=seed % 10 == 0) if arguments.chains else random_integer_planes(rng)
            path.write_bytes(made)
            model = read_model(path)
            if not isinstance(model.network, IntegerNetwork):
                refused += 1
                print(f"{seed}: {(*model.notes, *model.obstacles)[0]}")
                continue
            operators.update(layer.operator for layer in model.layers)
            rows = stored_rows(rng, arguments.rows, model.network.inputs)
            wrong = differences(path, model, rows)
            values, differ = values + len(rows) * model.network.outputs, differ + wrong
            if wrong:
                print(f"{seed}: {wrong} values differ")
    print(", ".join(f"{count} {kind}" for kind, count in sorted(operators.items())))
    print(f"{arguments.networks} networks, {refused} not in integers, {values:,} values, {differ} differ")
    raise SystemExit(1 if differ or refused else 0)


if __name__ == "__main__":
    main()
