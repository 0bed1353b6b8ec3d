"""Small plots in characters.

Of a sparsifying: sparsity to the right, distance and accuracy upwards, each on its own scale.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armlet.manifold.trace import Epoch

WIDTH, HEIGHT = 60, 9
DISTANCE, ACCURACY = "•", "×"


def plot(epochs: "Sequence[Epoch]") -> str:
    """The epochs that were kept, as lines of text. Accuracy takes part where it was shown."""
    kept = [epoch for epoch in epochs if epoch.kept]
    if not kept:
        return ""
    grid = [[" "] * (WIDTH + 1) for _ in range(HEIGHT + 1)]
    right = max(epoch.sparsity for epoch in kept) or 1.0
    top = max(epoch.distance for epoch in kept) or 1.0
    accuracies = [epoch.accuracy for epoch in kept if epoch.accuracy is not None]
    low, high = (min(accuracies), max(accuracies)) if accuracies else (0.0, 1.0)
    for epoch in kept:
        column = round(WIDTH * epoch.sparsity / right)
        if epoch.accuracy is not None:
            _mark(grid, column, (epoch.accuracy - low) / (high - low) if high > low else 1.0, ACCURACY)
        _mark(grid, column, epoch.distance / top, DISTANCE)
    lines = ["│" + "".join(row).rstrip() for row in grid]
    lines += ["└" + "─" * WIDTH, f" 0 %{'sparsity':^{WIDTH - 12}}{right:8.1%}"]
    legend = f" {DISTANCE} distance, 0 to {top:.3f}"
    legend += f"   {ACCURACY} accuracy shown, {low:.2%} to {high:.2%}" if accuracies else ""
    return "\n".join([*lines, legend])


def sparkline(values: Sequence[float]) -> str:
    """One character for each value, high where it is high."""
    low, high = min(values), max(values)
    steps = "▁▂▃▄▅▆▇█"
    return "".join(steps[round((value - low) / (high - low) * 7) if high > low else 0] for value in values)


def _mark(grid: list[list[str]], column: int, height: float, sign: str) -> None:
    grid[HEIGHT - round(HEIGHT * height)][column] = sign
