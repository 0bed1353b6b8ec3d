"""A source's name or path to its labelled images: one reader for each kind."""

from dataclasses import dataclass
from pathlib import Path

from armlet.data.archive import read_archive
from armlet.data.digits import read_digits
from armlet.data.download import REMOTES, Watch, default_cache, fetch
from armlet.data.idx import read_idx_folder
from armlet.data.images import Source
from armlet.data.sheet import read_sheet
from armlet.data.text import require_file
from armlet.errors import InputError

READERS = {".npz": read_archive, ".csv": read_sheet}  # by suffix, in lower case
NAMES = ("digits", *REMOTES)


def _silent(name: str, done: int, total: int) -> None:
    """Watches nothing."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What to read, and how: `name` is one of `NAMES`, or a folder of idx files, an .npz or a .csv."""

    name: str = "digits"
    seed: int = 0  # of the split, where the source has none
    cache: Path | None = None  # of downloads; None: `default_cache`


def place_of(options: SourceOptions) -> Path | None:
    """What `read_source` reads, or downloads and reads; nothing where that is no file. Raises `InputError`."""
    if options.name == "digits":
        return None
    return (options.cache or default_cache()) / options.name if options.name in REMOTES else Path(options.name)


def read_source(options: SourceOptions, classes: int, watch: Watch = _silent) -> Source:
    """The images that `options` names, their labels below `classes`. Raises `InputError` with the place."""
    if options.name == "digits":
        return read_digits(classes, options.seed)
    if remote := REMOTES.get(options.name):
        return read_idx_folder(fetch(remote, options.cache or default_cache(), watch), classes)
    path = Path(options.name)
    if path.is_dir():
        return read_idx_folder(path, classes)
    there = path.exists()
    if there:
        require_file(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None or not there:
        problem = "is not a source that armlet reads" if there else "does not exist"
        raise InputError(path, problem, f"give {', '.join(NAMES)}, a folder of idx files, an .npz or a .csv")
    return reader(path, classes, options.seed)
