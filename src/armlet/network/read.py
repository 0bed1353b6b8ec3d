"""Any file or folder that holds a network, to the network: one reader for each kind."""

from collections.abc import Callable, Mapping
from pathlib import Path

from armlet.errors import InputError
from armlet.network.network import Network
from armlet.network.npz import read_npz_network
from armlet.network.params import read_params
from armlet.storage import open_input

READERS: Mapping[str, Callable[[Path], Network]] = {".npz": read_npz_network}  # by suffix, in lower case


def read_network(path: Path) -> Network:
    """The network in a PARAMS folder or in a file that one of `READERS` takes. Raises `InputError`."""
    if not path.exists():
        raise InputError(path, "does not exist", "give a PARAMS folder or a network file")
    if path.is_dir():
        return read_params(path)
    open_input(path).close()  # a pipe has no suffix that tells
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            path, "is not a network file that armlet reads", f"give a PARAMS folder or {', '.join(READERS)}"
        )
    return reader(path)
