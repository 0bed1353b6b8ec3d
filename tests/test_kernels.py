"""Kernels compile for a user who can write neither beside the source nor to a home, and nobody else feeds the cache."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from armlet.kernels import private_folder

posix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="users are POSIX's")

MODULE = """
from armlet.kernels import kept_in, njit
@njit(cache=True)
def twice(x):
    return x + x
"""
# What root would be allowed all the same is tried by another user; all that is imported lazily comes first.
PROGRAM = """
import os, sys, tempfile, pathlib
import numba, numpy
from numba import njit
njit(lambda x: x + 1)(1)
from armlet.kernels import private_folder
sys.dont_write_bytecode = True
folder, temporary, home = sys.argv[1:]
os.environ.pop("XDG_CACHE_HOME", None)
os.environ.pop("HOME", None)
if home:
    os.environ["HOME"] = home
if os.getuid() == 0:
    os.setgroups([]), os.setgid(54321), os.setuid(54321)
os.chdir(folder)
tempfile.tempdir = temporary
sys.path.insert(0, folder)
import lonely
assert lonely.twice(21) == 42
print(lonely.kept_in(lonely.twice))
"""


@pytest.fixture
def here() -> Iterator[Path]:
    """A folder that others can look into, as pytest's own are not, with a module in a folder that may only be read."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        (root / "source").mkdir()
        (root / "source" / "lonely.py").write_text(MODULE)
        (root / "source").chmod(0o555)
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        yield root
        (root / "source").chmod(0o755)


def cache_of(here: Path, temporary: str, home: str) -> str:
    """Where another user's kernels are kept, or None."""
    command = [sys.executable, "-c", PROGRAM, str(here / "source"), temporary, home]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@posix
@pytest.mark.parametrize("home", ["/nonexistent", "", "relative", "/dev/null"])
def test_without_a_place_of_its_own_the_cache_lies_in_a_private_folder(here: Path, home: str):
    kept = Path(cache_of(here, str(here / "tmp"), home))
    (folder,) = (here / "tmp").iterdir()
    assert kept.is_relative_to(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (here / "source").iterdir()] == ["lonely.py"]


@posix
def test_with_no_place_at_all_each_run_compiles_anew(here: Path):
    assert cache_of(here, "/nonexistent", "/nonexistent") == "None"
    assert cache_of(here, "/nonexistent", "") == "None"


@posix
def test_a_folder_that_another_user_made_is_not_used(here: Path):
    user = 54321 if os.getuid() == 0 else os.getuid()
    planted = here / "tmp" / f"armlet-{user}"
    planted.mkdir()
    planted.chmod(0o777)
    assert cache_of(here, str(here / "tmp"), "/nonexistent") == "None"
    assert list(planted.iterdir()) == []


@posix
def test_a_private_folder_is_the_users_own_and_closed_to_others(tmp_path: Path):
    tmp_path.chmod(0o755)
    folder = private_folder(tmp_path)
    assert folder is not None
    assert folder.stat().st_mode & 0o777 == 0o700
    assert private_folder(tmp_path) == folder
    for mode in (0o770, 0o707, 0o711, 0o750):
        folder.chmod(mode)
        assert private_folder(tmp_path) is None
    folder.rmdir()
    folder.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    assert private_folder(tmp_path) is None
    folder.unlink()
    folder.write_text("")
    assert private_folder(tmp_path) is None
    folder.unlink()
    tmp_path.chmod(0o777)  # without the sticky bit others may rename what lies here
    assert private_folder(tmp_path) is None
    tmp_path.chmod(0o1777)
    assert private_folder(tmp_path) == folder
