"""What is written appears whole or not at all, whoever is killed, however full the disk, and whoever else writes."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from armlet.errors import InputError
from armlet.storage import read_file, write_file, write_folder

OLD, NEW = {"a": b"old", "b": b"old" * 9}, {"a": b"new" * 9, "c": b"new"}
OWNS = ("a", "b", "c")
posix = pytest.mark.skipif(os.name == "nt", reason="signals and folder locks are POSIX's")


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def python(program: str, *arguments: object, **named: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", program, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, **named)  # pyright: ignore


def test_a_folder_is_replaced_whole_and_nothing_stays_beside_it(tmp_path: Path):
    write_folder(tmp_path / "F", OLD, OWNS)
    write_folder(tmp_path / "F", NEW, OWNS)
    assert held(tmp_path / "F") == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["F"]


def test_folders_within_come_and_go_with_the_whole(tmp_path: Path):
    owns = ("a", "path/s*/a")
    write_folder(tmp_path / "F", {"a": b"1", "path/s1/a": b"2", "path/s2/a": b"3"}, owns)
    assert (tmp_path / "F" / "path" / "s2" / "a").read_bytes() == b"3"
    write_folder(tmp_path / "F", {"a": b"4", "path/s3/a": b"5"}, owns)
    assert sorted(path.name for path in (tmp_path / "F" / "path").iterdir()) == ["s3"]


@pytest.mark.parametrize("foreign", ["path/mine", "path/s1/b", "path/s1/a/a", "s1/a", "path/s4/", "a/", "path/s1/x/a"])
def test_what_lies_deeper_is_somebodys_work_too(tmp_path: Path, foreign: str):
    place = tmp_path / "F" / foreign
    if foreign.endswith("/"):
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(parents=True)
        place.write_bytes(b"mine")
    with pytest.raises(InputError, match=f"holds {foreign.strip('/')}, which armlet did not write"):
        write_folder(tmp_path / "F", {"a": b"1"}, ("a", "path/s*/a"))
    assert place.exists()


DIES = """
import os, sys
from pathlib import Path
import armlet.storage as storage
moment, folder = int(sys.argv[1]), Path(sys.argv[2])
steps = 0
def counted(call):
    def counts(*arguments, **named):
        global steps
        if steps == moment:
            os.kill(os.getpid(), 9)
        steps += 1
        return call(*arguments, **named)
    return counts
for name in ("rename", "fsync", "chmod", "replace", "mkdir", "rmdir", "unlink"):
    setattr(os, name, counted(getattr(os, name)))
storage.write_folder(folder, {"a": b"new" * 9, "c": b"new"}, ("a", "b", "c"))
storage.write_file(folder.parent / "f", b"new" * 9)
print(steps)
"""


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_run_killed_at_any_step_leaves_the_old_or_the_new_and_the_next_run_mends_it(tmp_path: Path, there: bool):
    steps = int(python(DIES, -1, tmp_path / "dry" / "F", check=True).stdout)
    assert steps > 5
    for moment in range(steps):
        here = tmp_path / str(moment)
        if there:
            write_folder(here / "F", OLD, OWNS)
            write_file(here / "f", b"old")
        assert python(DIES, moment, here / "F").returncode == -signal.SIGKILL
        gone = not (here / "F").exists()
        assert gone or held(here / "F") in (OLD, NEW), moment
        aside = [held(was) for was in here.glob(".F.*.old/was")] if here.exists() else []
        assert not gone or not there or aside == [OLD], moment
        assert not (here / "f").exists() or (here / "f").read_bytes() in (b"old", b"new" * 9)
        write_folder(here / "F", NEW, OWNS)
        write_file(here / "f", b"new" * 9)
        assert held(here / "F") == NEW
        assert sorted(path.name for path in here.iterdir()) == ["F", "f"], moment


@posix
def test_what_a_killed_run_moved_aside_is_back_even_where_the_next_run_fails(tmp_path: Path):
    aside = tmp_path / ".F.abcd1234.old" / "was"
    aside.mkdir(parents=True)
    (aside / "thesis.tex").write_bytes(b"years")
    with pytest.raises(InputError, match="thesis"):
        write_folder(tmp_path / "F", NEW, OWNS)
    assert held(tmp_path / "F") == {"thesis.tex": b"years"}


def test_only_what_armlet_left_is_tidied_away(tmp_path: Path):
    others = [".F.part", ".F.abcd1234.party", "F.abcd1234.part", ".G.abcd1234.part", ".F.ABCD1234.old"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    write_folder(tmp_path / "F", NEW, OWNS)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "F"])


WRITES = """
import sys
from pathlib import Path
from armlet.storage import write_folder
for i in range(40):
    write_folder(Path(sys.argv[1]), {name: sys.argv[2] * 9999 for name in "abc"[: 1 + i % 3]}, ("a", "b", "c"))
