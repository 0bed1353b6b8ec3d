"""Named data sets from their mirrors into a cache folder, each file kept only when its checksum is right."""

import hashlib
import http.client
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from armlet.errors import InputError
from armlet.storage import write_file

Watch = Callable[[str, int, int], None]  # name of a file, bytes so far, bytes in all (0: not known)

LARGEST = 64 << 20  # bytes; the largest file here has 26 million
_PATIENCE = 30  # seconds without an answer
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Remote:
    """Files that lie under the same names on every mirror, and the MD5 that their publishers give."""

    name: str
    mirrors: tuple[str, ...]  # addresses that end in /
    md5: Mapping[str, str]


MNIST = Remote(
    "mnist",
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
)
FASHION_MNIST = Remote(
    "fashion-mnist",
    (
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
)
REMOTES = {remote.name: remote for remote in (MNIST, FASHION_MNIST)}


def default_cache() -> Path:
    """Where downloads are kept unless told otherwise. Raises `InputError` for a user without a home."""
    try:
        return Path.home() / ".cache" / "armlet"
    except RuntimeError as homeless:
        raise InputError("--cache", "is needed: this user has no home folder", "give a folder") from homeless


def fetch(remote: Remote, cache: Path, watch: Watch) -> Path:
    """The folder that holds the files of `remote`; what is not there yet is downloaded.

    Raises `InputError` where no mirror gives a file with the right checksum.
    """
    folder = cache / remote.name
    for name, md5 in remote.md5.items():
        path = folder / name
        if not (path.is_file() and _md5(path.read_bytes()) == md5):
            write_file(path, _from_any_mirror(remote, name, md5, watch))
    return folder


def _from_any_mirror(remote: Remote, name: str, md5: str, watch: Watch) -> bytes:
    reasons: list[str] = []
    for mirror in remote.mirrors:
        try:
            content = _download(mirror + name, name, watch)
        except (OSError, http.client.HTTPException) as failed:
            reasons.append(str(failed) or type(failed).__name__)
            continue
        if _md5(content) == md5:
            return content
        reasons.append(f"MD5 {_md5(content)} instead of {md5}")
    hint = f"fetch the files of {remote.name} into a folder and give it as --source"
    raise InputError(name, f"cannot be downloaded ({', then '.join(dict.fromkeys(reasons))})", hint)


def _download(address: str, name: str, watch: Watch) -> bytes:
    content = bytearray()
    with urllib.request.urlopen(address, timeout=_PATIENCE) as response:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else 0
        while chunk := response.read(_CHUNK):
            content += chunk
            if len(content) > LARGEST:
                raise OSError(f"more than {LARGEST} bytes")
            watch(name, len(content), total)
    return bytes(content)


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
