"""Stops emulated calls that take too long, or are interrupted, with one thread for all: a timer for each costs more."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, process_time

from armlet.simulate.interrupt import Interruptible

_LOOKS = 0.05  # seconds between two looks at the clock


class Watchdog:
    """Calls `stop` once for each guarded block that runs longer than it may."""

    def __init__(self) -> None:
        self._interruptible = Interruptible()
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)  # threads do not live on in a child

    @contextmanager
    def limit(self, seconds: float, stop: Callable[[], None]) -> Iterator[None]:
        """Guard a block for `seconds` of clock and processor, both. Raises KeyboardInterrupt where it was interrupted.

        On a busy machine it waits for its turn, and a program that is right must not seem endless.
        """
        block = object()
        with self._lock:
            self._guarded[block] = monotonic() + seconds, process_time() + seconds, stop
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()
        self._armed.set()
        try:
            with self._interruptible.call(stop):
                yield
        finally:
            with self._lock:
                self._guarded.pop(block, None)

    def _watch(self) -> None:
        pause = threading.Event()
        while True:
            self._armed.wait()
            with self._lock:
                woken, now, worked = self._interruptible.was_woken(), monotonic(), process_time()
                guarded = self._guarded.items()
                late = [block for block, (end, work, _) in guarded if woken or (now > end and worked > work)]
                for block in late:
                    *_, stop = self._guarded.pop(block)
                    stop()
                if not self._guarded:
                    self._armed.clear()
            pause.wait(_LOOKS)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._armed = threading.Event()
        self._guarded: dict[object, tuple[float, float, Callable[[], None]]] = {}
        self._thread: threading.Thread | None = None
