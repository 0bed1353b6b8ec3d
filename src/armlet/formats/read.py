"""Any file or folder that holds a network, to the network: one reader for each kind."""

from collections.abc import Callable, Mapping
from pathlib import Path

from armlet.errors import InputError
from armlet.formats.assemble import Tell, warn
from armlet.formats.declaration import Declaration
from armlet.formats.npz import read_npz_network
from armlet.formats.params import read_params
from armlet.network.network import Network
from armlet.storage import open_input

Reader = Callable[[Path, Declaration, Tell], Network]
READERS: Mapping[str, Reader] = {".npz": read_npz_network}  # by suffix, in lower case


def read_network(path: Path | str, declare: Declaration = Declaration(), tell: Tell = warn) -> Network:
    """The network in a PARAMS folder or in a file that one of `READERS` takes.

    What is declared wins over what the file says; `tell` hears a line for each thing that was taken without being
    said (by default an `ArmletWarning`). Raises `InputError`.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(path, "does not exist", "give a PARAMS folder or a network file")
    if path.is_dir():
        return read_params(path, declare, tell)
    open_input(path).close()  # a pipe has no suffix that tells
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            path, "is not a network file that armlet reads", f"give a PARAMS folder or {', '.join(READERS)}"
        )
    return reader(path, declare, tell)
