"""The text of NAME.S, line by line: it is what armlet writes, so that every assembler takes it for the same program.

Firmware is built by a command that runs the C preprocessor first, and assemblers know macros, includes and separators
of their own. So nothing is looked for that might do harm. Each line must be one of those that the emitter has: the
frame of the file to the letter, instructions of the target's forms, constants eight to a line; and a comment only where
one multiplication stands for a connection, which it must name. All else is refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from armlet.build import names, skeleton
from armlet.build.assembly import COLUMN
from armlet.graph.graph import Graph
from armlet.isa.operation import Operation
from armlet.isa.target import Target

_FLOAT, _PAIR, _CORE = r"s(?:[12]?[0-9]|3[01])", r"d(?:1[0-5]|[0-9])", r"r(?:1[0-2]|[0-9])"
_WHOLE = r"(?:0|[1-9][0-9]{0,9})"
_OPERANDS = {
    **dict.fromkeys(("d", "a", "b"), _FLOAT),
    "list": rf"{_FLOAT}(?:-{_FLOAT})?",
    "pair": _PAIR,
    **dict.fromkeys(("core", "other", "base", "pointer"), _CORE),
    "cores": rf"{_CORE}(?:, {_CORE})*",
    "low": f"(?P<low>{_WHOLE})",
    "high": f"(?P<high>{_WHOLE})",
    **dict.fromkeys(("offset", "addend"), rf"(?P<held>(?:-(?!0))?{_WHOLE})"),
    "number": r"-?(?:0|[1-9][0-9]*)\.[0-9]+",
}
_HALF = 0xFFFF  # of a word: what MOVW and MOVT hold
_WORDS = r"  \.word 0x[0-9a-f]{8}(?:, 0x[0-9a-f]{8}){%d}"


@dataclass(frozen=True, slots=True)
class Sizes:
    """The size of each piece, as the manifest has it; a block of none is not there."""

    constants: int  # how many
    work: int  # bytes
    block: int  # bytes


@dataclass(slots=True)
class Reader:
    """The lines, and the first that is not yet explained."""

    lines: Sequence[str]
    at: int = 0

    def expect(self, wanted: Sequence[str]) -> str:
        """Go over `wanted`; what is wrong, or nothing."""
        for line in wanted:
            if self.at >= len(self.lines) or self.lines[self.at] != line:
                return self.strange()
            self.at += 1
        return ""

    def strange(self) -> str:
        if self.at >= len(self.lines):
            return "it ends too early"
        return f"line {self.at + 1} is not what armlet writes there: {self.lines[self.at][:60]!r}"


def strange_text(text: str, name: str, target: Target, sizes: Sizes, graph: Graph) -> str:
    """The first line that the emitter would not write for build `name`, in words; empty where there is none."""
    if not text.endswith("\n"):
        return "it does not end with a line"
    reader, comments = Reader(text[:-1].split("\n")), _comments(target, graph)
    core, run, pool = names.core_symbol(name), names.run_symbol(name), names.constants_symbol(name)
    known = instruction_lines(target, name)
    problem = reader.expect(skeleton.opening(target, name)) or reader.expect(skeleton.core_opening(target, name))
    problem = problem or _body(reader, target, skeleton.closing(core), known, comments)
    problem = problem or reader.expect(skeleton.run_opening(target, name))
    problem = problem or _body(reader, target, skeleton.closing(run), known, {})
    if sizes.constants:
        problem = problem or reader.expect(skeleton.constants_opening(target, name, sizes.constants))
        problem = problem or expect_constants(reader, sizes.constants)
        problem = problem or reader.expect(skeleton.closing(pool))
    if sizes.work:
        problem = problem or reader.expect(skeleton.block(names.work_symbol(name), sizes.work))
    if sizes.block:
        problem = problem or reader.expect(skeleton.block(names.block_symbol(name), sizes.block))
    return problem or ("" if reader.at == len(reader.lines) else reader.strange())


def _body(
    reader: Reader,
    target: Target,
    closing: list[str],
    known: Mapping[str, list["TextLine"]],
    comments: dict[str, int],
) -> str:
    """Instructions up to the closing lines; each comment as often as there are connections that it may stand for."""
    connecting = {target.templates[op].text.partition(" ")[0] for op in (Operation.MULTIPLY, Operation.FUSED)}
    while reader.at < len(reader.lines) and (line := reader.lines[reader.at]) != closing[0]:
        text, comment = line, ""
        if target.comment in line:
            text, mark, rest = line.partition(target.comment)
            comment, text = mark + rest, text.rstrip(" ")
            if f"{text:<{COLUMN}}{comment}" != line or comments.get(comment, 0) < 1:
                return reader.strange()
            comments[comment] -= 1
        mnemonic = text[2:].partition(" ")[0]
        fits = any(line.takes(text) for line in known.get(mnemonic, ()))
        if not fits or (comment and mnemonic not in connecting):
            return reader.strange()
        reader.at += 1
    return reader.expect(closing)


def expect_constants(reader: Reader, count: int) -> str:
    """Go over the lines of so many constants; what is wrong, or nothing."""
    whole = re.compile(_WORDS % (skeleton.PER_LINE - 1))
    for _ in range(count // skeleton.PER_LINE):
        if reader.at >= len(reader.lines) or not whole.fullmatch(reader.lines[reader.at]):
            return reader.strange()
        reader.at += 1
    if rest := count % skeleton.PER_LINE:
        if reader.at >= len(reader.lines) or not re.fullmatch(_WORDS % (rest - 1), reader.lines[reader.at]):
            return reader.strange()
        reader.at += 1
    return ""


def _comments(target: Target, graph: Graph) -> dict[str, int]:
    """The comments that connections may have, and how many connections have the same."""
    found: dict[str, int] = {}
    for source, node, weight in zip(graph.source.tolist(), graph.target.tolist(), graph.weight.tolist()):
        comment = f"{target.comment} %{node} += {weight:.6g} * %{source}"
        found[comment] = found.get(comment, 0) + 1
    return found


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of a template, and the offsets or addends that it holds."""

    pattern: "re.Pattern[str]"
    numbers: range

    def takes(self, text: str) -> bool:
        found = self.pattern.fullmatch(text)
        if found is None:
            return False
        halves = [int(number) for name, number in found.groupdict().items() if name != "held"]
        held = found.groupdict().get("held")
        return all(half <= _HALF for half in halves) and (held is None or int(held) in self.numbers)


def instruction_lines(target: Target, name: str) -> Mapping[str, list[TextLine]]:
    """For each mnemonic the lines that the target's forms make of it."""
    blocks = (names.constants_symbol(name), names.work_symbol(name), names.block_symbol(name))
    found: dict[str, list[TextLine]] = {}
    for op, template in target.templates.items():
        symbol = re.escape(names.core_symbol(name)) if op is Operation.CALL else "|".join(map(re.escape, blocks))
        for line in template.text.split("\n"):
            pattern = re.compile("  " + "".join(_parts(line, symbol)))
            found.setdefault(line.split(" ")[0], []).append(TextLine(pattern, template.numbers))
    return found


def _parts(line: str, symbol: str) -> Iterator[str]:
    """A template's line as an expression."""
    for literal, hole, _, _ in Formatter().parse(line):
        yield re.escape(literal)
        if hole:
            yield f"(?:{symbol})" if hole == "symbol" else _OPERANDS[hole]
