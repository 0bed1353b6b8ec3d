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

from armlet.manifold.functional import activations_of, masks_of, normalised, point_of
from armlet.manifold.inputs.parse import input_model
from armlet.manifold.metric import OutputMetric, Shape, refer
from armlet.manifold.select.exact import Search
from networks import WIDTHS, survivors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    network = survivors(WIDTHS["196-10-10-10"], 0.0)
    raw = input_model("uniform")(network, arguments.samples, 0)
    shape = Shape(activations_of(network), OutputMetric.LOGITS)
    reference = refer(point_of(network), jnp.asarray(normalised(network, raw)), shape)
    names = [(kind.value, slope) for kind, slope in shape.activations]
    search = Search(point_of(network), masks_of(network), reference, names, shape.output)
    times, looked = [], []
    for _ in range(arguments.steps + 1):
        started = time.process_time()
        looked.append(search.step().looked / arguments.samples)
        times.append(1000 * (time.process_time() - started))
    median, longest, share = np.median(times[1:]), max(times[1:]), np.mean(looked[1:])
    print(f"{median:.1f} ms a step, {longest:.1f} the longest; a candidate is looked at on {share:.1%} of the samples")


if __name__ == "__main__":
    main()
