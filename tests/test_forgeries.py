"""Builds that a forger hands in, every hash in agreement: each is refused, whichever tools link it."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armlet.errors import ArmletError
from armlet.graph.graph import Graph
from armlet.network.domain import InputDomain
from armlet.toolchain.toolchain import Toolchain
from armlet.verify.verify import verify_build
from generators.builds import QUICK, broken, compiled
from generators.forgeries import ALL, figures
from generators.forgery import Forgery, Remembering, rich_network

NAMES = [(kind, name) for kind, forged in ALL.items() for name in forged]
OPTIONS = replace(QUICK, inputs="free", registers=4)
SHARED = "the files are as compile left them"


@pytest.fixture(scope="module")
def tools(each_toolchain: Toolchain) -> Remembering:
    return Remembering(each_toolchain)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = compiled(rich_network(), tmp_path_factory.mktemp("honest"), OPTIONS)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refusal(folder: Path, tools: Toolchain) -> str:
    """Why it is refused, in the words of whoever refuses; nothing where it is verified."""
    try:
        return "; ".join(broken(verify_build(folder, random=0, tools=tools)))
    except ArmletError as refused:
        return str(refused)


def test_there_are_forgeries_of_every_kind(honest: dict[str, bytes]):
    assert len(NAMES) + len(figures(honest["net.json"])) >= 250
    assert len({name for _, name in NAMES}) > 200


def test_the_honest_build_is_verified(honest: dict[str, bytes], tools: Remembering, tmp_path: Path):
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


OBJECT = (  # what the object shows, whoever has let the text pass
    "a weak entry", "a hidden entry", "a local entry", "a constant pool seen from outside", "a foreign handler",
    "a foreign symbol on the entry", "another name of the entry", "another name by .thumb_set", "an undefined symbol",
    "a constant that others define", "a constant that others may define",
    "a constant that is an address", "a common symbol", "a local common symbol", "a constructor", "a destructor",
    "an .init piece", "unwind tables", "a vector table", "a section of data", "code that may be written",
    "constants that may be written", "constants that may be merged", "constants that may be run",
    "variables that take flash", "variables that are not cleared", "a group",
    "link once", "both entries in one section", "a size that lies", "aligned to more",
    "constants aligned to more", "constants aligned to less", "variables aligned to less", "a literal", "a NOP",
    "an address by number", "an address masked", "a sign taken from an address", "no return", "a call by distance",
    "a jump in place of the call", "a preserved register", "a write below the stack", "beyond the work block",
)  # fmt: skip


@pytest.mark.parametrize("name", OBJECT)
def test_a_forgery_is_refused_by_its_object_or_its_bytes_as_well(
    name: str, honest: dict[str, bytes], tools: Remembering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("armlet.verify.verify.strange_text", lambda *_: "")
    forgery = Forgery(dict(honest), tmp_path)
    ALL["text"][name](forgery)
    forgery.seal()
    assert refusal(forgery.write(tmp_path), tools)


def test_every_figure_of_the_manifest_that_is_told_otherwise_is_refused(
    honest: dict[str, bytes], tools: Remembering, tmp_path: Path
):
    passed: list[str] = []
    for number, (name, forge) in enumerate(figures(honest["net.json"]).items()):
        (folder := tmp_path / str(number)).mkdir()
        forgery = Forgery(dict(honest), tmp_path)
        forge(forgery)
        forgery.seal()
        if not refusal(forgery.write(folder), tools):
            passed.append(name)
    assert passed == []


@pytest.mark.parametrize(
    "changes",
    [{"bias": 0.9}, {"bias": 0.2 + 2.0**-22}, {"weight": 0.71}, {"slope": 0.31}],
    ids=lambda changes: str(changes),
)
def test_the_program_of_another_network_is_refused(
    changes: dict[str, float], honest: dict[str, bytes], tools: Remembering, tmp_path: Path
):
    """All of another build is sound, and this network's parameters lie beside it, with its digest."""
    import json

    other = compiled(rich_network(**changes), tmp_path / "other", OPTIONS)
    files = {path.name: path.read_bytes() for path in other.iterdir()}
    files |= {name: honest[name] for name in honest if name.endswith(".npy") or name == "network.toml"}
    forgery, said = Forgery(files, tmp_path), json.loads(honest["net.json"])
    forgery.json(lambda manifest: manifest.update({key: said[key] for key in ("network", "domain")}))
    forgery.seal()
    assert "every connection once" in refusal(forgery.write(tmp_path), tools)


def _scaled(factor: float):
    """A compiler that scales a neuron beyond what is documented, and is consistent in it."""

    def rescaled(graph: Graph, domain: InputDomain, how: object) -> Graph:
        scale = graph.scale.copy()
        inner = np.setdiff1d(np.flatnonzero(graph.layer == 1), graph.outputs)
        scale[inner[-1]] = factor
        given = scale[graph.target] / scale[graph.source]
        weight = graph.weight.astype(np.float64) * given
        return replace(graph, weight=weight, bias=graph.bias.astype(np.float64) * scale, scale=scale)

    return rescaled


@pytest.mark.parametrize("factor", [2.0**-120, 2.0**-100, 2.0**-25, 2.0**25, 2.0**60])
def test_a_scale_beyond_its_range_is_refused(
    factor: float, tools: Remembering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("armlet.pipeline.rescale", _scaled(factor))
    found = refusal(compiled(rich_network(), tmp_path, replace(OPTIONS, simplify=False)), tools)
    assert "lies beyond 2^-24 to 2^24" in found


@pytest.mark.parametrize("factor", [2.0**-24, 1.0, 2.0**24])
def test_a_scale_within_its_range_is_not(
    factor: float, tools: Remembering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("armlet.pipeline.rescale", _scaled(factor))
    assert refusal(compiled(rich_network(), tmp_path, replace(OPTIONS, simplify=False)), tools) == ""


def test_a_folded_bias_beside_a_dead_neuron_of_large_summands_is_held_to_its_rounding(tmp_path: Path):
    """What the dead neuron sums up cannot reach the bias, and so gives it no slack."""
    from armlet.build.read import read_build
    from armlet.verify.declaration import disagreement

    build = read_build(compiled(rich_network(), tmp_path, OPTIONS))
    graph = build.order.graph
    node = int(np.flatnonzero((graph.layer == 2) & (graph.unit == 0))[0])
    for steps, refused in ((0, False), (64, True), (-64, True)):
        bias = graph.bias.copy()
        bits = bias.view(np.int32)
        bits[node] += steps
        wrong = replace(build.order, graph=replace(graph, bias=bias))
        assert ("bias" in disagreement(wrong, build.network)) is refused


@pytest.mark.skipif(os.name == "nt", reason="links and pipes are POSIX's")
@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_plain_file_is_refused(kind: str, honest: dict[str, bytes], tools: Remembering, tmp_path: Path):
    folder = Forgery(dict(honest), tmp_path).write(tmp_path)
    if kind == "folder":
        (folder / "more").mkdir()
    elif kind == "link":
        (folder / "net.h").rename(tmp_path / "h")
        (folder / "net.h").symlink_to(tmp_path / "h")
    else:
        os.mkfifo(folder / "pipe")
    assert "is no file of a build" in refusal(folder, tools)
