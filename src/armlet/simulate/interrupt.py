"""Ctrl-C while the emulator runs: it stops the emulation, and is raised where Python is in charge again.

While native code runs, Python sees no signal; and where a signal falls into a callback of the emulator, what it raises
is lost or shows as a fault of the program. So during a call the signal is only noted. A byte that the system writes to
a pipe at the same moment wakes the watchdog, which stops the emulation.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Interruptible:
    """Guards calls of native code in the main thread, unless others handle the signal; elsewhere it does nothing."""

    def __init__(self) -> None:
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    @contextmanager
    def call(self, stop: Callable[[], None]) -> Iterator[None]:
        """Raise KeyboardInterrupt after a block that was interrupted; `stop` ends it."""
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not _raises(handler):
            yield
            return
        noted: list[int] = []

        def note(number: int, _: object) -> None:
            noted.append(number)
            stop()

        before = signal.set_wakeup_fd(self._writer(), warn_on_full_buffer=False)
        try:
            signal.signal(signal.SIGINT, note)
            yield
        finally:
            signal.signal(signal.SIGINT, handler)
            signal.set_wakeup_fd(before)
            if noted:
                self.was_woken()  # what it wrote for the watchdog is old news
                raise KeyboardInterrupt

    def was_woken(self) -> bool:
        """Whether the signal came since this was asked last, in any thread."""
        if self._pipe is None:
            return False
        with suppress(BlockingIOError):
            return signal.SIGINT in os.read(self._pipe[0], 64)
        return False

    def _writer(self) -> int:
        if self._pipe is None:
            self._pipe = os.pipe()
            for end in self._pipe:
                os.set_blocking(end, False)
        return self._pipe[1]

    def _forget(self) -> None:
        self._pipe: tuple[int, int] | None = None  # a child makes one of its own


def _raises(handler: object) -> bool:
    """Whether a handler of the signal does no more than raise KeyboardInterrupt: Python's own, or one that says so."""
    return handler is signal.default_int_handler or getattr(handler, "raises_keyboard_interrupt", False)
