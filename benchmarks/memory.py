"""Files that never touch a disk: inside `in_memory`, paths below FOLDER are entries of FILES.

The readers of armlet reach files through pathlib alone, so that standing in for seven of its methods is enough.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

FOLDER = Path("/in-memory")
FILES: dict[str, bytes] = {}
_DISK = {name: getattr(Path, name) for name in ("open", "exists", "is_file", "is_dir", "stat", "iterdir", "glob")}


class _Memory:
    """The stand-ins, each falling back to the disk for paths elsewhere."""

    def open(self, path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        content = FILES.get(str(path))
        if content is None:
            return _DISK["open"](path, mode, *rest, **named)
        file = io.BytesIO(content)
        return file if "b" in mode else io.TextIOWrapper(file, encoding=named.get("encoding"))

    def exists(self, path: Path) -> bool:
        return self.is_file(path) or self.is_dir(path)

    def is_file(self, path: Path) -> bool:
        return str(path) in FILES or _DISK["is_file"](path)

    def is_dir(self, path: Path) -> bool:
        return path.parent == FOLDER or _DISK["is_dir"](path)

    def stat(self, path: Path, **named: Any) -> os.stat_result:
        content = FILES.get(str(path))
        if content is None:
            return _DISK["stat"](path, **named)
        return os.stat_result((0o100644, 0, 0, 1, 0, 0, len(content), 0, 0, 0))

    def iterdir(self, path: Path) -> Iterator[Path]:
        yield from (Path(name) for name in list(FILES) if Path(name).parent == path)

    def glob(self, path: Path, pattern: str) -> Iterator[Path]:
        yield from (found for found in self.iterdir(path) if found.match(pattern))


@contextmanager
def in_memory() -> Iterator[None]:
    """Until the block ends, FILES are files."""
    memory = _Memory()

    def stand_in(name: str) -> Any:
        method = getattr(memory, name)
        return lambda path, *rest, **named: method(path, *rest, **named)

    FILES.clear()
    with patch.multiple(Path, **{name: stand_in(name) for name in _DISK}):
        yield
    FILES.clear()
