"""The last word on a build in single precision with windows: link it, run it, compare every bit, prove it."""

import numpy as np

from armlet.build import names
from armlet.build.driver import show_json
from armlet.build.floats.bundle import float_files_beside
from armlet.build.floats.manifest import placed_planes_of
from armlet.build.floats.read import FloatBuild
from armlet.prove.floats.bound import planes_specified
from armlet.simulate.floats.runner import FloatRunner
from armlet.simulate.vectors import trials
from armlet.tensors.floats.interpret import run_planes
from armlet.tensors.floats.planes import homes_of
from armlet.toolchain.toolchain import Toolchain
from armlet.verify.controls import first_wrong
from armlet.verify.files import altered, differing
from armlet.verify.findings import Findings
from armlet.verify.floats.behaviour import check_float_behaviour
from armlet.verify.floats.figures import float_settings_disagreement, float_vectors_disagreement
from armlet.verify.floats.text import strange_float_text
from armlet.verify.link.linked import DeclaredMemory, check_links
from armlet.verify.verdict import Verdict


def verify_float_build(build: FloatBuild, random: int, seed: int, tools: Toolchain) -> Verdict:
    """Everything that is claimed of `build`, tried on `random` inputs beside the fixed ones."""
    found, described = Findings(), tools.describe()
    _check_files(build, found)
    memory = build.manifest.memory
    if _check_text(build, found):
        tried = trials(build, random, seed)
        with np.errstate(all="ignore"):
            expected = run_planes(build.computed, build.arithmetic, tried.inputs)
        claim = "the manifest's vectors are what the declared order gives"
        found.add(claim, float_vectors_disagreement(build), f"{len(build.manifest.vectors)} vectors, to the bit")
        first = int(np.argmax(planes_specified(build.computed, tried.inputs)))
        one = slice(first, first + 1)
        declared = DeclaredMemory(memory.code, memory.constants, {names.block_symbol(build.name): memory.block})
        linked = check_links(
            build,
            tools,
            described,
            declared,
            lambda image: first_wrong(lambda: FloatRunner(build, image), tried.inputs[one], expected[one]),
            found,
        )
        if linked is not None:
            image, pieces = linked
            size = next(piece.size for piece in pieces if piece.symbol == names.block_symbol(build.name))
            claim, detail = "the files beside the program are what armlet writes for it", "to the byte"
            found.add(claim, _rewritten(build, size), f"header, drivers, schemas, network, manifest, {detail}")
            check_float_behaviour(build, image, tried, expected, found)
    told = build.network.domain.describe()
    return Verdict(build.name, build.target.name, described, tuple(found.checks), found.figures, told, *found.worst)


def _check_files(build: FloatBuild, found: Findings) -> None:
    manifest, network = build.manifest, build.network
    found.add("the files are as compile left them", altered(build), "all of the folder's, by SHA-256")
    digest, declared = network.digest(), manifest.network.digest
    problem = "" if digest == declared else f"the folder holds network {digest[:16]}, compiled was {declared[:16]}"
    found.add("the network is the one compiled", problem, digest[:16])
    found.add("the settings go with the build", float_settings_disagreement(build), "those that show in it")


def _check_text(build: FloatBuild, found: Findings) -> bool:
    """Whether NAME.S is what armlet writes: no other text is given to the tools."""
    detail = "every line is one that armlet writes, so the preprocessor has nothing to do"
    return found.add(f"{build.name}.S is the same program to every assembler", strange_float_text(build), detail)


def _rewritten(build: FloatBuild, block: int) -> str:
    """The first file that is not as armlet writes it, in words; `block` is the bytes of the program's own block."""
    manifest = build.manifest
    values = {entry.number: placed_planes_of(entry) for entry in manifest.values}
    ends, sizes = (values[0], values[homes_of(build.computed)[-1]]), (block, manifest.memory.stack)
    wanted = float_files_beside(build.network, build.target, build.arithmetic, build.name, ends, sizes)
    return differing(build, {**wanted, f"{build.name}.json": show_json(manifest).encode()})
