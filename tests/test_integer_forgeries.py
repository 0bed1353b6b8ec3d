"""Builds in integers that a forger hands in, every hash in agreement: each is refused."""

from pathlib import Path

import pytest

from armlet.errors import ArmletError
from armlet.toolchain.toolchain import Toolchain
from armlet.verify.verify import verify_build
from generators.builds import broken
from generators.forgery import Forgery, Remembering
from generators.integer_builds import compiled_integers
from generators.integer_forgeries import ALL, integer_figures
from generators.naive_integers import draw_relu_network

NAMES = [(kind, name) for kind, forged in ALL.items() for name in forged]
SHARED = "the files are as compile left them"


@pytest.fixture(scope="module")
def tools(each_toolchain: Toolchain) -> Remembering:
    return Remembering(each_toolchain)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    network = draw_relu_network((9, 6, 3), 5, 0.5)
    folder = compiled_integers(network, tmp_path_factory.mktemp("honest"))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refusal(folder: Path, tools: Toolchain) -> str:
    """Why it is refused, in the words of whoever refuses; nothing where it is verified."""
    try:
        return "; ".join(broken(verify_build(folder, random=0, tools=tools)))
    except ArmletError as refused:
        return str(refused)


def test_the_honest_build_is_verified(honest: dict[str, bytes], tools: Remembering, tmp_path: Path):
    assert len(NAMES) >= 150
    assert refusal(Forgery(dict(honest), tmp_path).write(tmp_path), tools) == ""


@pytest.mark.parametrize(("kind", "name"), NAMES, ids=[f"{kind}: {name}" for kind, name in NAMES])
def test_a_forgery_is_refused(kind: str, name: str, honest: dict[str, bytes], tools: Remembering, tmp_path: Path):
    forgery = Forgery(dict(honest), tmp_path)
    ALL[kind][name](forgery)
    forgery.seal()
    found = refusal(forgery.write(tmp_path), tools)
    assert found
    assert "\n" not in found
    if kind != "files":
        assert SHARED not in found  # the hashes agree: something else has seen it


def test_every_figure_of_the_manifest_that_is_told_otherwise_is_refused(
    honest: dict[str, bytes], tools: Remembering, tmp_path: Path
):
    passed: list[str] = []
    for number, (name, forge) in enumerate(integer_figures(honest["net.json"]).items()):
        (folder := tmp_path / str(number)).mkdir()
        forgery = Forgery(dict(honest), tmp_path)
        forge(forgery)
        forgery.seal()
        if not refusal(forgery.write(folder), tools):
            passed.append(name)
    assert passed == []
