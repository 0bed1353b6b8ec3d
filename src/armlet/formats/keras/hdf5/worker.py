"""The process that reads HDF5: files and paths come in, arrays go out, until nobody asks any more.

    python -P -m armlet.formats.keras.hdf5.worker

The library is written in C, and a broken file can make it fail in any way. Here that ends nothing but this process.
"""

import os
import signal
import sys
from contextlib import ExitStack
from typing import IO

from armlet.errors import InputError
from armlet.formats.keras.hdf5.file import Hdf5, open_hdf5
from armlet.formats.keras.hdf5.messages import Array, Done, Open, Read, Refused, Reply, Request, receive_request, send

SECONDS = 60.0  # of the processor for one answer


def serve(asked: IO[bytes], given: IO[bytes]) -> None:
    """Answer until the end of what is asked."""
    held = Held()
    while True:
        try:
            request = receive_request(asked)
        except EOFError:
            return
        _limit_time()
        send(given, held.answer(request))


class Held:
    """The file that is open, one at a time."""

    def __init__(self) -> None:
        self._stack, self._file = ExitStack(), None

    def answer(self, request: Request) -> Reply:
        """What is asked for, or why not."""
        try:
            match request:
                case Open(source, data):
                    self._open(source, data)
                    return Done()
                case Read(path):
                    assert self._file is not None, "a file is opened first"
                    array = self._file.array(*path)
        except InputError as wrong:
            return Refused(wrong.source, wrong.problem, wrong.hint)
        if array is None:
            return Done()
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        return Array(f"<f{little.dtype.itemsize}", little.shape, little.tobytes())  # type: ignore[arg-type]

    def _open(self, source: str, data: bytes) -> None:
        self._stack.close()
        self._file: Hdf5 | None = None
        self._file = self._stack.enter_context(open_hdf5(source, data))


def _limit_time() -> None:
    """This process ends where one answer takes too long, on systems that can tell."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)


def main() -> None:
    """Serve on the standard input and output."""
    given = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    serve(sys.stdin.buffer, given)


if __name__ == "__main__":
    main()
