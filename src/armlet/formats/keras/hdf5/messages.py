"""What the process that reads HDF5 is asked and answers: messages of known kinds, each behind its length."""

from typing import IO, Literal

import msgspec

_LENGTH = 8  # bytes, the lowest first


class Open(msgspec.Struct, frozen=True, tag=True):
    """Take these bytes as the file from now on; `source` is its name in messages."""

    source: str
    data: bytes


class Read(msgspec.Struct, frozen=True, tag=True):
    """The dataset at the end of a path of links."""

    path: tuple[str, ...]


class Done(msgspec.Struct, frozen=True, tag=True):
    """The file is open, or there is no such dataset."""


class Array(msgspec.Struct, frozen=True, tag=True):
    """The numbers of a dataset, the last index changing fastest."""

    dtype: Literal["<f2", "<f4", "<f8"]
    shape: tuple[int, ...]
    data: bytes


class Refused(msgspec.Struct, frozen=True, tag=True):
    """An `InputError`."""

    source: str
    problem: str
    hint: str


Request = Open | Read
Reply = Done | Array | Refused
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def send(to: IO[bytes], message: Request | Reply) -> None:
    """Write one message."""
    content = msgspec.msgpack.encode(message)
    to.write(len(content).to_bytes(_LENGTH, "little"))
    to.write(content)
    to.flush()


def receive_request(source: IO[bytes]) -> Request:
    """Read one request. Raises `EOFError` at the end, and what msgspec raises for what is none."""
    return _requests.decode(_received(source))


def receive_reply(source: IO[bytes]) -> Reply:
    """Read one reply. Raises `EOFError` at the end, and what msgspec raises for what is none."""
    return _replies.decode(_received(source))


def _received(source: IO[bytes]) -> bytes:
    return _exactly(source, int.from_bytes(_exactly(source, _LENGTH), "little"))


def _exactly(source: IO[bytes], size: int) -> bytes:
    content = source.read(size)
    if len(content) < size:
        raise EOFError
    return content
