"""The same input and seed, the same bytes: whatever the hash seed, the number of threads, and the state of caches."""

import os
import subprocess
from pathlib import Path

import pytest

from armlet.formats.params import write_params
from generators.perceptrons import random_network
from kills import STAGES, Files, Stage, held

SURROUNDINGS = {
    "another hash seed": {"PYTHONHASHSEED": "1"},
    "one thread": {
        "PYTHONHASHSEED": "2",
        "NUMBA_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    },
    "two threads": {"NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
}


def made(stage: Stage, work: Path, surroundings: dict[str, str]) -> Files:
    out = f"out{len(list(work.iterdir()))}"
    subprocess.run(stage.command(out, 0), cwd=work, env={**os.environ, **surroundings}, check=True)
    return held(work / out / stage.out)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("compile")
    write_params(random_network([64, 24, 10], 0.6, 1), work / "given" / "S")
    return work


@pytest.mark.parametrize("name", [*SURROUNDINGS, "a cold cache"])
def test_compile_gives_the_same_bytes(network: Path, tmp_path: Path, name: str):
    compile_stage = STAGES[-1]
    surroundings = SURROUNDINGS.get(name) or {"NUMBA_CACHE_DIR": str(tmp_path)}
    wanted = network / "wanted"
    if not wanted.exists():
        subprocess.run(compile_stage.command("wanted", 0), cwd=network, env=plain(), check=True)
    assert made(compile_stage, network, surroundings) == held(wanted / compile_stage.out)


def plain() -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": "0"}


def test_train_and_sparsify_give_the_same_bytes_in_another_process(tmp_path: Path):
    (tmp_path / "t.csv").write_text("4, 8, 10\n")
    for stage in STAGES[:3]:
        subprocess.run(stage.command("given", 0), cwd=tmp_path, env=plain(), check=True)
        assert made(stage, tmp_path, {"PYTHONHASHSEED": "1"}) == held(tmp_path / "given" / stage.out), stage.name


def test_the_bytes_do_not_depend_on_where_it_is_run(network: Path, tmp_path: Path):
    write_params(random_network([64, 24, 10], 0.6, 1), tmp_path / "given" / "S")
    stage = STAGES[-1]
    subprocess.run(stage.command("wanted", 0), cwd=tmp_path, check=True)
    assert held(tmp_path / "wanted" / stage.out) == made(stage, network, {})
