"""A .keras file of 34 kB whose headers claim 16 GB is refused before they are given to it."""

import resource
from pathlib import Path

import numpy as np
import pytest

from armlet.errors import InputError
from armlet.formats.declaration import Declaration
from armlet.formats.keras.hdf5.memory import at_most
from armlet.formats.read import read_model

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux holds a process to memory")
FILE = Path(__file__).parent / "hostile" / "header_of_gigabytes.keras"


def test_a_header_that_claims_gigabytes_is_refused() -> None:
    pytest.importorskip("h5py", reason="reads .keras files")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(InputError, match="is not HDF5 that can be read"):
        read_model(FILE, Declaration())
    assert resource.getrlimit(resource.RLIMIT_DATA) == before  # given back


def test_what_is_beyond_the_limit_is_not_given() -> None:
    with at_most(24 << 20), pytest.raises(MemoryError):
        np.ones(1 << 31, np.float64)  # 16 GB
