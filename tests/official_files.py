"""Int8 files with windows as compiled programs, beside LiteRT's reference kernels on the same bytes.

    python tests/official_files.py FILE.tflite ... [--inputs N] [--rows FILE.npz]

Each file is compiled for Cortex-M4 and linked, and its program run in the emulator: all outputs must be LiteRT's, to
the bit. Inputs are random bytes; --rows gives some in place of the first, stored or real, with channels last as in the
file. Exit code 1 where an output differs.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from armlet.formats.read import read_any_network
from armlet.integer.drop_channels import drop_channels
from armlet.integer.network import IntegerNetwork
from armlet.isa.targets import INTEGER_TARGETS
from armlet.select.integer.select import Optimize
from armlet.select.tensors.choose import choose_tensors
from compiled_tensors import CompiledTensors
from generators.litert import before_softmax, interpreter, litert


def main() -> int:
    """Run, and say how many inputs were alike."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--inputs", type=int, default=100, help="of each file (100)")
    parser.add_argument("--rows", type=Path, help=".npz whose largest array is of inputs")
    args, differ = parser.parse_args(), 0
    for path in args.files:
        begin = time.process_time()
        rows = stored_rows(path, args.inputs, args.rows)
        alike = int((compiled(path, rows) == litert(path, rows, before_softmax(path))).all(axis=1).sum())
        differ += len(rows) - alike
        print(f"{path.name}: {alike} of {len(rows)} equal, {time.process_time() - begin:.0f} s", flush=True)
    return int(differ > 0)


def stored_rows(path: Path, count: int, given: Path | None) -> np.ndarray:
    """Inputs in the bytes and the shape of the file."""
    taken = interpreter(path).get_input_details()[0]
    kind, shape, (scale, zero) = taken["dtype"], taken["shape"][1:], taken["quantization"]
    ends = np.iinfo(kind)
    rows = np.random.default_rng(0).integers(ends.min, ends.max + 1, (count, *shape))
    if given is not None:
        arrays = np.load(given)
        held = max((arrays[name] for name in arrays), key=lambda array: array.size)
        held = held.reshape(len(held), *shape)[:count]
        whole = held.astype(int) - 128 * (held.dtype != kind)
        rows[: len(held)] = (
            whole if held.dtype.kind in "iu" else np.clip(np.rint(held / scale + zero), ends.min, ends.max)
        )
    return rows.astype(kind)


def compiled(path: Path, rows: np.ndarray) -> np.ndarray:
    """What the compiled program gives, for rows with channels last."""
    network = read_any_network(path, tell=lambda _: None)
    assert isinstance(network, IntegerNetwork)
    dropped = drop_channels(network).network
    chosen = choose_tensors(dropped, INTEGER_TARGETS["cortex-m4"], Optimize.SPEED, None)
    made = CompiledTensors(dropped, chosen.shapes)
    turned = np.moveaxis(rows, -1, 1).reshape(len(rows), -1).astype(np.int64)
    return np.array(made.run(made.link(), turned))


if __name__ == "__main__":
    sys.exit(main())
