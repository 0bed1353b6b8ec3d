"""No file, whatever its bytes, does worse than a refusal of one line: the small run of tests/fuzz.py."""

import re
from pathlib import Path

import pytest

from armlet.build.manifest import read_manifest
from armlet.errors import InputError
from fuzz import CORPUS, Fault, fuzz
from generators.integer_readers import INTEGER_READERS
from generators.reader import Reader
from generators.readers import READERS
from generators.tensor_readers import TENSOR_READERS

INPUTS = 20_000
FEW = 4_000  # for networks in integers: most of their readers read a whole folder for each input


@pytest.mark.parametrize("name", READERS)
def test_no_reader_does_worse_than_a_refusal(name: str):
    faults: list[Fault] = []
    count = FEW if READERS[name] in (*INTEGER_READERS, *TENSOR_READERS) else INPUTS
    tried = fuzz(READERS[name], count, 1, faults.append)
    assert not faults, faults[0]
    assert tried.inputs == count
    assert tried.taken  # where nothing is valid, what is behind the first refusal is never tried


@pytest.mark.parametrize("name", READERS)
def test_every_reader_takes_its_valid_files(name: str, tmp_path: Path):
    reader = READERS[name]
    path = reader.prepare(tmp_path)
    taken = 0
    for content in reader.valid:
        path.write_bytes(reader.pack(content))
        try:
            reader.read(path)
            taken += 1
        except InputError:
            continue  # of the arrays, some are of another shape or type than this reader wants
    assert taken


def _crash(path: Path) -> None:
    if b"7" in path.read_bytes():
        raise RuntimeError("sevens")


def _grind(path: Path) -> None:
    while True:
        pass


def test_a_reader_that_crashes_is_named():
    faults: list[Fault] = []
    tried = fuzz(Reader("planted", "a", _crash, (b"123",)), 500, 0, faults.append)
    assert tried.inputs == 500
    assert faults
    assert {fault.problem for fault in faults} == {"RuntimeError: sevens"}
    assert all(b"7" in fault.content for fault in faults)


def test_a_reader_that_does_not_end_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fuzz.HANG", 0.2)
    faults: list[Fault] = []
    fuzz(Reader("planted", "a", _grind, (b"123",)), 1, 0, faults.append)
    assert [fault.problem for fault in faults] == ["does not end"]


def test_every_kept_file_belongs_to_a_reader():
    assert {folder.name for folder in CORPUS.iterdir()} <= set(READERS)


HOSTILE = {
    "npy": ("objects", "shape_beyond_memory", "nested_minus", "nested_brackets", "no_bytes_each"),
    "npz": ("bomb_of_90_million_bytes", "packed_by_lzma", "packed_by_bzip2"),
    "build": ("name_that_leaves", "file_with_a_nul"),
    "config": ("deep_nesting", "deep_dotted_key", "deep_quoted_key", "wide_integer"),
    "idx": ("says_268_million_bytes",),
}


def put(reader: str, name: str, folder: Path) -> Path:
    path = READERS[reader].prepare(folder)
    path.write_bytes((CORPUS / reader / name).read_bytes())
    return path


@pytest.mark.parametrize(("reader", "name"), [(reader, name) for reader, names in HOSTILE.items() for name in names])
def test_a_hostile_file_is_refused(reader: str, name: str, tmp_path: Path):
    path = put(reader, name, tmp_path)
    with pytest.raises(InputError) as caught:
        READERS[reader].read(path)
    assert str(caught.value).isprintable()


def test_the_name_in_a_manifest_cannot_leave_its_folder(tmp_path: Path):
    path = tmp_path / "net.json"
    (sound,) = READERS["manifest"].valid
    path.write_bytes(re.sub(rb'("name":\s*)"net"', rb'\1"../net"', sound, count=1))
    with pytest.raises(InputError, match=r"\.\./net"):
        read_manifest(path)
