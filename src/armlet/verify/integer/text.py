"""The text of NAME.S of a build in integers, line by line: it is what armlet writes, as `verify/link/text.py` has it.

The frame of the file to the letter, instructions of the target's templates with numbers that their fields hold, entry
and exit of one list of registers, and comments that name a connection of the network.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from string import Formatter

import numpy as np

from armlet.build import names, skeleton
from armlet.build.integer.assembly import comment_of, core_opening, run_opening
from armlet.build.integer.frame import COPY_LABEL
from armlet.build.integer.lines import COLUMN, label_of
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget
from armlet.verify.link.text import Reader, expect_constants

_WHOLE = r"(?:0|[1-9][0-9]{0,9})"
_WORD = 4


@dataclass(frozen=True, slots=True)
class KnownLine:
    """One line of a template, what it does if it is that alone, and the numbers that it holds."""

    op: IntegerOperation | None
    pattern: "re.Pattern[str]"
    numbers: range
    shifts: range

    def takes(self, text: str) -> bool:
        found = self.pattern.fullmatch(text)
        if found is None:
            return False
        held = found.groupdict()
        fields = ("number", self.numbers), ("by", self.shifts)
        return all(name not in held or int(held[name]) in numbers for name, numbers in fields)


def strange_integer_text(
    text: str, name: str, target: IntegerTarget, constants: int, block: int, network: IntegerNetwork
) -> str:
    """The first line that is not written for build `name`, in words; `constants` and `block` are bytes."""
    if not text.endswith("\n"):
        return "it does not end with a line"
    reader, comments = Reader(text[:-1].split("\n")), _comments(target, network)
    known = known_lines(target, name, re.escape(COPY_LABEL))
    core, run = names.core_symbol(name), names.run_symbol(name)
    problem = reader.expect(skeleton.opening(target, name)) or reader.expect(core_opening(target, name))
    frame = partial(frame_of, target)
    problem = problem or expect_body(reader, target, skeleton.closing(core), Body(known, comments, label_of, frame))
    problem = problem or reader.expect(run_opening(target, name, network))
    copied = Body(known, frozenset(), lambda number: f"  {COPY_LABEL}" if number == 1 else "", frame)
    problem = problem or expect_body(reader, target, skeleton.closing(run), copied)
    return problem or expect_data(reader, target, name, constants, block)


def expect_data(reader: Reader, target: IntegerTarget, name: str, constants: int, block: int) -> str:
    """Go over the constants and the block, with which the text ends; what is wrong, or nothing."""
    problem = ""
    if constants:
        problem = reader.expect(skeleton.constants_opening(target, name, constants // _WORD))
        problem = problem or expect_constants(reader, constants // _WORD)
        problem = problem or reader.expect(skeleton.closing(names.constants_symbol(name)))
    problem = problem or reader.expect(skeleton.block(names.block_symbol(name), block))
    return problem or ("" if reader.at == len(reader.lines) else reader.strange())


@dataclass(frozen=True, slots=True)
class Body:
    """What a function may consist of."""

    known: Mapping[str, list[KnownLine]]  # by mnemonic
    comments: frozenset[str]
    label: Callable[[int], str]  # by its number, from 1 on
    frame: Callable[[Sequence[str]], tuple[list[str], list[str]]]  # entry and exit, for the lines of the function


def expect_body(reader: Reader, target: IntegerTarget, closing: list[str], body: Body) -> str:
    """Go over entry, instructions up to the exit, and the closing lines; what is wrong, or nothing."""
    end = next((at for at in range(reader.at, len(reader.lines)) if reader.lines[at] == closing[0]), reader.at)
    enter, leave = body.frame(reader.lines[reader.at : end])
    if problem := reader.expect(enter):
        return problem
    count = 0
    while reader.at < end - len(leave):
        if reader.lines[reader.at] == f"{body.label(count + 1)}:":
            count += 1
            reader.at += 1
            continue
        text, mark, rest = reader.lines[reader.at].partition(target.comment)
        if mark:
            comment, text = mark + rest, text.rstrip(" ")
            if f"{text:<{COLUMN}}{comment}" != reader.lines[reader.at] or comment not in body.comments:
                return reader.strange()
        if not any(line.takes(text) for line in body.known.get(text[2:].partition(" ")[0], ())):
            return reader.strange()
        reader.at += 1
    return reader.expect(leave) or reader.expect(closing)


def frame_of(target: IntegerTarget, lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines of the entry that `lines` begin with, made again from the registers that it names, and of its exit."""
    named = re.findall(r"\w+", "".join(lines[:1]).partition("{")[2])
    few = frozenset(k for k in target.preserved if target.names[k] in named)
    for used in (frozenset(target.preserved), few):  # the longest first
        enter, leave = ([f"  {line}" for line in text.split("\n")] for text in target.frame(used))
        if list(lines[: len(enter)]) == enter:
            break
    return enter, leave


def connecting_operations(text: str, name: str, target: IntegerTarget) -> Mapping[int, Mapping[str, int]]:
    """By layer, the operations whose lines name a connection, and how often; of a text that is what armlet writes."""
    known, found = known_lines(target, name, re.escape(COPY_LABEL)), dict[int, dict[str, int]]()
    commented = re.compile(rf"(  (\S+) .*?) +{re.escape(target.comment)} (\d+)/\d+ \+= -?\d+ \* \d+", re.M)
    for line, mnemonic, layer in commented.findall(text):
        op = next(each.op for each in known[mnemonic] if each.op is not None and each.takes(line))
        counts = found.setdefault(int(layer), {})
        counts[op.name.lower()] = counts.get(op.name.lower(), 0) + 1
    return found


def _comments(target: IntegerTarget, network: IntegerNetwork) -> frozenset[str]:
    """The comments that connections may have."""
    found: set[str] = set()
    for k, layer in enumerate(network.dense):
        for neuron, source in np.argwhere(layer.weight).tolist():
            found.add(comment_of(target.comment, k, neuron, int(layer.weight[neuron, source]), source))
    return frozenset(found)


def known_lines(target: IntegerTarget, name: str, labels: str) -> Mapping[str, list[KnownLine]]:
    """The lines of the target's templates by mnemonic; `labels` is a pattern of those beside NAME_core's."""
    core = names.core_symbol(name)
    blocks = "|".join(map(re.escape, (names.constants_symbol(name), names.block_symbol(name))))
    register = "|".join(target.names[k] for k in sorted({target.base, *target.free}))
    call = KnownLine(None, re.compile(re.escape(f"  {target.call.format(symbol=core)}")), range(0), range(0))
    found = {target.call.partition(" ")[0]: [call]}
    for op, template in target.forms():
        operands = {"by": f"(?P<by>{_WHOLE})", "number": f"(?P<number>{_WHOLE})", "symbol": f"(?:{blocks})"}
        operands |= {"label": "(?:" + re.escape(label_of(0)[:-1]) + "[1-9][0-9]{0,4}|" + labels + ")"}
        operands |= {"list": f"(?:{register})(?:, (?:{register}))*"}
        for line in template.text.split("\n"):
            parts = Formatter().parse(line)
            pattern = "".join(
                re.escape(text) + (operands.get(hole, f"(?:{register})") if hole else "") for text, hole, _, _ in parts
            )
            found.setdefault(line.split(" ")[0], []).append(
                KnownLine(op, re.compile("  " + pattern), template.numbers, template.shifts)
            )
    return found
