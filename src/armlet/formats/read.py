"""Any file or folder that holds a network, to the network: one reader for each kind."""

from collections.abc import Callable, Mapping
from pathlib import Path

from armlet.errors import InputError
from armlet.formats.assemble import Tell, warn
from armlet.formats.declaration import Declaration
from armlet.formats.integer_params import read_integer_params
from armlet.formats.npz import read_npz_network
from armlet.formats.params import is_integer, read_params
from armlet.integer.network import IntegerNetwork
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


def read_any_network(
    path: Path | str, declare: Declaration = Declaration(), tell: Tell = warn
) -> Network | IntegerNetwork:
    """The network in a PARAMS folder or file, in real numbers or in integers. Raises `InputError`.

    Integers say all that they mean, so nothing may be declared of them.
    """
    path = Path(path)
    if not (path.is_dir() and is_integer(path)):
        return read_network(path, declare, tell)
    if not declare.is_empty:
        raise InputError("--declare", f"says something of {path}, a network in integers", "its network.toml says it")
    return read_integer_params(path, tell)
