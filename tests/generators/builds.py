"""Build folders, and what verification or the proof says against one."""

from pathlib import Path

from armlet.build.read import Build
from armlet.config import AnnealOptions, CompileOptions
from armlet.errors import ToolchainError
from armlet.network.network import Network
from armlet.pipeline import compile_network
from armlet.prove.prove import prove
from armlet.simulate.decoded import decode_program
from armlet.simulate.runner import Runner
from armlet.toolchain.image import Image
from armlet.verify.verdict import Verdict

QUICK = CompileOptions(anneal=AnnealOptions(moves=10, cycles=1))


def compiled(network: Network, folder: Path, options: CompileOptions = QUICK) -> Path:
    """A build folder named net."""
    build = folder / "net"
    build.mkdir(parents=True)
    for name, content in compile_network(network, "net", options).bundle.files.items():
        (build / name).write_bytes(content)
    return build


def broken(verdict: Verdict) -> list[str]:
    """The claims that do not hold."""
    return [f"{check.claim}: {check.detail}" for check in verdict.checks if not check.holds]


def proved(build: Build, image: Image) -> str:
    """The problem, or nothing where both entries are proved."""
    try:
        runner = Runner(build, image)
        program = decode_program(build.target.core, image)
    except ToolchainError as refused:
        return str(refused)
    return next((proof.problem for entry in runner.entries if (proof := prove(runner, program, entry)).problem), "")
