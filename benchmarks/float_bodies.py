"""Cycles and bytes of one convolution in float32 on Cortex-M4F in bodies of all shapes: docs/figures.md.

    python benchmarks/float_bodies.py

3x3 from 32 channels to 32 at 16x16, with a bias and a ReLU, 80 and 90 % of its weights removed at random
(tests/generators/float_survivors.py). Cycles of a product that is computed, loops among them, and bytes of code and
constants for each weight that is left, by the count that a manifest has.
"""

from armlet.cli.terminal.console import table
from armlet.isa.find import find_target
from armlet.isa.targets import INTEGER_TARGETS
from armlet.network.layers import Conv
from armlet.select.floats.choose import shapes_of
from armlet.select.floats.cycles import line_cycles
from armlet.select.floats.lines import Machine
from armlet.select.floats.select import placed_planes, select_floats, sums_task
from armlet.select.floats.task import Shape
from armlet.tensors.rows import WORD
from networks import float_survivor_convolution

TARGET, SEPARATE = find_target("cortex-m4f", "float32", "separate")
MACHINE = Machine(TARGET, INTEGER_TARGETS[TARGET.name])
SHAPE, OUTPUTS, SIZE = (32, 16, 16), 32, 3
REMOVED = (0.8, 0.9)


def cost(removed: float, shape: Shape) -> tuple[float, float]:
    """Cycles of a product, bytes of a weight."""
    network = float_survivor_convolution(SHAPE, OUTPUTS, SIZE, removed)
    program = select_floats(network, MACHINE, SEPARATE, [shape], "net_constants")
    cycles = sum(line_cycles(MACHINE, program.lines))
    size = sum(line.size for line in program.lines) + len(program.constants) * WORD
    kept = network.connections
    return cycles / kept / (SHAPE[1] * SHAPE[2]), size / kept


def main() -> None:
    """Print the table."""
    network = float_survivor_convolution(SHAPE, OUTPUTS, SIZE, REMOVED[0])
    (layer,), (values, _, _) = network.layers, placed_planes(network)
    assert isinstance(layer, Conv)
    rows = []
    for shape in shapes_of(sums_task(layer, 0, values[0], values[1], SEPARATE)):
        found = [cost(removed, shape) for removed in REMOVED]
        numbers = [f"{number:.2f}" for pair in zip(*found) for number in pair]
        rows.append([f"{shape.across} x {shape.channels}", *numbers])
    print(table(["positions x channels", "80 %: cycles", "90 %", "80 %: bytes", "90 %"], rows))


if __name__ == "__main__":
    main()
