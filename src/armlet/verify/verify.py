"""The last word on a build: link it for the exact core, run it, compare every bit, and see that wrong copies fail.

The road of the checks is `verify_build`; each check is one function that adds one or more claims to the findings.
"""

from functools import partial
from pathlib import Path

import numpy as np

from armlet.build import names
from armlet.build.floats.read import FloatBuild
from armlet.build.integer.read import IntegerBuild
from armlet.build.integer.read_any import read_any_build
from armlet.build.read import Build
from armlet.build.tensors.read import TensorBuild
from armlet.network.frozen import F32
from armlet.prove.bound import specified
from armlet.schedule.interpret import run_order
from armlet.simulate.runner import Runner
from armlet.simulate.vectors import trials
from armlet.toolchain.image import Image
from armlet.toolchain.toolchain import Toolchain, find_toolchain
from armlet.verify.behaviour import check_behaviour
from armlet.verify.declaration import disagreement
from armlet.verify.files import altered, outside, rewritten
from armlet.verify.findings import Findings
from armlet.verify.floats.verify import verify_float_build
from armlet.verify.integer.verify import verify_integer_build
from armlet.verify.link.linked import DeclaredMemory, check_links
from armlet.verify.link.object import Piece
from armlet.verify.link.text import Sizes, strange_text
from armlet.verify.rederive import settings_disagreement, vectors_disagreement
from armlet.verify.tensors.verify import verify_tensor_build
from armlet.verify.verdict import Verdict


def verify_build(folder: Path | str, random: int = 32, seed: int = 0, tools: Toolchain | None = None) -> Verdict:
    """Everything that is claimed of the build in `folder`, tried on `random` inputs beside the fixed ones.

    Raises `InputError` where the folder cannot be read as a build, `ToolchainError` where there are no tools.
    """
    build, tools = read_any_build(folder), tools or find_toolchain()
    if isinstance(build, IntegerBuild):
        return verify_integer_build(build, random, seed, tools)
    if isinstance(build, TensorBuild):
        return verify_tensor_build(build, random, seed, tools)
    if isinstance(build, FloatBuild):
        return verify_float_build(build, random, seed, tools)
    found, described = Findings(), tools.describe()
    sound = _check_files(build, found)
    if _check_text(build, found):
        tried = trials(build, random, seed)
        with np.errstate(all="ignore"):
            expected = run_order(build.order, tried.inputs)
        vectors = f"{len(build.manifest.vectors)} vectors"
        claim = "the manifest's vectors are declared inputs, and what the declared order gives"
        found.add(claim, vectors_disagreement(build, expected), vectors)
        first = int(np.argmax(specified(build.network, tried.inputs, build.scaling)))
        fails = partial(_wrong_outputs, build, tried.inputs[first], expected[first])
        linked = check_links(build, tools, described, _declared_memory(build), fails, found)
        if linked is not None:
            image, pieces = linked
            _check_interface(build, pieces, found)
            check_behaviour(build, image, tried, expected, sound, found)
    return Verdict(
        build.name,
        build.target.name,
        described,
        tuple(found.checks),
        found.figures,
        build.network.domain.describe(),
        found.worst[0],
        found.worst[1],
    )


def _declared_memory(build: Build) -> DeclaredMemory:
    memory = build.manifest.memory
    variables = {names.work_symbol(build.name): memory.work} if memory.work > 0 else {}
    variables |= {names.block_symbol(build.name): memory.block} if memory.block > 0 else {}
    return DeclaredMemory(memory.code, memory.constants, variables)


def _wrong_outputs(build: Build, x: F32, expected: F32, image: Image) -> str:
    """Which entry of `image` gives other outputs for `x`, in words; empty where none does."""
    entries = Runner(build, image).entries.items()
    return next(
        (f"{entry} gives other outputs" for entry, call in entries if call(x).tobytes() != expected.tobytes()), ""
    )


def _check_text(build: Build, found: Findings) -> bool:
    """Whether NAME.S is what armlet writes: no other text is given to the tools."""
    memory = build.manifest.memory
    sizes = Sizes(memory.constants // build.word, memory.work, memory.block)
    problem = strange_text(build.assembly, build.name, build.target, sizes, build.order.graph)
    detail = "every line is one that armlet writes, so the preprocessor has nothing to do"
    return found.add(f"{build.name}.S is the same program to every assembler", problem, detail)


def _check_interface(build: Build, pieces: tuple[Piece, ...], found: Findings) -> None:
    """What others read in place of the program is what the program shows."""
    sizes = {piece.symbol: piece.size // build.word for piece in pieces}  # none of a block that is not there
    words = sizes.get(names.work_symbol(build.name), 0), sizes.get(names.block_symbol(build.name), 0)
    found.add("the drivers place every value inside its block", outside(build, *words), "one place each")
    detail = "header, drivers, schemas, order, network and manifest, to the byte"
    found.add("the files beside the program are what armlet writes for it", rewritten(build, *words), detail)


def _check_files(build: Build, found: Findings) -> bool:
    """Whether the order and the settings are such that figures can be worked out from them."""
    found.add("the files are as compile left them", altered(build), "all of the folder's, by SHA-256")
    digest, declared = build.network.digest(), build.manifest.network.digest
    problem = "" if digest == declared else f"the folder holds network {digest[:16]}, compiled was {declared[:16]}"
    found.add("the network is the one compiled", problem, digest[:16])
    connections = f"{build.order.graph.connections} connections to compute"
    wrong = disagreement(build.order, build.network)
    sound = found.add("the declared order has every connection once", wrong, connections)
    return found.add("the settings go with the build", settings_disagreement(build), "those that show in it") and sound
