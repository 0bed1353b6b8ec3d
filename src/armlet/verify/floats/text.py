"""The text of NAME.S of a build in single precision with windows, line by line: it is what armlet writes.

Each layer's first line has a comment that says so, and the layers stand in order: that is how code is told apart.
"""

import re
from collections.abc import Mapping, Sequence

from armlet.build import names, skeleton
from armlet.build.floats.assembly import float_core_opening, float_layer_comment, float_run_opening
from armlet.build.floats.frame import core_frame
from armlet.build.floats.read import FloatBuild
from armlet.build.integer.lines import COLUMN
from armlet.isa.target import Target
from armlet.network.network import Network
from armlet.verify.integer.text import KnownLine, known_lines
from armlet.verify.link.text import Reader, TextLine, expect_constants, instruction_lines

_WORD = 4
_Known = Mapping[str, Sequence[KnownLine | TextLine]]


def strange_float_text(build: FloatBuild) -> str:
    """The first line that is not written for a build, in words."""
    text, name, target, memory = build.assembly, build.name, build.target, build.manifest.memory
    if not text.endswith("\n"):
        return "it does not end with a line"
    reader, known = Reader(text[:-1].split("\n")), _known(build)
    problem = reader.expect(skeleton.opening(target, name)) or reader.expect(float_core_opening(target, name))
    problem = problem or reader.expect(_frame(reader, target)[0])
    labels = _Labels()
    closing = skeleton.closing(names.core_symbol(name))
    problem = problem or _body(reader, known, labels, _comments(target, build.computed), closing, target)
    problem = problem or reader.expect(float_run_opening(target, name))
    problem = problem or _body(reader, known, labels, [], skeleton.closing(names.run_symbol(name)), target)
    if memory.constants:
        count = memory.constants // _WORD
        problem = problem or reader.expect(skeleton.constants_opening(target, name, count))
        problem = problem or expect_constants(reader, count)
        problem = problem or reader.expect(skeleton.closing(names.constants_symbol(name)))
    problem = problem or reader.expect(skeleton.block(names.block_symbol(name), memory.block))
    return problem or ("" if reader.at == len(reader.lines) else reader.strange())


class _Labels:
    """The labels of a file, numbered from 1 on in the order in which they stand."""

    def __init__(self) -> None:
        self.count = 0

    def takes(self, line: str) -> bool:
        """Whether a line is the next label."""
        is_next = line == f".L{self.count + 1}:"
        self.count += is_next
        return is_next


def _known(build: FloatBuild) -> _Known:
    """The lines of both targets' templates by mnemonic."""
    found: dict[str, list[KnownLine | TextLine]] = {}
    for lines in (
        known_lines(build.cores, build.name, r"\.L[1-9][0-9]{0,6}"),
        instruction_lines(build.target, build.name),
    ):
        for mnemonic, forms in lines.items():
            found.setdefault(mnemonic, []).extend(forms)
    return found


def _comments(target: Target, network: Network) -> list[str]:
    return [float_layer_comment(target, network, layer) for layer in range(len(network.layers))]


def _frame(reader: Reader, target: Target) -> tuple[list[str], list[str]]:
    """The entry of NAME_core that the next lines are, made again from the registers that they name, and its exit."""
    here = reader.lines[reader.at + 1] if reader.at + 1 < len(reader.lines) else ""
    saved = re.fullmatch(r"  vpush \{s16(?:-s(\d+))?\}", here)
    floats = 0 if saved is None else int(saved[1] or 16) - target.preserved_floats + 1
    enter, leave = core_frame(target, min(max(floats, 0), target.preserved_floats))
    return [f"  {text}" for text in enter], [f"  {text}" for text in leave]


def _body(
    reader: Reader, known: _Known, labels: _Labels, comments: list[str], closing: list[str], target: Target
) -> str:
    """Instructions up to the closing lines; each comment once, in order."""
    left = list(comments)
    while reader.at < len(reader.lines) and (line := reader.lines[reader.at]) != closing[0]:
        if not labels.takes(line):
            text, mark, rest = line.partition(target.comment)
            if mark:
                comment, text = mark + rest, text.rstrip(" ")
                if f"{text:<{COLUMN}}{comment}" != line or comment not in left:
                    return reader.strange()
                left = left[left.index(comment) + 1 :]
            if not any(form.takes(text) for form in known.get(text[2:].partition(" ")[0], ())):
                return reader.strange()
        reader.at += 1
    return reader.expect(closing)
