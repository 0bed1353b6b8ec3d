"""Assemble and link a build: its text to the image that the emulator is loaded with."""

from armlet.build import names
from armlet.build.integer.read_any import AnyBuild
from armlet.toolchain.image import Image, read_image
from armlet.toolchain.toolchain import Toolchain


def link_build(build: AnyBuild, tools: Toolchain) -> Image:
    """Assemble and link NAME.S for its exact core. Raises `ToolchainError`."""
    return link_object(build, tools, tools.assemble(build.assembly, build.target.core))


def link_object(build: AnyBuild, tools: Toolchain, made: bytes, script: str = "") -> Image:
    """Link an object for the build's core. Raises `ToolchainError`."""
    core = build.target.core
    return read_image(tools.link([made], core, names.run_symbol(build.name), script), core.instruction_set)
