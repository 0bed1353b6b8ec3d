"""The last word on a build in integers: link it, run it, compare every bit, see that wrong copies fail."""

from armlet.build import names
from armlet.build.integer.read import IntegerBuild
from armlet.integer.interpret import run_integers
from armlet.simulate.integer.runner import IntegerRunner
from armlet.simulate.integer.trials import integer_trials
from armlet.toolchain.toolchain import Toolchain
from armlet.verify.controls import first_wrong
from armlet.verify.files import altered
from armlet.verify.findings import Findings
from armlet.verify.integer.behaviour import check_integer_behaviour
from armlet.verify.integer.figures import integer_settings_disagreement, integer_vectors_disagreement
from armlet.verify.integer.files import rewritten_integers
from armlet.verify.integer.intervals import intervals_disagreement
from armlet.verify.integer.text import strange_integer_text
from armlet.verify.link.linked import DeclaredMemory, check_links
from armlet.verify.verdict import Verdict


def verify_integer_build(build: IntegerBuild, random: int, seed: int, tools: Toolchain) -> Verdict:
    """Everything that is claimed of `build`, tried on `random` inputs beside the fixed ones."""
    found, described = Findings(), tools.describe()
    _check_files(build, found)
    memory = build.manifest.memory
    if _check_text(build, found):
        tried = integer_trials(build, random, seed)
        expected = run_integers(build.network, tried.inputs)
        claim, count = "the manifest's vectors are what the network gives", len(build.manifest.vectors)
        found.add(claim, integer_vectors_disagreement(build, expected), f"{count} vectors, stored integers")
        declared = DeclaredMemory(memory.code, memory.constants, {names.block_symbol(build.name): memory.block})
        linked = check_links(
            build,
            tools,
            described,
            declared,
            lambda image: first_wrong(lambda: IntegerRunner(build, image), tried.inputs[:1], expected),
            found,
        )
        if linked is not None:
            image, pieces = linked
            size = next(piece.size for piece in pieces if piece.symbol == names.block_symbol(build.name))
            claim, detail = "the files beside the program are what armlet writes for it", "to the byte"
            found.add(claim, rewritten_integers(build, size), f"header, drivers, schemas, network, manifest, {detail}")
            check_integer_behaviour(build, image, tried, expected, found)
    told = build.network.domain.describe()
    return Verdict(build.name, build.target.name, described, tuple(found.checks), found.figures, told, 0.0, 0.0)


def _check_files(build: IntegerBuild, found: Findings) -> None:
    manifest, network = build.manifest, build.network
    found.add("the files are as compile left them", altered(build), "all of the folder's, by SHA-256")
    digest, declared = network.digest(), manifest.network.digest
    problem = "" if digest == declared else f"the folder holds network {digest[:16]}, compiled was {declared[:16]}"
    found.add("the network is the one compiled", problem, digest[:16])
    bits = max((entry.bits for entry in manifest.intervals), default=0)
    claim = "no sum overflows on any stored input inside the inputs' ends"
    found.add(claim, intervals_disagreement(network, manifest.intervals), f"sums need {bits} bits of 32")
    found.add("the settings go with the build", integer_settings_disagreement(build), "those that show in it")


def _check_text(build: IntegerBuild, found: Findings) -> bool:
    """Whether NAME.S is what armlet writes: no other text is given to the tools."""
    memory = build.manifest.memory
    sizes = memory.constants, memory.block
    problem = strange_integer_text(build.assembly, build.name, build.target, *sizes, build.network)
    detail = "every line is one that armlet writes, so the preprocessor has nothing to do"
    return found.add(f"{build.name}.S is the same program to every assembler", problem, detail)
