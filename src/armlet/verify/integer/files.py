"""The files beside the program of a build in integers: each is as armlet writes what was read from it."""

from collections.abc import Mapping

from armlet.build.driver import show_json, show_schema
from armlet.build.integer.driver import FORMAT, IntegerDriver, IntegerValue
from armlet.build.integer.header import show_integer_header
from armlet.build.integer.manifest import IntegerManifest
from armlet.build.integer.read import IntegerBuild
from armlet.formats.params import params_files
from armlet.verify.files import differing


def rewritten_integers(build: IntegerBuild, block: int) -> str:
    """The first file that is not as armlet writes it, in words; `block` is the bytes of the program's own block."""
    return differing(build, expected_integer_files(build, block))


def expected_integer_files(build: IntegerBuild, block: int) -> Mapping[str, bytes]:
    """All files but the assembly, from what was read and from the program's own size."""
    name, target, network = build.name, build.target, build.network
    span = build.inputs.inputs
    base = target.names[target.base]
    formats = network.input_format.name, build.stored.name
    size = next((value.bytes for value in build.inputs.values if value.place == "memory"), None)
    inputs = [_input(value, size) for value in build.inputs.values]
    outputs = [IntegerValue(value.index, "memory", value.offset, build.stored.bytes) for value in build.outputs.values]
    files: dict[str, bytes | str] = {
        f"{name}.h": show_integer_header(network, target, (block, span), name),
        f"{name}_input_driver.json": show_json(
            IntegerDriver(FORMAT, name, "input", formats[0], base, block, span, inputs)
        ),
        f"{name}_output_driver.json": show_json(
            IntegerDriver(FORMAT, name, "output", formats[1], base, block, span, outputs)
        ),
        "driver.schema.json": show_schema(IntegerDriver),
        "manifest.schema.json": show_schema(IntegerManifest),
        f"{name}.json": show_json(build.manifest),
        **params_files(network),
    }
    return {key: content.encode() if isinstance(content, str) else content for key, content in files.items()}


def _input(value: IntegerValue, size: int | None) -> IntegerValue:
    """All fields of inputs have one size."""
    if value.place == "unused":
        return IntegerValue(value.index, "unused")
    return IntegerValue(value.index, "memory", value.offset, size)
