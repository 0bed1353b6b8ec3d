"""Sources of images: each reader gives what the file holds, refuses what it should not, and the split is a law."""

import gzip
import hashlib
import http.server
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from armlet.data.digits import read_digits
from armlet.data.download import REMOTES, Remote, fetch
from armlet.data.idx import read_idx, read_idx_folder
from armlet.data.images import Source
from armlet.data.source import SourceOptions, read_source
from armlet.data.split import hold_out
from armlet.errors import InputError
from armlet.formats.arrays import write_npz
from generators.damage import mutations


def idx(array: np.ndarray) -> bytes:
    head = bytes((0, 0, 8, array.ndim)) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return head + array.astype(np.uint8).tobytes()


def write_idx_folder(folder: Path, zipped: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Six images of 2 x 3 to train, two to test, with labels 0 and 1."""
    random = np.random.default_rng(0)
    pixels, labels = random.integers(0, 256, (8, 2, 3)), np.arange(8) % 2
    folder.mkdir(exist_ok=True)
    for part, rows in (("train", slice(0, 6)), ("t10k", slice(6, 8))):
        for kind, array in (("images-idx3", pixels[rows]), ("labels-idx1", labels[rows])):
            content = idx(array)
            path = folder / f"{part}-{kind}-ubyte{'.gz' if zipped else ''}"
            path.write_bytes(gzip.compress(content, mtime=0) if zipped else content)
    return pixels, labels


@pytest.mark.parametrize("zipped", [True, False])
def test_a_folder_of_idx_files_is_read_as_it_is(tmp_path: Path, zipped: bool):
    pixels, labels = write_idx_folder(tmp_path / "m", zipped)
    source = read_source(SourceOptions(str(tmp_path / "m")), 2)
    assert np.array_equal(np.concatenate([source.train.pixels, source.test.pixels]), pixels)
    assert np.array_equal(np.concatenate([source.train.labels, source.test.labels]), labels)
    assert source.white == 255


@given(nps.arrays(np.uint8, nps.array_shapes(min_dims=3, max_dims=3, max_side=4)))
def test_an_idx_file_reads_back(tmp_path: Path, array: np.ndarray):
    (tmp_path / "a").write_bytes(idx(array))
    assert np.array_equal(read_idx(tmp_path / "a", 3), array)


IDX = idx(np.arange(24).reshape(2, 3, 4))


@settings(max_examples=300)
@given(mutations(IDX) | mutations(gzip.compress(IDX, mtime=0)) | st.binary(max_size=60))
def test_no_idx_file_whatever_its_bytes_does_worse_than_a_refusal(tmp_path: Path, content: bytes):
    (tmp_path / "a").write_bytes(content)
    with suppress(InputError):
        assert read_idx(tmp_path / "a", 3).ndim == 3


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (IDX[:-1], "ends early"),
        (IDX + b"\0", "goes on after its last value"),
        (gzip.compress(IDX, mtime=0)[:-9], "not a whole gzip file"),
        (b"\0\0\x08\x01" + IDX[4:], "not an idx file of bytes in 3 dimensions"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "says its shape is"),
        (b"\0\0\x08\x03" + b"\0" * 12, "says its shape is [0, 0, 0]"),
        (b"", "not an idx file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_idx_file_is_refused(tmp_path: Path, content: bytes, says: str):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_idx(tmp_path / "a", 3)
    assert says in str(caught.value)


def test_a_folder_without_the_four_files_is_refused_by_the_name_of_the_first(tmp_path: Path):
    write_idx_folder(tmp_path / "m")
    (tmp_path / "m" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(InputError, match="holds no t10k-labels-idx1-ubyte"):
        read_idx_folder(tmp_path / "m", 2)


def test_labels_beyond_the_topology_are_refused(tmp_path: Path):
    write_idx_folder(tmp_path / "m")
    with pytest.raises(InputError, match="row 2: 1 is not a class from 0 to 0"):
        read_idx_folder(tmp_path / "m", 1)


def rows_of(source: Source) -> set[bytes]:
    pixels = np.concatenate([source.train.pixels, source.test.pixels])
    labels = np.concatenate([source.train.labels, source.test.labels])
    return {pixel.astype(np.float32).tobytes() + bytes([label]) for pixel, label in zip(pixels, labels)}


def some_images() -> tuple[np.ndarray, np.ndarray]:
    """Thirty different images of 3 x 3 with a black border but for the middle, of three classes."""
    pixels = np.zeros((30, 3, 3), np.uint8)
    pixels[:, 1, 1] = np.arange(30) + 1
    pixels[:, 1, 0] = 200
    return pixels, np.arange(30) % 3


def test_npz_and_csv_of_the_same_images_give_the_same_rows(tmp_path: Path):
    pixels, labels = some_images()
    flat = pixels.reshape(30, 9)
    (tmp_path / "xy.npz").write_bytes(write_npz({"X": flat, "y": labels}))
    (tmp_path / "keras.npz").write_bytes(
        write_npz({"x_train": pixels[:20], "y_train": labels[:20], "x_test": pixels[20:], "y_test": labels[20:]})
    )
    np.savetxt(tmp_path / "first.csv", np.column_stack([labels, flat]), "%d", ",")
    np.savetxt(tmp_path / "last.csv", np.column_stack([flat, labels]), "%d", ",")
    names = ",".join(["a", "label", *"bcdefghi"])
    inside = np.column_stack([flat[:, :1], labels, flat[:, 1:]])
    np.savetxt(tmp_path / "named.csv", inside, "%d", ",", header=names, comments="")
    expected = {pixel.astype(np.float32).tobytes() + bytes([label]) for pixel, label in zip(pixels, labels)}
    for name in ("xy.npz", "keras.npz", "first.csv", "last.csv", "named.csv"):
        source = read_source(SourceOptions(str(tmp_path / name)), 3)
        assert rows_of(source) == expected, name
    assert len(read_source(SourceOptions(str(tmp_path / "keras.npz")), 3).test.labels) == 10


def test_a_csv_whose_label_column_cannot_be_told_is_refused_with_the_rule(tmp_path: Path):
    pixels, labels = some_images()
    np.savetxt(tmp_path / "x.csv", np.column_stack([labels, pixels.reshape(30, 9)]), "%d", ",")
    with pytest.raises(InputError, match="neither the first nor the last holds each of 0 to 3"):
        read_source(SourceOptions(str(tmp_path / "x.csv")), 4)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"X": np.zeros((4, 8)), "y": np.arange(4) % 2}, "8 pixels an image, not a square"),
        ({"X": np.zeros((4, 3, 3, 3)), "y": np.arange(4) % 2}, "give grey images"),
        ({"X": -np.ones((4, 9)), "y": np.arange(4) % 2}, "image 1, pixel 0, 0 is -1.0"),
        ({"X": np.full((4, 9), np.nan), "y": np.arange(4) % 2}, "image 1, pixel 0, 0 is nan"),
        ({"X": np.ones((4, 9)), "y": np.arange(3) % 2}, "x has 4 images, y has 3"),
        ({"X": np.ones((2, 9)), "y": np.arange(2)}, "no class has two"),
        ({"pixels": np.ones((2, 9))}, "name the arrays X and y"),
    ],
)
def test_a_wrong_npz_of_images_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray], says: str):
    (tmp_path / "a.npz").write_bytes(write_npz(arrays))
    with pytest.raises(InputError) as caught:
        read_source(SourceOptions(str(tmp_path / "a.npz")), 2)
    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["nothing.npz", "readme.txt"])
def test_what_is_no_source_is_refused_with_what_is(tmp_path: Path, name: str):
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(InputError, match="give digits, mnist, fashion-mnist"):
        read_source(SourceOptions(str(tmp_path / name)), 2)


def test_the_embedded_digits_are_1797_of_ten_classes():
    source = read_digits(10, seed=0)
    assert len(source.train.labels) + len(source.test.labels) == 1797
    assert set(source.test.labels) == set(range(10))
    assert source.train.pixels.shape[1:] == (8, 8)
    assert source.white == 16


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.floats(0.05, 0.95), st.integers(0, 99))
def test_a_split_is_a_partition_that_keeps_the_classes_in_proportion(labels: list[int], share: float, seed: int):
    numbers = np.array(labels)
    kept, held = hold_out(numbers, share, seed)
    assert sorted([*kept, *held]) == list(range(len(labels)))
    for label in set(labels):
        count, out = labels.count(label), int((numbers[held] == label).sum())
        assert out < count
        assert abs(out - share * count) <= 1
    again = hold_out(numbers, share, seed)
    assert np.array_equal(again[0], kept)
    assert np.array_equal(again[1], held)


class Shelf(http.server.BaseHTTPRequestHandler):
    """Gives what lies on it and counts what was asked for."""

    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        content = self.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, format: str, *args: object):
        """Say nothing."""


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server whose files are Shelf.files."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    Shelf.files, Shelf.asked = {}, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_a_download_is_checked_watched_kept_and_not_repeated(tmp_path: Path, shelf: str):
    content = bytes(range(256)) * 1000
    Shelf.files = {"/good/a.gz": content, "/bad/a.gz": content[:-1]}
    remote = Remote("set", (shelf + "missing/", shelf + "bad/", shelf + "good/"), {"a.gz": md5(content)})
    seen: list[tuple[str, int, int]] = []
    folder = fetch(remote, tmp_path, lambda *at: seen.append(at))
    assert (folder / "a.gz").read_bytes() == content
    assert seen[-1] == ("a.gz", len(content), len(content))
    assert Shelf.asked == ["/missing/a.gz", "/bad/a.gz", "/good/a.gz"]
    fetch(remote, tmp_path, lambda *at: None)
    assert len(Shelf.asked) == 3
    (folder / "a.gz").write_bytes(b"spoilt")
    fetch(remote, tmp_path, lambda *at: None)
    assert (folder / "a.gz").read_bytes() == content


def test_a_file_that_no_mirror_gives_right_is_refused_and_not_kept(tmp_path: Path, shelf: str):
    Shelf.files = {"/a.gz": b"other"}
    remote = Remote("set", (shelf, shelf + "missing/", "http://127.0.0.1:1/"), {"a.gz": md5(b"content")})
    with pytest.raises(InputError) as caught:
        fetch(remote, tmp_path, lambda *at: None)
    line = str(caught.value)
    assert f"MD5 {md5(b'other')} instead of {md5(b'content')}" in line
    assert "404" in line
    assert "\n" not in line
    assert not (tmp_path / "set").exists()


def test_downloaded_mnist_is_read_like_a_folder(tmp_path: Path, shelf: str, monkeypatch: pytest.MonkeyPatch):
    pixels, _ = write_idx_folder(tmp_path / "m")
    Shelf.files = {f"/{path.name}": path.read_bytes() for path in (tmp_path / "m").iterdir()}
    sums = {name[1:]: md5(content) for name, content in Shelf.files.items()}
    monkeypatch.setitem(REMOTES, "mnist", Remote("mnist", (shelf,), sums))
    source = read_source(SourceOptions("mnist", cache=tmp_path / "cache"), 2)
    assert np.array_equal(source.train.pixels, pixels[:6])


def test_the_published_checksums_are_those_of_the_reference_files(reference_data: Path):
    for name, expected in REMOTES["mnist"].md5.items():
        assert md5((reference_data / "mnist" / name).read_bytes()) == expected
