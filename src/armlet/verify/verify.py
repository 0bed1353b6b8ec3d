"""The last word on a build: link it for the exact core, run it, compare every bit, and see that wrong copies fail.

The road of the checks is `verify_build`; each check is one function that adds one or more claims to the findings.
"""

from pathlib import Path

import numpy as np

from armlet.build.read import Build, read_build
from armlet.prove.bound import specified
from armlet.schedule.interpret import run_order
from armlet.simulate.vectors import trials
from armlet.toolchain.toolchain import Toolchain, find_toolchain
from armlet.verify.behaviour import check_behaviour
from armlet.verify.declaration import disagreement
from armlet.verify.files import altered
from armlet.verify.findings import Findings
from armlet.verify.link.linked import check_interface, check_links, check_text
from armlet.verify.rederive import settings_disagreement, vectors_disagreement
from armlet.verify.verdict import Verdict


def verify_build(folder: Path | str, random: int = 32, seed: int = 0, tools: Toolchain | None = None) -> Verdict:
    """Everything that is claimed of the build in `folder`, tried on `random` inputs beside the fixed ones.

    Raises `InputError` where the folder cannot be read as a build, `ToolchainError` where there are no tools.
    """
    build, tools = read_build(folder), tools or find_toolchain()
    found, described = Findings(), tools.describe()
    sound = _check_files(build, found)
    if check_text(build, found):
        tried = trials(build, random, seed)
        with np.errstate(all="ignore"):
            expected = run_order(build.order, tried.inputs)
        vectors = f"{len(build.manifest.vectors)} vectors"
        claim = "the manifest's vectors are declared inputs, and what the declared order gives"
        found.add(claim, vectors_disagreement(build, expected), vectors)
        first = int(np.argmax(specified(build.network, tried.inputs, build.scaling)))
        linked = check_links(build, tools, described, tried.inputs[first], expected[first], found)
        if linked is not None:
            image, pieces = linked
            check_interface(build, pieces, found)
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
