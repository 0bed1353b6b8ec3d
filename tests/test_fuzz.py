"""No file, whatever its bytes, does worse than a refusal of one line: the small run of benchmarks/fuzz.py."""

import pytest

from armlet.emit.manifest import read_manifest
from armlet.errors import InputError
from fuzz import CORPUS, Fault, fuzz
from memory import FILES, in_memory
from readers import READERS

INPUTS = 20_000 // len(READERS)


@pytest.mark.parametrize("name", READERS)
def test_no_reader_does_worse_than_a_refusal(name: str):
    faults: list[Fault] = []
    assert fuzz(READERS[name], INPUTS, 1, faults.append) == INPUTS
    assert not faults, faults[0]


def test_every_kept_file_belongs_to_a_reader():
    assert {folder.name for folder in CORPUS.iterdir()} <= set(READERS)


HOSTILE = {
    "npy": ("objects", "shape_beyond_memory", "nested_minus", "nested_brackets", "no_bytes_each"),
    "npz": ("bomb_of_90_million_bytes", "packed_by_lzma", "packed_by_bzip2"),
    "build": ("name_that_leaves", "file_with_a_nul"),
    "config": ("deep_nesting", "deep_dotted_key", "deep_quoted_key", "wide_integer"),
    "idx": ("says_268_million_bytes",),
}


@pytest.mark.parametrize(("reader", "name"), [(reader, name) for reader, names in HOSTILE.items() for name in names])
def test_a_hostile_file_is_refused(reader: str, name: str):
    with in_memory():
        path = READERS[reader].prepare(FILES)
        FILES[str(path)] = (CORPUS / reader / name).read_bytes()
        with pytest.raises(InputError) as caught:
            READERS[reader].read(path)
    assert str(caught.value).isprintable()


def test_the_name_in_a_manifest_cannot_leave_its_folder():
    with in_memory():
        path = READERS["manifest"].prepare(FILES)
        FILES[str(path)] = (CORPUS / "build" / "name_that_leaves").read_bytes()
        with pytest.raises(InputError, match=r"\.\./net"):
            read_manifest(path)