"""


def test_runs_into_one_folder_at_once_do_not_mix(tmp_path: Path):
    running = [subprocess.Popen([sys.executable, "-c", WRITES, str(tmp_path / "F"), who]) for who in "xyz"]
    while any(process.poll() is None for process in running):
        for name in "abc":
            with suppress(FileNotFoundError):
                content = (tmp_path / "F" / name).read_bytes()
                assert content in [who * 9999 for who in (b"x", b"y", b"z")]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len({content[:1] for content in held(tmp_path / "F").values()}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["F"]


FULL = """
import resource, sys
from pathlib import Path
from armlet.errors import InputError
from armlet.storage import write_file, write_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
here = Path(sys.argv[1])
for write in (lambda: write_folder(here / "F", {"a": b"1", "b": b"2" * 5000}, "abc"),
              lambda: write_file(here / "f", b"2" * 5000)):
    try:
        write()
        sys.exit(1)
    except InputError as refused:
        print(refused)
"""


@posix
def test_a_disk_that_takes_no_more_leaves_what_was_there(tmp_path: Path):
    write_folder(tmp_path / "F", OLD, OWNS)
    write_file(tmp_path / "f", b"old")
    done = python(FULL, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("cannot be written: file too large") == 2
    assert held(tmp_path / "F") == OLD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["F", "f"]


READ_ONLY = """
import fcntl, os, random, sys
from pathlib import Path
from armlet.errors import InputError
from armlet.storage import write_file, write_folder
if os.getuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
here = Path(sys.argv[1])
for write in (lambda: write_folder(here / "F", {"a": b"new"}, "abc"), lambda: write_file(here / "f", b"new")):
    try:
        write()
        sys.exit(1)
    except InputError as refused:
        print(refused)
"""


@posix
def test_a_folder_that_may_only_be_read_stays_as_it_is():
    with tempfile.TemporaryDirectory() as name:  # pytest's folders are closed to others
        here = Path(name)
        write_folder(here / "F", OLD, OWNS)
        write_file(here / "f", b"old")
        here.chmod(0o555)
        done = python(READ_ONLY, here)
        here.chmod(0o755)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("cannot be written: permission denied") == 2
        assert held(here / "F") == OLD
        assert (here / "f").read_bytes() == b"old"


def test_a_file_is_read_up_to_its_limit_and_not_beyond(tmp_path: Path):
    (tmp_path / "f").write_bytes(b"x" * 10)
    assert read_file(tmp_path / "f", 10) == b"x" * 10
    with pytest.raises(InputError, match="longer than 9 bytes"):
        read_file(tmp_path / "f", 9)


@pytest.mark.parametrize("name", ["nul\0l", "x" * 5000, "none", ""])
def test_a_name_that_no_file_has_is_refused_in_one_printable_line(tmp_path: Path, name: str):
    with pytest.raises(InputError, match="cannot be read") as caught:
        read_file(tmp_path / name, 9)
    assert str(caught.value).isprintable()


def test_what_a_file_says_cannot_steer_the_terminal():
    assert str(InputError("f\x1b[2J", "has\nkey \x07", "mend\udc80")) == r"f\x1b[2J: has key \x07; mend\udc80"
