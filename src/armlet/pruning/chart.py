"""Draw a trace as an SVG chart: distance and accuracy over sparsity, each with its own axis.

The horizontal axis is logarithmic in the survivors, since each epoch removes the same share of them.
"""

from collections.abc import Sequence
from html import escape
from math import floor, log10

from armlet.pruning.trace import PruningTrace, name_shown

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 64, 60, 56  # margins
FLAT = 1e-9  # the smallest top of an axis: distances below it are rounding
GAPS = 5  # between the marks of a vertical axis
INK, FAINT, DISTANCE, ACCURACY = "#333333", "#e2e2e2", "#1f5fa8", "#c4561a"
TICKS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)


def chart(trace: PruningTrace) -> str:
    """Draw the epochs that were kept as a standalone SVG, with their accuracies if the trace has some."""
    kept = [epoch for epoch in trace.epochs if epoch.kept]
    least, most = _span([epoch.sparsity for epoch in kept])
    top = _ceiling(max((epoch.distance for epoch in kept), default=1.0))
    spread = log10(1 - least) - log10(1 - most)

    def x(sparsity: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (log10(1 - least) - log10(1 - sparsity)) / spread

    parts = [_text(WIDTH / 2, 24, escape(_title(trace)), "middle", INK, 14)]
    for tick in [t for t in TICKS if least <= t <= most]:
        parts += [_line(x(tick), TOP, x(tick), HEIGHT - BOTTOM, FAINT)]
        parts += [_text(x(tick), HEIGHT - BOTTOM + 18, f"{100 * tick:g} %", "middle", INK)]
    parts += [_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "sparsity (weights removed)", "middle", INK)]
    parts += _axis(0.0, top, "distance d to the dense network", DISTANCE, LEFT, "end", grid=True)
    parts += _curve([(x(epoch.sparsity), _y(epoch.distance, 0.0, top)) for epoch in kept], DISTANCE)
    if name := name_shown(kept):
        shown = [(epoch, epoch.shown[name]) for epoch in kept if name in epoch.shown]
        low, high = _band([value for _, value in shown])
        parts += _axis(low, high, f"{name} shown", ACCURACY, WIDTH - RIGHT, "start", percent=True)
        parts += _curve([(x(epoch.sparsity), _y(value, low, high)) for epoch, value in shown], ACCURACY)
    parts += [_line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, INK)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
    head += f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    return "\n".join([head, paper, *parts, "</svg>"]) + "\n"


def _title(trace: PruningTrace) -> str:
    settings = trace.settings
    model = f"inputs from {settings['sparsify_inputs']}" if "sparsify_inputs" in settings else ""
    return f"armlet sparsify: {len(trace.epochs)} epochs, {model}".rstrip(", ")


def _span(sparsities: Sequence[float]) -> tuple[float, float]:
    """The ticks just below and just above the sparsities."""
    first, last = min(sparsities, default=0.0), max(sparsities, default=0.9)
    least = max(tick for tick in TICKS[:-1] if tick <= first) if first < TICKS[-2] else TICKS[-2]
    return least, min((tick for tick in TICKS if tick >= last and tick > least), default=1 - (1 - last) / 2)


def _ceiling(value: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten, from `FLAT` on."""
    unit = 10.0 ** floor(log10(max(value, FLAT))) if value > 0 else 1.0
    return next(step * unit for step in (1, 2, 5, 10, 20) if step * unit >= value)


def _band(accuracies: Sequence[float]) -> tuple[float, float]:
    """An axis range in whole steps around the values, within 0 and 1 if they are."""
    step = _ceiling(max(max(accuracies) - min(accuracies), 0.005) / 4)
    low, high = floor(min(accuracies) / step) * step, -floor(-max(accuracies) / step) * step
    return low if min(accuracies) < 0 else max(low, 0.0), min(high if high > low else low + step, 1.0)


def _y(value: float, low: float, high: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low if high > low else 1.0)


def _axis(
    low: float, high: float, name: str, colour: str, at: float, anchor: str, grid: bool = False, percent: bool = False
) -> list[str]:
    parts: list[str] = []
    for i in range(GAPS + 1):
        value = low + (high - low) * i / GAPS
        y = _y(value, low, high)
        if grid:
            parts.append(_line(LEFT, y, WIDTH - RIGHT, y, FAINT))
        label = f"{100 * value:.4g} %" if percent else f"{value:.4g}"
        parts.append(_text(at + (8 if anchor == "start" else -8), y + 4, label, anchor, colour))
    return [*parts, _text(at, TOP - 10, name, "start" if anchor == "end" else "end", colour)]


def _curve(points: Sequence[tuple[float, float]], colour: str) -> list[str]:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points]
    return [f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>', *dots]


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str, size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{text}</text>'
