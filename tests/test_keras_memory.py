"""A .keras file of 34 kB whose headers claim 16 GB is refused before they are given to it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("h5py", reason="reads .keras files")
FILE = Path(__file__).parent / "corpus" / "keras_weights" / "header_of_gigabytes"
READ = """
import resource, sys
from pathlib import Path
from armlet.errors import InputError
from armlet.formats.declaration import Declaration
from armlet.formats.read import read_model
try:
    read_model(Path(sys.argv[1]), Declaration())
except InputError as refused:
    print(refused)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, resource.getrlimit(resource.RLIMIT_DATA))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux holds a process to its memory")
def test_a_header_that_claims_gigabytes_is_not_given_them(tmp_path: Path) -> None:
    import resource

    model = tmp_path / "m.keras"
    model.write_bytes(FILE.read_bytes())
    done = subprocess.run([sys.executable, "-c", READ, str(model)], capture_output=True, text=True, check=True)
    refusal, figures = done.stdout.splitlines()
    assert "is not HDF5 that can be read" in refusal
    megabytes, limits = figures.split(" ", 1)
    assert int(megabytes) < 500
    assert limits == str(resource.getrlimit(resource.RLIMIT_DATA))  # given back
