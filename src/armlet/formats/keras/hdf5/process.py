"""HDF5 as the rest of the reader sees it: arrays by their paths, from a process that may end without harm.

One process serves all files that are read one after the other; where it ends, the next file gets another.
"""

import atexit
import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any

import numpy as np
from msgspec import DecodeError
from numpy.typing import NDArray

from armlet.errors import InputError, InvariantError
from armlet.formats.keras.hdf5.messages import Array, Open, Read, Refused, Reply, Request, receive_reply, send

_COMMAND = (sys.executable, "-P", "-m", "armlet.formats.keras.hdf5.worker")
_AGAIN = "save it again with model.save"


class GoneError(Exception):
    """The process ended in place of an answer."""


class Hdf5Process:
    """A process that reads HDF5, started where there is none, ended where an exchange does not come to its end."""

    def __init__(self) -> None:
        self.lock, self._process = Lock(), None

    @property
    def number(self) -> int | None:
        """Of the process that runs."""
        return None if self._process is None else self._process.pid

    def ask(self, request: Request) -> Reply:
        """The answer. Raises `InputError` where it is a refusal, `GoneError` where none comes."""
        try:
            reply = self._exchange(request)
        except (OSError, EOFError, DecodeError) as gone:
            self.end()
            raise GoneError from gone
        except BaseException:  # an answer that nobody waits for would be that to the next request
            self.end()
            raise
        if isinstance(reply, Refused):
            raise InputError(reply.source, reply.problem, reply.hint)
        return reply

    def end(self) -> None:
        """Stop the process."""
        if self._process is not None:
            self._process.kill()
            with suppress(OSError):
                self._process.communicate()
            self._process = None

    def _exchange(self, request: Request) -> Reply:
        if self._process is None:
            self._process: subprocess.Popen[bytes] | None = _started()
        asked, given = _pipes(self._process)
        send(asked, request)
        return receive_reply(given)


def _started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=-1
    )


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise InvariantError("the process that reads HDF5 has no pipes")
    return process.stdin, process.stdout


SHARED = Hdf5Process()
atexit.register(SHARED.end)


class Arrays:
    """The arrays of an open file. Whatever is broken in it, or more than armlet reads, is an `InputError`."""

    def __init__(self, source: Path, data: bytes, process: Hdf5Process) -> None:
        self.source, self._data, self._process = source, data, process
        self._answer()

    def array(self, *path: str) -> NDArray[Any] | None:
        """The numbers of the dataset at the end of a path of links, or None where there is none."""
        match self._answer(Read(path)):
            case Array(dtype, shape, data) if math.prod(shape) * np.dtype(dtype).itemsize == len(data):
                return np.frombuffer(data, dtype).reshape(shape)
            case Array():
                raise InputError(self.source, "is not HDF5 that can be read: an array is not of its shape", _AGAIN)
            case _:
                return None

    def _answer(self, *requests: Request) -> Reply:
        """To the last of them, or to the opening of the file: once more by a new process, for what ends it is in doubt.

        A file before this one may have left the library in disorder.
        """
        opening = Open(str(self.source), self._data)
        for asked in (requests or (opening,), (opening, *requests)):
            with suppress(GoneError):
                return [self._process.ask(request) for request in asked][-1]
        raise InputError(self.source, "is not HDF5 that can be read: it stops the library", _AGAIN)


@contextmanager
def open_hdf5(source: Path, data: bytes) -> Iterator[Arrays]:
    """An HDF5 file out of its bytes. Raises `InputError`."""
    with SHARED.lock:
        yield Arrays(source, data, SHARED)
