"""HDF5 is read in a process of its own: what ends that process ends nothing else, and the next file gets another."""

import os
import signal
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from armlet.errors import InputError
from armlet.formats.declaration import Declaration
from armlet.formats.keras.hdf5 import process, worker
from armlet.formats.keras.hdf5.messages import Array, Done, Open, Read, Refused, Reply, receive_reply, send
from armlet.formats.keras.hdf5.process import GoneError, Hdf5Process, open_hdf5
from armlet.formats.read import read_model

h5py = pytest.importorskip("h5py", reason="reads .keras files")

FILE = Path("m.keras")
VALUES = np.arange(6, dtype=">f4").reshape(2, 3)


def content() -> bytes:
    with h5py.File.in_memory() as file:
        file["layers/dense/vars/0"] = VALUES
        file.flush()
        return file.id.get_file_image()


def test_arrays_come_over_whatever_their_byte_order() -> None:
    with open_hdf5(FILE, content()) as arrays:
        found = arrays.array("layers", "dense", "vars", "0")
        assert found is not None
        assert found.dtype == np.dtype("<f4")
        assert np.array_equal(found, VALUES)
        assert arrays.array("layers", "dense", "vars", "1") is None


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize("number", ["SIGSEGV", "SIGABRT", "SIGPROF"])
def test_what_a_file_before_did_to_the_process_harms_no_other(number: str) -> None:
    with open_hdf5(FILE, content()) as arrays:
        pid = process.SHARED.number
        assert pid is not None
        os.kill(pid, getattr(signal, number))
        assert arrays.array("layers", "dense", "vars", "0") is not None
        assert process.SHARED.number != pid


def test_what_ends_every_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_hdf5(FILE, content()) as arrays:
        process.SHARED.end()
        monkeypatch.setattr(process, "_COMMAND", (sys.executable, "-c", "import os; os.abort()"))
        with pytest.raises(InputError, match=r"m\.keras: is not HDF5 that can be read: it stops the library"):
            arrays.array("layers", "dense", "vars", "0")
    monkeypatch.undo()
    with open_hdf5(FILE, content()) as arrays:
        assert arrays.array("layers", "dense", "vars", "0") is not None


def test_an_exchange_that_is_interrupted_leaves_no_answer_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(source: object) -> Reply:
        raise KeyboardInterrupt

    with open_hdf5(FILE, content()) as arrays:
        with monkeypatch.context() as patch:
            patch.setattr(process, "receive_reply", interrupted)
            with pytest.raises(KeyboardInterrupt):
                arrays.array("layers", "dense", "vars", "0")
        assert process.SHARED.number is None


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x05\0\0\0\0\0\0\0abc",  # shorter than it says
        b"\x03\0\0\0\0\0\0\0abc",  # no message
    ],
)
def test_what_is_no_answer_is_refused(reply: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    program = f"import sys; sys.stdout.buffer.write({reply!r})"
    monkeypatch.setattr(process, "_COMMAND", (sys.executable, "-c", program))
    broken = Hdf5Process()
    with pytest.raises(GoneError):
        broken.ask(Read(("a",)))
    assert broken.number is None


def test_an_array_that_is_not_of_its_shape_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_hdf5(FILE, content()) as arrays:
        monkeypatch.setattr(process.SHARED, "_exchange", lambda _: Array("<f4", (2, 1 << 40), bytes(8)))
        with pytest.raises(InputError, match="is not of its shape"):
            arrays.array("a")


def test_messages_are_answered_in_order_until_the_end() -> None:
    asked, given = BytesIO(), BytesIO()
    for request in (
        Open("a", b"no HDF5"),
        Open("b", content()),
        Read(("layers",)),
        Read(("layers", "dense", "vars", "0")),
    ):
        send(asked, request)
    asked.seek(0)
    worker.serve(asked, given)
    signal.setitimer(signal.ITIMER_PROF, 0)
    given.seek(0)
    refused, *others = (receive_reply(given) for _ in range(4))
    assert isinstance(refused, Refused)
    assert (refused.source, refused.hint) == ("a", "save it again with model.save")
    assert others == [Done(), Done(), Array("<f4", (2, 3), VALUES.astype("<f4").tobytes())]


def test_no_folder_of_the_caller_is_searched_for_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "h5py.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "numpy.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    process.SHARED.end()
    model = Path(__file__).parent / "data" / "models" / "signal.keras"
    assert read_model(model, Declaration()).network is not None
