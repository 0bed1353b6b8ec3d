"""What the command is as a process: standard streams that may be closed or full, interruptions, and how it ends."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from errno import EBADF
from io import TextIOBase
from types import FrameType
from typing import Any, NoReturn, cast

from armlet.cli.terminal.console import Interrupted, show_error

INTERRUPTED = 130


class _Closed(TextIOBase):
    """A standard output that was closed before the start: Python has none then, and would print into nothing."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise OSError(EBADF, "is closed")


def finished(run: Callable[[], Any]) -> int:
    """Call `run` and give the code to exit with; whatever ended it has been said in one line at most."""
    _occupy_streams()
    sys.unraisablehook = _interrupted_where_nothing_raises
    if _is_unhandled(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, _interrupt)
    try:
        run()
    except Interrupted:
        return INTERRUPTED
    except KeyboardInterrupt:
        return tell_interrupted()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        return tell_interrupted() if code == INTERRUPTED else code
    except BrokenPipeError:
        return 1  # nobody reads on
    except OSError as refused:
        return _output_refused(refused)
    return 0


def leave(code: int) -> NoReturn:
    """End the process. After an interruption at once: threads that still work are not waited for."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except OSError as refused:
            if number == 1 and code == 0 and not isinstance(refused, BrokenPipeError):
                code = _output_refused(refused)
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)  # Python flushes once more
    if code == INTERRUPTED:
        os._exit(code)
    sys.exit(code)


def _is_unhandled(handler: Any) -> bool:
    """Whether nobody but Python's start, or armlet's, has said what an interruption does."""
    return handler is signal.default_int_handler or bool(getattr(handler, "until_the_start", False))


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """Raise `KeyboardInterrupt`, but not into an import: libraries in C crash where one is raised while they start."""
    at = frame
    while at is not None:
        if at.f_code.co_filename.startswith("<frozen importlib"):
            leave(tell_interrupted())
        at = at.f_back
    sys.unraisablehook = _after_interruption
    signal.default_int_handler(signum, frame)


vars(_interrupt)["raises_keyboard_interrupt"] = True  # for whoever guards native code from it


def tell_interrupted(more: str = "") -> int:
    """Say that the run was interrupted, and `more`; give the code to exit with, which the caller does next.

    From here on nobody hears an interruption: the next one, of a key that is held down, would cut the line in two.
    """
    with suppress(ValueError):  # another thread, which may not say so
        if signal.getsignal(signal.SIGINT) is _interrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.unraisablehook = _once_told
    show_error(f"interrupted; {more}" if more else "interrupted")
    return INTERRUPTED


def _output_refused(refused: OSError) -> int:
    show_error(f"standard output: {(refused.strerror or str(refused)).lower()}; what was to be shown is lost")
    return 2


def _interrupted_where_nothing_raises(event: "sys.UnraisableHookArgs") -> None:
    """An interruption that met Python where it raises nothing (a finaliser, a callback of C) counts as any other."""
    if issubclass(event.exc_type, KeyboardInterrupt):
        leave(tell_interrupted())
    sys.__unraisablehook__(event)


def _after_interruption(event: "sys.UnraisableHookArgs") -> None:
    """What an interruption left half made fails once more as it is thrown away: the run ends there."""
    if issubclass(event.exc_type, KeyboardInterrupt):
        leave(tell_interrupted())


def _once_told(event: "sys.UnraisableHookArgs") -> None:
    """What fails while the one line is being written, or after it, is no news."""


def _occupy_streams() -> None:
    """Numbers 0 to 2 belong to the standard streams: a file that takes one of them would be written into."""
    while (taken := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(taken)
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stdout = cast(Any, _Closed())
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
