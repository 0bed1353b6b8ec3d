"""The one place that prints: results to standard output; progress, warnings and errors to standard error.

Progress shows on a terminal only; --quiet silences all but results and errors; --json makes the result one line of
JSON. An error is always one line, and stands alone: what a reader has to say of a model is said once, with what comes
of it. What the output's encoding lacks is spelt out, never a reason to fail.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

from armlet.errors import one_line

_LIKE = {"│": "|", "└": "+", "─": "-", "•": "o", "×": "x"} | dict(zip("▁▂▃▄▅▆▇█", "_.,-+*#@"))


class Interrupted(SystemExit):
    """The end of a run that was interrupted, after its one line was shown."""

    def __init__(self) -> None:
        super().__init__(130)


class OutputError(OSError):
    """Standard output takes no more."""


class Advance(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: float, total: float, note: str = "") -> None:
        """`done` of `total`; a total of 0 is not known. `note` stands behind the bar."""


@dataclass(frozen=True, slots=True)
class Console:
    """What a command may say, and how loudly."""

    quiet: bool = False
    verbose: bool = False
    json: bool = False
    _notes: dict[str, None] = field(default_factory=dict[str, None], init=False, repr=False, compare=False)

    @property
    def is_live(self) -> bool:
        """Whether a person watches: bars and live plots are drawn only then."""
        return _is_terminal(sys.stderr) and not self.quiet and not self.json

    def result(self, data: Mapping[str, Any], text: str) -> None:
        """What the command was asked for: `data` with --json, otherwise `text`."""
        self.tell_notes()
        _put(json.dumps(data, sort_keys=True) if self.json else text, sys.stdout)

    def say(self, text: str) -> None:
        """A line for people, left out with --quiet and --json."""
        if not self.quiet and not self.json:
            _put(text, sys.stdout)

    def note(self, text: str) -> None:
        """The same as `warn`, once and not before there is something to show: a refusal leaves it out."""
        self._notes[text] = None

    def tell_notes(self) -> None:
        """Say the notes that were not said yet."""
        notes = [*self._notes]
        self._notes.clear()
        for text in notes:
            self.warn(text)

    def warn(self, text: str) -> None:
        """A line on standard error about something that was taken without being said; left out with --quiet."""
        if not self.quiet:
            _put(f"armlet: {one_line(text)}", sys.stderr)

    def detail(self, text: str) -> None:
        """A line for --verbose, on standard error."""
        if self.verbose:
            _put(text, sys.stderr)

    @contextmanager
    def progress(self, what: str) -> Iterator[Advance]:
        """A bar called `what` for as long as the block runs, on a terminal."""
        if not self.is_live:
            yield _stand_still
            return
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        note = TextColumn("{task.fields[note]}")
        columns = (TextColumn("{task.description}"), BarColumn(), note, TimeElapsedColumn())
        with Progress(*columns, console=Terminal(stderr=True), transient=True) as bars:
            bar = bars.add_task(what, total=None, note="")

            def advance(done: float, total: float, note: str = "") -> None:
                bars.update(bar, completed=done, total=total or None, note=note)

            yield advance


def show_error(message: str) -> None:
    """One line on standard error, whatever the message holds."""
    line = one_line(message)
    red, plain = ("\x1b[31m", "\x1b[0m") if _is_terminal(sys.stderr) else ("", "")
    with suppress(OSError):  # nobody can be told then
        _put(f"{red}armlet: {line}{plain}", sys.stderr)


def _put(text: str, stream: TextIO) -> None:
    try:
        print(text, file=stream, flush=True)
    except UnicodeEncodeError:  # raised before anything is written
        _put(_legible(text, stream.encoding or "ascii"), stream)
    except BrokenPipeError:
        raise
    except OSError as refused:
        raise OutputError(refused.errno, refused.strerror or str(refused)) from refused


def _legible(text: str, encoding: str) -> str:
    """The same in an encoding that lacks some of it: signs of plots by their like, all else spelt out."""
    try:
        "".join(_LIKE).encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(str.maketrans(_LIKE))
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _is_terminal(stream: TextIO) -> bool:
    """Whether a terminal listens that understands control sequences."""
    if not stream.isatty():
        return False
    from rich.console import Console as Terminal

    return not Terminal(file=stream).is_dumb_terminal


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Rows in columns under `head`, the first columns to the left and numbers to the right, plain text."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    rule = ["-" * width for width in widths]
    return "\n".join(_line(row, widths, left) for row in (head, rule, *rows))


def _line(row: Sequence[str], widths: Sequence[int], left: int) -> str:
    cells = (cell.rjust(width) if i >= left else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths)))
    return "  ".join(cells).rstrip()


def _stand_still(done: float, total: float, note: str = "") -> None:
    """Moves nothing."""
