"""Random int8 TensorFlow Lite files against LiteRT's reference kernels, to the bit.

    python tests/tflite_soak.py [--networks N] [--rows N] [--seed K]

Each network is read and run in integers on random and extreme inputs. Exit code 1 where one value differs.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from armlet.formats.read import read_model
from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from generators.litert import litert
from generators.tflite_files import random_integer_chain, stored_rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    values = differ = refused = 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "n.tflite"
        for seed in range(arguments.seed, arguments.seed + arguments.networks):
            rng = np.random.default_rng(seed)
            path.write_bytes(random_integer_chain(rng, wide=seed % 10 == 0))
            model = read_model(path)
            if not isinstance(model.network, IntegerNetwork):
                refused += 1
                print(f"{seed}: {model.notes[0]}")
                continue
            rows = stored_rows(rng, arguments.rows, model.network.inputs)
            wrong = int((run_integers(model.network, rows) != litert(path, rows)).sum())
            values, differ = values + len(rows) * model.network.outputs, differ + wrong
            if wrong:
                print(f"{seed}: {wrong} values differ")
    print(f"{arguments.networks} networks, {refused} not in integers, {values:,} values, {differ} differ")
    raise SystemExit(1 if differ or refused else 0)


if __name__ == "__main__":
    main()
