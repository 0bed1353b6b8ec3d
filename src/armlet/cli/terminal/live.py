"""Show a run of the sparsifier: a growing plot, and one line an epoch with the time left."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from armlet.cli.terminal.console import Console
from armlet.cli.terminal.plot import plot

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from armlet.pruning.trace import PruningEpoch


@dataclass(slots=True)
class Show:
    """Receives epochs: redraws them on a terminal, prints one line for each elsewhere."""

    console: Console
    live: "Live | None" = None
    epochs: "list[PruningEpoch]" = field(default_factory=list)

    def __call__(self, epoch: "PruningEpoch") -> None:
        self.epochs.append(epoch)
        self.console.tell_notes()
        if self.live is None:
            self.console.say(line(self.epochs))
        else:
            self.live.update(drawing(f"{plot(self.epochs)}\n{line(self.epochs)}"), refresh=True)


@contextmanager
def showing(console: Console, start: str) -> Iterator[Show]:
    """A `Show` for the duration of the block; it displays `start` until the first epoch."""
    if not console.is_live:
        yield Show(console)
        return
    from rich.console import Console as Terminal
    from rich.live import Live

    with Live(drawing(start), console=Terminal(stderr=True), transient=True) as live:
        yield Show(console, live)


def line(epochs: "list[PruningEpoch]") -> str:
    """The last epoch in one line."""
    epoch = epochs[-1]
    parts = [f"epoch {epoch.number:3d}", f"sparsity {epoch.sparsity:7.2%}", f"distance {epoch.distance:.4f}"]
    parts += [] if epoch.snapped is None else [f"on the grid {epoch.snapped:7.2%}"]
    parts += [f"{name} {value:.2%}" for name, value in epoch.shown.items()]
    parts.append(f"{epoch.seconds:.0f} s, at most {seconds_left(epochs):.0f} s left")
    return "  ".join(parts) + ("" if epoch.kept else "  too far: undone")


def seconds_left(epochs: "list[PruningEpoch]") -> float:
    """Estimate the time left from the epochs after the first, which also draws inputs and compiles."""
    first, last = epochs[0], epochs[-1]
    pace = (last.seconds - first.seconds) / (len(epochs) - 1) if len(epochs) > 1 else first.seconds / first.number
    return pace * (last.of - last.number)


def drawing(text: str) -> "Group":
    """`text` with a spinner, so that a long epoch shows activity."""
    from rich.console import Group
    from rich.spinner import Spinner
    from rich.text import Text

    *above, last = text.split("\n")
    return Group(*(Text(part) for part in above), Spinner("dots", Text(last)))
