"""Seconds of one step of the exact selector, which tries every single removal: 196-10-10-10 on 10,000 inputs.

    python benchmarks/exact_steps.py [--samples 10000] [--steps 200]

A random ReLU perceptron, nothing removed yet, which is when steps are longest; the first step compiles and is left out.
Milliseconds of the processor: median and longest of the steps, and the share of all samples that a candidate is looked
at on before it is abandoned.
"""

import argparse
import time

import jax.numpy as jnp
import numpy as np

from armlet.pruning.geometry.architecture import architecture_of
from armlet.pruning.geometry.functional import masks_of, normalised, point_of
from armlet.pruning.geometry.metric import OutputMetric, Shape, make_reference
from armlet.pruning.inputs.parse import input_model
from armlet.pruning.select.exact import ExactSearch
from networks import WIDTHS, survivors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    network = survivors(WIDTHS["196-10-10-10"], 0.0)
    raw = input_model("uniform")(network, arguments.samples, 0)
    shape = Shape(architecture_of(network), OutputMetric.LOGITS)
    reference = make_reference(point_of(network), jnp.asarray(normalised(network, raw)), shape)
    names = [(kind.value, slope) for kind, slope in shape.architecture.chain]
    search = ExactSearch(point_of(network), masks_of(network), reference, names, shape.output)
    times, samples_read = [], []
    for _ in range(arguments.steps + 1):
        started = time.process_time()
        samples_read.append(search.step().samples_read / arguments.samples)
        times.append(1000 * (time.process_time() - started))
    median, longest, share = np.median(times[1:]), max(times[1:]), np.mean(samples_read[1:])
    print(f"{median:.1f} ms a step, {longest:.1f} the longest; a candidate is looked at on {share:.1%} of the samples")


if __name__ == "__main__":
    main()
