"""The files of a build folder: exactly those that the manifest lists, each as armlet writes what it says.

A file that reads as the right thing may say more, or say it otherwise to another reader: a key twice, an array that
nobody reads, a comment. So what was read is written again, and must give the same bytes.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from armlet.build.driver import FORMAT, Driver, Value, output_base, show_json, show_schema
from armlet.build.header import Interface, show_header
from armlet.build.integer.read_any import AnyBuild
from armlet.build.manifest import Manifest
from armlet.build.order_file import write_order
from armlet.build.read import Build
from armlet.formats.params import params_files


def altered(build: AnyBuild) -> str:
    """How the folder differs from what the manifest lists, in words; empty where it does not."""
    listed, own = build.manifest.files, f"{build.name}.json"
    wrong = sorted(name for name in listed if Path(name).name != name or name == own)
    if wrong:
        return f"{wrong[0]!r} is listed"
    if extra := sorted(build.files.keys() - listed.keys() - {own}):
        return f"{extra[0]} lies there, and compile did not write it"
    changed = [name for name, digest in sorted(listed.items()) if _sha256(build.files[name]) != digest]
    return f"changed since: {', '.join(changed)}" if changed else ""


def rewritten(build: Build, work_words: int, block_words: int) -> str:
    """The first file that is not as armlet writes it, in words; the words of the blocks are the program's."""
    return differing(build, expected_files(build, work_words, block_words))


def differing(build: AnyBuild, wanted: Mapping[str, bytes]) -> str:
    """The first file of a build, but the assembly, that is not as wanted, in words; empty where all are."""
    if missing := sorted(wanted.keys() - build.files.keys()):
        return f"there is no {missing[0]}"
    if extra := sorted(build.files.keys() - wanted.keys() - {f"{build.name}.S"}):
        return f"{extra[0]} is no file of this build"
    for name, content in sorted(wanted.items()):
        if build.files[name] != content:
            return f"{name} is not what armlet writes for this program{_place(build.files[name], content)}"
    return ""


def expected_files(build: Build, work_words: int, block_words: int) -> Mapping[str, bytes]:
    """All files but the assembly, from what was read and from the program's own sizes."""
    name, graph, target = build.name, build.order.graph, build.target
    used = set(graph.used.tolist())
    inputs = [
        Value(value.index, "memory", offset=value.offset) if value.index in used else Value(value.index, "unused")
        for value in build.inputs.values
    ]
    outputs = [
        Value(value.index, value.place, offset=value.offset, register=value.register) for value in build.outputs.values
    ]
    kept = tuple(value.register for value in outputs if value.register is not None)
    words = block_words or build.network.inputs  # without a block of its own, the caller's is the array of all inputs
    sizes, domain = (build.network.inputs, build.network.outputs), build.network.domain.describe()
    c_type = build.arithmetic.format.c_type
    told = Interface(target.title, *sizes, words, work_words, block_words > 0, kept, c_type, domain)
    files: dict[str, bytes | str] = {
        f"{name}.h": show_header(told, name),
        f"{name}_input_driver.json": show_json(
            Driver(FORMAT, name, "input", build.arithmetic.format.name, target.roles.inputs, inputs)
        ),
        f"{name}_output_driver.json": show_json(
            Driver(FORMAT, name, "output", build.arithmetic.format.name, output_base(name, outputs), outputs)
        ),
        f"{name}_order.npz": write_order(build.order),
        "driver.schema.json": show_schema(Driver),
        "manifest.schema.json": show_schema(Manifest),
        f"{name}.json": show_json(build.manifest),
        **params_files(build.network),
    }
    return {key: content.encode() if isinstance(content, str) else content for key, content in files.items()}


def outside(build: Build, work_words: int, block_words: int) -> str:
    """The first value that a driver places outside its block, in words; empty where there is none."""
    blocks = (build.inputs, block_words or build.network.inputs), (build.outputs, work_words)
    for driver, words in blocks:
        for value in driver.values:
            if value.offset is not None and value.offset + build.word > build.word * words:
                return (
                    f"{driver.direction} {value.index} lies at {value.offset}, its block has {build.word * words} bytes"
                )
    if any(value.offset is None and value.register is None for value in build.outputs.values):
        return "an output lies nowhere"
    lost = [index for index in build.order.graph.used.tolist() if build.inputs.values[index].offset is None]
    return f"input {lost[0]} is used and lies nowhere" if lost else ""


def _place(found: bytes, wanted: bytes) -> str:
    """The line in which a text differs."""
    try:
        pairs = zip(found.decode().split("\n"), wanted.decode().split("\n"))
        return next((f", line {k}: {one.strip()[:60]!r}" for k, (one, two) in enumerate(pairs, 1) if one != two), "")
    except UnicodeDecodeError:
        return ""


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
