"""Draw small plots in characters.

The plot of a sparsifier's run has sparsity to the right, and upwards distance and the figure shown, each in its scale.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armlet.pruning.trace import PruningEpoch

WIDTH, HEIGHT = 60, 9
DISTANCE, SHOWN = "•", "×"


def plot(epochs: "Sequence[PruningEpoch]") -> str:
    """Plot the epochs that were kept, with the figures shown on them, as lines of text."""
    from armlet.pruning.trace import name_shown

    kept = [epoch for epoch in epochs if epoch.kept]
    if not kept:
        return ""
    grid = [[" "] * (WIDTH + 1) for _ in range(HEIGHT + 1)]
    right = max(epoch.sparsity for epoch in kept) or 1.0
    top = max(epoch.distance for epoch in kept) or 1.0
    name = name_shown(kept)
    values = [epoch.shown[name] for epoch in kept if name in epoch.shown]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    for epoch in kept:
        column = round(WIDTH * epoch.sparsity / right)
        if name in epoch.shown:
            _mark(grid, column, (epoch.shown[name] - low) / (high - low) if high > low else 1.0, SHOWN)
        _mark(grid, column, epoch.distance / top, DISTANCE)
    lines = ["│" + "".join(row).rstrip() for row in grid]
    lines += ["└" + "─" * WIDTH, f" 0 %{'sparsity':^{WIDTH - 12}}{right:8.1%}"]
    legend = f" {DISTANCE} distance, 0 to {top:.3f}"
    legend += f"   {SHOWN} {name} shown, {low:.2%} to {high:.2%}" if values else ""
    return "\n".join([*lines, legend])


def sparkline(values: Sequence[float]) -> str:
    """One character for each value, high where it is high."""
    low, high = min(values), max(values)
    steps = "▁▂▃▄▅▆▇█"
    return "".join(steps[round((value - low) / (high - low) * 7) if high > low else 0] for value in values)


def _mark(grid: list[list[str]], column: int, height: float, sign: str) -> None:
    grid[HEIGHT - round(HEIGHT * height)][column] = sign
