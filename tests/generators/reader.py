"""One way in, with valid files to break."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


def _as_it_is(content: bytes) -> bytes:
    return content


@dataclass(frozen=True)
class Reader:
    """One way in. `valid` are the contents that `pack` turns into files; `beside` stands in the folder already."""

    name: str
    file: str
    read: Callable[[Path], object]
    valid: tuple[bytes, ...]
    pack: Callable[[bytes], bytes] = _as_it_is
    beside: Mapping[str, bytes] = field(default_factory=dict[str, bytes])

    @property
    def is_packed(self) -> bool:
        return self.pack is not _as_it_is

    def prepare(self, folder: Path) -> Path:
        """Put down what stands beside; the path of the file to break."""
        for name, content in self.beside.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        return folder / self.file
